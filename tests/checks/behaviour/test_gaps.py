import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.checks.behaviour.gaps import compare_losses, fall_of, require_learnt, widest_gap
from verify.probe.context import Context, Failed

LOSSES = st.lists(st.floats(0, 20), min_size=1, max_size=8)


def context() -> Context:
    here = Path()
    return Context("cpu", 0, 1, here, here, here, here)


@given(one=LOSSES, moved=st.floats(0, 5), place=st.integers(0, 7))
def test_the_widest_gap_is_where_one_loss_was_moved(one: list[float], moved: float, place: int) -> None:
    other = list(one)
    other[place % len(one)] += moved
    assert widest_gap(one, other) == pytest.approx(moved, abs=1e-12)


@pytest.mark.parametrize("losses", [[math.nan, 1.0], [1.0, math.nan]])
def test_a_loss_that_is_no_number_is_not_passed_over(losses: list[float]) -> None:
    assert math.isnan(widest_gap(losses, [1.0, 1.0]))
    ctx = context()
    compare_losses(ctx, losses, [1.0, 1.0], 10.0, {})
    assert "not finite" in ctx.broken[0]


def test_losses_within_the_limit_are_the_same() -> None:
    ctx = context()
    compare_losses(ctx, [3.0, 1.0], [3.0, 1.25], 0.25, {})
    compare_losses(ctx, [3.0, 1.0], [3.0, 1.5], 0.25, {})
    assert ctx.broken == ["largest_loss_gap is 0.5 nat, must be at most 0.25"]


def test_other_steps_are_not_compared() -> None:
    with pytest.raises(Failed, match="1 steps were taken, not 2"):
        compare_losses(context(), [3.0], [3.0, 1.0], 1.0, {})


def test_losses_that_stand_still_prove_nothing() -> None:
    require_learnt(context(), [5.0, 3.5], 1.0)
    with pytest.raises(Failed, match=r"from 5 to 4\.5 nat only"):
        require_learnt(context(), [5.0, 4.5], 1.0)


@given(losses=LOSSES)
def test_losses_fall_from_the_highest_to_the_lowest(losses: list[float]) -> None:
    assert fall_of(losses) == max(losses) - min(losses) >= 0
