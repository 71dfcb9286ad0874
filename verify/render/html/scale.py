"""Axes: where a value lies between two ends, and at which values a tick stands."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

# A tick at each value is better than round ones where there are so few.
FEW = 8
TICKS = 5
# What an axis from the smallest to the largest value leaves free at both ends, as a share of it.
MARGIN = 0.06


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis.

    Attributes:
        low: Value at its beginning.
        high: Value at its end; more than the lowest.
        logarithmic: Whether equal ways are equal ratios; then both are positive.
        ticks: Values that are named.
    """

    low: float
    high: float
    logarithmic: bool
    ticks: tuple[float, ...]

    def place(self, value: float) -> float:
        """From 0 at the beginning to 1 at the end; what lies beyond lies there."""
        low, high, at = (self._way(each) for each in (self.low, self.high, value))
        return min(1.0, max(0.0, (at - low) / (high - low)))

    def _way(self, value: float) -> float:
        return math.log(max(value, self.low)) if self.logarithmic else value


def scale_over(values: Sequence[float], *, logarithmic: bool, from_zero: bool = False) -> Scale:
    """The axis that shows all of these values.

    Args:
        values: At least one; positive where it is logarithmic.
        logarithmic: Whether equal ways are equal ratios.
        from_zero: Whether it begins at zero, which lengths that are compared need.
    """
    low, high = min(values), max(values)
    if logarithmic:
        return _logarithmic(low, high, sorted(set(values)))
    low = min(low, 0.0) if from_zero else low - MARGIN * (high - low)
    high = high + MARGIN * (high - low) if high > low else low + (abs(low) or 1.0)
    return Scale(low, high, logarithmic=False, ticks=round_ticks(low, high))


def _logarithmic(low: float, high: float, values: Sequence[float]) -> Scale:
    if high <= low:
        low, high = low / 2, high * 2
    margin = (high / low) ** MARGIN
    decades = tuple(10.0**power for power in range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1))
    enough = 2
    ticks = tuple(values) if len(values) <= FEW else decades
    return Scale(low / margin, high * margin, logarithmic=True, ticks=ticks if len(ticks) >= enough else (low, high))


def round_ticks(low: float, high: float) -> tuple[float, ...]:
    """About five round values between two: steps of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(round(number * step, 12) for number in range(first, last + 1))
