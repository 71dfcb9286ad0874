"""Simulated gates: what the table is made from can go either way."""

import random
from itertools import pairwise

import pytest

from benchmarks.gates import FIGURES, RUN, Recorded, draw, in_a_row, read, seen, simulated
from tests.gates import gate_policy
from verify.gate.duel import Measured


def groups(count: int, **more: float) -> list[Recorded]:
    """Groups whose processes hardly differ, but for the candidate's figures that are given, as multiples."""
    apart = {number: 1 + 0.001 * (-1) ** number for number in range(count)}
    return [
        Recorded(0.1, {f.name: [1.0, apart[number], apart[number] * more.get(f.name, 1.0)] for f in FIGURES})
        for number in range(count)
    ]


def series(found: list[Recorded]) -> dict[Measured, list[tuple[float, float]]]:
    return {figure: [seen(group, figure, (0, 1, 2), 1.0) for group in found] for figure in FIGURES}


@pytest.mark.parametrize(
    ("more", "verdict", "needed"),
    [({}, "accepted", 6), ({"forward": 1.1}, "refused", 9), ({"memory_growth": 1e6}, "refused", 9)],
)
def test_a_simulated_gate_says_what_the_differences_say(more: dict[str, float], verdict: str, needed: int) -> None:
    assert simulated(series(groups(31, **more)), gate_policy()) == (verdict, needed)


def test_noise_without_bounds_decides_nothing() -> None:
    wild = groups(31)
    loud = {figure: [(3.0 * (-1) ** place, 3.0 * (-1) ** place) for place in range(31)] for figure in series(wild)}
    assert simulated(loud, gate_policy())[0] == "inconclusive"


def test_gates_in_a_row_use_each_group_once() -> None:
    told = in_a_row(groups(45), gate_policy())
    assert told == "7 gates of no change, one after the other through the record: 7 accepted"


def test_what_is_drawn_keeps_neighbours_together() -> None:
    recorded = [Recorded(float(number), {}) for number in range(1, 41)]
    loads = [group.load for group in draw(recorded, 13, random.Random(1))]
    assert len(loads) == 13
    assert all(after - before in (1, 1 - 40) for before, after in pairwise(loads[:RUN]))


def test_whoever_sits_in_the_candidates_seat_is_the_candidate() -> None:
    (group,) = groups(1, forward=1.1)
    forward = next(figure for figure in FIGURES if figure.name == "forward")
    assert seen(group, forward, (0, 1, 2), 1.0)[0] > 0.09
    assert seen(group, forward, (0, 2, 1), 1.0)[0] < -0.04
    assert seen(group, forward, (0, 1, 2), 2.0)[0] == pytest.approx(2 * seen(group, forward, (0, 1, 2), 1.0)[0])


def test_the_record_is_of_the_figures_that_gates_judge() -> None:
    recorded = read()
    assert len(recorded) >= 25
    assert all(group.values.keys() == {figure.name for figure in FIGURES} for group in recorded)
