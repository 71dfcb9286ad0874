"""Sums over stated figures, and how far each may be off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.judge.audit.documents import quantity
from verify.judge.audit.arithmetic import agrees, reach, redo, same


def test_a_stated_figure_may_have_been_rounded() -> None:
    assert reach(quantity("0.34")) == pytest.approx((0.335, 0.345))
    assert reach(quantity("12")) == (11.5, 12.5)
    assert reach(quantity("100", about=True)) == (94.5, 105.5)
    assert reach(quantity("0")) == (0.0, 0.5)


def test_the_bounds_of_a_sum_are_those_of_its_figures() -> None:
    redone = redo("a / b", {"a": quantity("10"), "b": quantity("2.0", high="5.0")})
    assert redone is not None
    assert (redone.low, redone.high, redone.value) == (2.0, 5.0, 10 / 3.5)
    assert (redone.least, redone.most) == pytest.approx((9.5 / 5.05, 10.5 / 1.95))


@pytest.mark.parametrize(("top", "bottom"), [("1", "0"), ("inf", "1"), ("nan", "1")])
def test_what_has_no_value_is_no_sum(top: str, bottom: str) -> None:
    assert redo("a / b", {"a": float(top), "b": float(bottom)}) is None


@given(st.floats(0.01, 1e6), st.floats(0.01, 1e6), st.integers(0, 3), st.integers(0, 3))
def test_a_quotient_of_rounded_figures_is_within_their_bounds(a: float, b: float, one: int, other: int) -> None:
    redone = redo("a / b", {"a": quantity(f"{a:.{one}f}"), "b": quantity(f"{b:.{other}f}")})
    assert redone is None or redone.least <= a / b * (1 + 1e-9)
    assert redone is None or float(f"{b:.{other}f}") <= 10**-other or a / b <= redone.most * (1 + 1e-9)


def test_a_range_has_the_ends_of_the_ranges_it_comes_from() -> None:
    redone = redo("a / b", {"a": quantity("12"), "b": quantity("2", high="4")})
    assert redone is not None
    assert agrees(quantity("3", high="6"), redone)
    assert not agrees(quantity("4", high="6"), redone)
    assert agrees(quantity("5"), redone)


@given(st.floats(0, 1e6), st.integers(0, 4), st.integers(0, 4))
def test_one_number_rounded_twice_is_the_same(number: float, fine: int, coarse: int) -> None:
    assert same(quantity(f"{number:.{fine}f}"), quantity(f"{number:.{coarse}f}"))


def test_figures_of_different_units_are_not_the_same() -> None:
    assert not same(quantity("1", "GB"), quantity("1", "GiB"))
