"""Where values lie on an axis."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.render.html.scale import round_ticks, scale_over

VALUES = st.lists(st.floats(1e-9, 1e15), min_size=1, max_size=20)


@given(VALUES, st.booleans(), st.booleans())
def test_every_value_lies_on_its_axis_in_order(values: list[float], logarithmic: bool, from_zero: bool) -> None:
    scale = scale_over(values, logarithmic=logarithmic, from_zero=from_zero)
    places = [scale.place(value) for value in sorted(values)]
    assert places == sorted(places)
    assert all(0 <= place <= 1 for place in places)
    assert scale.low < scale.high


def test_lengths_begin_at_zero() -> None:
    scale = scale_over([50, 100], logarithmic=False, from_zero=True)
    assert scale.place(0) == 0
    assert scale.place(100) == pytest.approx(2 * scale.place(50))


def test_equal_ratios_are_equal_ways_on_a_logarithmic_axis() -> None:
    scale = scale_over([1, 10, 100], logarithmic=True)
    assert scale.place(100) - scale.place(10) == pytest.approx(scale.place(10) - scale.place(1))


def test_what_lies_beyond_an_axis_lies_at_its_end() -> None:
    scale = scale_over([1, 2], logarithmic=False)
    assert (scale.place(-100), scale.place(100)) == (0, 1)


def test_few_sizes_are_named_and_many_are_not() -> None:
    assert scale_over([8, 16, 64], logarithmic=True).ticks == (8, 16, 64)
    assert scale_over([float(value) for value in range(1, 1000)], logarithmic=True).ticks == (1, 10, 100)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0, 100, (0, 20, 40, 60, 80, 100)), (-1, 1, (-1, -0.5, 0, 0.5, 1)), (3.2, 3.9, (3.2, 3.4, 3.6, 3.8))],
)
def test_ticks_are_round(low: float, high: float, ticks: tuple[float, ...]) -> None:
    assert round_ticks(low, high) == pytest.approx(ticks)
