"""Deviations and chances are those of the tables."""

import random
import statistics

import pytest

from verify.judge.tails import chance, deviation, freedom


@pytest.mark.parametrize(
    ("scales", "degrees", "expected"),
    [
        (0.0, 5, 0.5),
        (1.0, 1, 0.25),
        (2.920, 2, 0.05),
        (4.541, 3, 0.01),
        (2.015, 5, 0.05),
        (4.144, 10, 0.001),
        (1.96, 10_000, 0.025),
        (-2.015, 5, 0.95),
    ],
)
def test_chances_are_students(scales: float, degrees: int, expected: float) -> None:
    assert chance(scales, degrees) == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize("count", [5, 6, 7, 8, 9, 10, 11, 40])
def test_the_deviation_of_normal_values_is_one_on_average(count: int) -> None:
    rng = random.Random(count)
    many = [deviation([rng.gauss(0, 1) for _ in range(count)]) for _ in range(400)]
    assert statistics.fmean(many) == pytest.approx(1, abs=0.12)


def test_freedom_grows_with_the_nodes_until_their_tail_is_what_is_not_known() -> None:
    assert [freedom(count) for count in (5, 6, 7, 8, 9, 10, 100)] == [1, 3, 3, 5, 5, 6, 6]
