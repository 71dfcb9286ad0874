"""What the blocks of a group come to."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.gate.duel import ORDERS, ROUNDS, figures_of, growth, lower_decile, sample_of

positive = st.floats(1e-6, 1e6)


def test_a_ratio_is_compared_in_logarithms_with_both_copies() -> None:
    sample = sample_of([1.0, 1.21, 1.1], "ratio")
    assert sample.difference == pytest.approx(0.0)
    assert sample.copies == pytest.approx(math.log(1.21))
    assert sample.current == pytest.approx(1.105)
    assert sample.candidate == 1.1


def test_slower_is_positive() -> None:
    assert sample_of([1.0, 1.0, 1.1], "ratio").difference == pytest.approx(math.log(1.1))


def test_a_difference_is_compared_in_its_unit() -> None:
    sample = sample_of([100.0, 300.0, 700.0], "difference")
    assert (sample.difference, sample.copies) == (500.0, 200.0)


@given(positive, positive, positive)
def test_turning_candidate_and_current_around_turns_the_sign(one: float, other: float, third: float) -> None:
    there, back = sample_of([one, one, other], "ratio"), sample_of([other, other, one], "ratio")
    assert there.difference == pytest.approx(-back.difference, abs=1e-9)
    assert sample_of([one, other, third], "ratio").copies == pytest.approx(math.log(other / one), abs=1e-9)


def test_the_lower_decile_passes_over_what_neighbours_slowed() -> None:
    quiet = [1.0, 1.01, 1.02, 1.03]
    assert lower_decile([*quiet, *[5.0] * 14]) == pytest.approx(1.017)


def test_the_lower_decile_is_no_luckiest_block() -> None:
    assert lower_decile([0.1, *[1.0] * 17]) == 1.0


def test_memory_that_is_given_back_does_not_grow() -> None:
    assert growth([100, 200, 300, 400, 400, 400, 400, 400]) == 0


def test_a_leak_grows_by_what_each_round_leaves() -> None:
    assert growth([1000 + 64 * turn for turn in range(18)]) == 64


def test_one_jump_counts_for_little() -> None:
    assert growth([*[0] * 12, *[5000] * 6]) < 5000 / 10


def test_every_order_is_played_as_often() -> None:
    assert len(set(ORDERS)) == 6
    assert ROUNDS % len(ORDERS) == 0


def test_a_group_gives_a_figure_a_workload_and_two_of_memory() -> None:
    assert [figure.name for figure in figures_of(["a", "b"], "cpu")] == ["a", "b", "peak_memory", "memory_growth"]
