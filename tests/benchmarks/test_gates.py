"""Simulated gates: what the table is made from can go either way."""

import random
from itertools import pairwise

import pytest

from benchmarks.gates import RUN, Recorded, draw, in_a_row, read, simulated
from tests.gates import gate_policy
from verify.checks.duel.workloads import MAKERS
from verify.gate.duel import figures_of

FIGURES = figures_of(list(MAKERS["cpu"]), "cpu")


def groups(count: int, **more: float) -> list[Recorded]:
    """Groups that hardly differ, but for what is given."""
    return [Recorded(0.1, {f.name: 0.001 * (-1) ** number for f in FIGURES} | more) for number in range(count)]


def series(found: list[Recorded]) -> dict[object, list[float]]:
    return {figure: [group.differences[figure.name] for group in found] for figure in FIGURES}


@pytest.mark.parametrize(
    ("more", "verdict", "needed"),
    [({}, "accepted", 6), ({"forward": 0.1}, "refused", 13), ({"memory_growth": 1e6}, "refused", 13)],
)
def test_a_simulated_gate_says_what_the_differences_say(more: dict[str, float], verdict: str, needed: int) -> None:
    assert simulated(series(groups(25, **more)), gate_policy()) == (verdict, needed)  # type: ignore[arg-type]


def test_noise_without_bounds_decides_nothing() -> None:
    wild = [Recorded(0.1, {f.name: 3.0 * (-1) ** number for f in FIGURES}) for number in range(25)]
    assert simulated(series(wild), gate_policy())[0] == "inconclusive"  # type: ignore[arg-type]


def test_gates_in_a_row_use_each_group_once() -> None:
    assert in_a_row(groups(20), gate_policy()).endswith(
        "3 gates of no change, one after the other through the record: 3 accepted"
    )


def test_what_is_drawn_keeps_neighbours_together_and_has_its_scale() -> None:
    recorded = [Recorded(0.1, {"a": float(number)}) for number in range(1, 41)]
    drawn = draw(recorded, 13, 2.0, random.Random(1))
    values = [abs(each["a"]) / 2 for each in drawn]
    assert len(values) == 13
    assert all(after - before in (1, 1 - 40) for before, after in pairwise(values[:RUN]))


def test_the_record_is_of_the_figures_that_gates_judge() -> None:
    recorded = read()
    assert len(recorded) >= 25
    assert all(group.differences.keys() == {figure.name for figure in FIGURES} for group in recorded)
