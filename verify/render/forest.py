"""Intervals as a picture of one line each: ``····[══●══]··│·····``, the oldest picture of several comparisons."""

from collections.abc import Sequence

WIDTH = 41
DOT, BAR, LOW, HIGH, ZERO, EMPTY = "●═[]│·"

Interval = tuple[float, float, float]


def reach(intervals: Sequence[Interval], least: float) -> float:
    """What a scale must reach to show all ends, on either side of zero, and at least so much."""
    return max([least, *(abs(end) for interval in intervals for end in interval)])


def line(interval: Interval, furthest: float, width: int = WIDTH) -> str:
    """The interval between minus and plus the furthest, zero marked.

    Args:
        interval: Estimate, lower and upper end.
        furthest: Where the scale ends on both sides; positive.
        width: Characters; odd, so that zero has one of its own.
    """
    estimate, low, high = (_column(value, furthest, width) for value in interval)
    signs = [EMPTY] * width
    signs[width // 2] = ZERO
    signs[low : high + 1] = [BAR] * (high + 1 - low)
    signs[low], signs[high] = LOW, HIGH
    signs[estimate] = DOT
    return "".join(signs)


def _column(value: float, furthest: float, width: int) -> int:
    share = max(-1.0, min(1.0, value / furthest))
    return round((share + 1) / 2 * (width - 1))
