"""Intervals drawn as a line."""

from hypothesis import given
from hypothesis import strategies as st

from verify.render.forest import DOT, HIGH, LOW, WIDTH, ZERO, line, reach

shares = st.floats(-1, 1)


def test_an_interval_lies_where_its_ends_are() -> None:
    assert line((0.5, 0.0, 1.0), 1.0, 9) == "····[═●═]"


def test_zero_is_marked_where_no_interval_covers_it() -> None:
    assert line((0.75, 0.5, 1.0), 1.0, 9) == "····│·[●]"


def test_what_lies_beyond_the_scale_is_drawn_at_its_end() -> None:
    assert line((-9.0, -9.0, -9.0), 1.0, 5) == "●·│··"


@given(st.lists(shares, min_size=3, max_size=3).map(sorted))
def test_a_line_has_its_width_and_one_estimate(ends: list[float]) -> None:
    low, estimate, high = ends
    drawn = line((estimate, low, high), 1.0)
    assert len(drawn) == WIDTH
    assert drawn.count(DOT) == 1
    assert drawn.count(LOW) <= 1 >= drawn.count(HIGH)


@given(st.tuples(shares, shares, shares))
def test_the_scale_reaches_every_end(interval: tuple[float, float, float]) -> None:
    assert reach([interval], 0.1) == max(0.1, *map(abs, interval))


def test_the_middle_is_zero() -> None:
    assert line((-1.0, -1.0, -1.0), 1.0)[WIDTH // 2] == ZERO
