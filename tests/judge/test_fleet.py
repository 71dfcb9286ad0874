"""Who stands out among nodes that are alike: no more than there are, and none by the luck of many looks."""

import math
import random
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.judge.fleet import FALSE_SHARE, Column, Outcome, compare
from verify.report.v3 import Direction

FIGURES = 6


def column(
    values: Mapping[str, float],
    name: str = "time",
    direction: Direction = "lower",
    disturbed: Mapping[str, str] | None = None,
    group: str = "one",
) -> Column:
    return Column(group, "a.check", name, "s", direction, values, disturbed or {})


def alike(count: int, noise: float = 0.01, seed: int = 0) -> dict[str, float]:
    rng = random.Random(seed)
    return {f"n{number}": math.exp(rng.gauss(0, noise)) for number in range(count)}


def names(found: Outcome) -> set[str]:
    return {one.node for one in found.named}


def test_one_slow_node_of_ten_is_named_and_no_other() -> None:
    values = alike(10) | {"n3": 1.25}
    (named,) = compare([column(values)]).named
    assert named.node == "n3"
    assert math.exp(named.of.worse["n3"]) == pytest.approx(1.25, rel=0.02)
    assert named.chance < FALSE_SHARE / 10


def test_which_way_is_better_counts() -> None:
    values = alike(10) | {"n3": 1.25}
    assert names(compare([column(values, direction="higher")])) == set()
    assert names(compare([column({node: 1 / value for node, value in values.items()}, direction="higher")])) == {"n3"}


def test_fewer_than_five_are_not_compared() -> None:
    assert compare([column({"n1": 1, "n2": 1, "n3": 1, "n4": 99})]) == Outcome((), (), 0)


def test_half_of_the_nodes_do_not_hide_each_other() -> None:
    values = alike(20) | {f"n{number}": 1.5 + number / 100 for number in range(6)}
    assert names(compare([column(values)])) == {f"n{number}" for number in range(6)}


def test_what_is_worse_by_less_than_the_floor_is_not_named_however_sure_it_is() -> None:
    values = dict.fromkeys((f"n{number}" for number in range(400)), 1.0)
    assert names(compare([column(values | {"n3": 1.024})])) == set()
    assert names(compare([column(values | {"n3": 1.026})])) == {"n3"}


def test_what_slows_all_of_a_node_a_little_is_found_in_all_figures_together() -> None:
    columns = []
    for figure in range(12):
        values = alike(60, 0.02, seed=figure)
        columns.append(column(values | {"n3": values["n3"] * 1.04}, f"figure {figure}"))
    found = compare(columns)
    assert ("n3", "all 12 figures together") in {(one.node, one.of.column.name) for one in found.named}


def test_a_node_with_one_bad_figure_is_not_bad_as_a_whole() -> None:
    columns = [column(alike(30, seed=figure), f"figure {figure}") for figure in range(8)]
    columns[0] = column(dict(columns[0].values) | {"n3": 3.0}, "figure 0")
    found = compare(columns)
    assert [(one.node, one.of.column.name) for one in found.named] == [("n3", "figure 0")]


def test_disturbed_nodes_do_not_say_what_is_typical() -> None:
    values = alike(12) | {f"n{number}": 2.0 + number / 50 for number in range(5)}
    disturbed = {f"n{number}": "others used 50% of the processors" for number in range(5)}
    found = compare([column(values, disturbed=disturbed)])
    assert found.compared[0].typical == pytest.approx(1, rel=0.02)
    assert names(found) == set(disturbed)


def test_classes_are_not_held_against_each_other() -> None:
    slow = {f"m{number}": 2 * value for number, value in enumerate(alike(10).values())}
    found = compare([column(alike(10)), column(slow, group="other")])
    assert names(found) == set()
    assert found.nodes == 20


@pytest.mark.parametrize("count", [5, 6, 8, 12, 30, 120, 400])
def test_of_fleets_that_are_alike_few_name_anybody(count: int) -> None:
    fleets = 60 if count < 100 else 15
    naming = 0
    for fleet in range(fleets):
        columns = [column(alike(count, 0.02, 1000 * fleet + figure), f"figure {figure}") for figure in range(FIGURES)]
        naming += bool(compare(columns).named)
    # Three times as many as may be, which chance exceeds once in some thousand such tests.
    assert naming <= max(3, 3 * FALSE_SHARE * fleets)


def test_a_heavy_tail_of_many_nodes_is_told_from_slow_nodes() -> None:
    rng = random.Random(3)
    tailed = {
        f"n{number}": math.exp(0.02 * rng.gauss(0, 1) / math.sqrt(rng.gammavariate(1, 1))) for number in range(3000)
    }
    found = compare([column(tailed)])
    assert found.compared[0].freedom <= 4
    assert len(names(found)) <= 30
    normal = compare([column(alike(3000, 0.02))])
    assert normal.compared[0].freedom >= 20


@given(
    values=st.lists(st.floats(0.5, 2.0), min_size=5, max_size=40),
    factor=st.floats(1e-6, 1e6),
    order=st.randoms(use_true_random=False),
)
def test_neither_the_unit_nor_the_order_matters(values: Sequence[float], factor: float, order: random.Random) -> None:
    nodes = {f"n{number}": value for number, value in enumerate(values)}
    shuffled = list(nodes.items())
    order.shuffle(shuffled)
    one = compare([column(nodes)])
    other = compare([column({node: factor * value for node, value in shuffled})])
    for node, scales in one.compared[0].scales.items():
        assert other.compared[0].scales[node] == pytest.approx(scales, abs=1e-6)
    assert other.compared[0].typical == pytest.approx(factor * one.compared[0].typical)
