"""Sums redone from stated figures, and how far each may be off because its figures were rounded."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

from verify.claims.claim import Quantity
from verify.probe.formula import evaluate

Given = Mapping[str, Quantity | float]

# "About 7,000" allows so much of it either way.
APPROXIMATELY = 0.05
# Binary fractions of decimal figures: what lies on the edge of a rounding counts as inside.
_EDGE = 1e-9


@dataclass(frozen=True, slots=True)
class Redone:
    """A sum over stated figures.

    Attributes:
        formula: As `verify.probe.formula` evaluates it.
        inputs: The middle of each figure.
        value: The formula's value for them.
        low: The least that stated ranges allow; ``value`` where no input is a range.
        high: The most.
        least: As ``low``, with every figure off by its rounding.
        most: As ``high``.
        unit: Of the value.
    """

    formula: str
    inputs: Mapping[str, float]
    value: float
    low: float
    high: float
    least: float
    most: float
    unit: str

    @property
    def ranges(self) -> bool:
        """Whether some input is a range."""
        return self.high > self.low


def redo(formula: str, given: Given, unit: str = "1") -> Redone | None:
    """The sum of a formula over stated figures, and its bounds.

    The bounds are taken at the corners of the inputs, which is exact where the formula rises or falls steadily
    with each of them, as all of ours do.

    Args:
        formula: Over the names in ``given``.
        given: Quantities as stated, or exact numbers.
        unit: Of the result.

    Returns:
        None where it has no finite value: an open end, a division by nothing.
    """
    stated = {name: (_low(figure), _high(figure)) for name, figure in given.items()}
    rounded = {
        name: reach(figure) if isinstance(figure, Quantity) else ends
        for (name, ends), figure in zip(stated.items(), given.values(), strict=True)
    }
    inputs = {name: (low + high) / 2 for name, (low, high) in stated.items()}
    try:
        value = evaluate(formula, inputs)
        low, high = _corners(formula, stated)
        least, most = _corners(formula, rounded)
    except ValueError:
        return None
    return Redone(formula, inputs, value, low, high, least, most, unit)


def reach(stated: Quantity) -> tuple[float, float]:
    """What a stated figure may have been before it was rounded."""
    slack = stated.step / 2
    spread = APPROXIMATELY if stated.approximate else 0.0
    low = stated.low - slack - spread * abs(stated.low)
    # What was rounded to a positive figure was not less than nothing.
    return (max(low, 0.0) if stated.low >= 0 else low), stated.high + slack + spread * abs(stated.high)


def agrees(stated: Quantity, redone: Redone) -> bool:
    """Whether a stated figure is what the sum comes to, as far as rounding tells.

    A range that was computed from ranges has to have their ends.
    """
    if redone.ranges and stated.high > stated.low:
        slack = stated.step / 2 + (APPROXIMATELY * stated.high if stated.approximate else 0.0)
        return abs(stated.low - redone.low) < slack and abs(stated.high - redone.high) < slack
    low, high = reach(stated)
    return low <= redone.most * (1 + _EDGE) and redone.least <= high * (1 + _EDGE)


def above(redone: Redone, limit: float) -> bool:
    """Whether the sum exceeds a limit, however its figures were rounded."""
    return redone.least > limit


def middle(stated: Quantity) -> float:
    """The middle of a range, or the number."""
    return (stated.low + stated.high) / 2


def exactly(number: float, unit: str = "1") -> Quantity:
    """A number that nobody rounded."""
    return Quantity(number, number, unit, f"{number:g}", approximate=False, step=0.0)  # type: ignore[arg-type]


def same(one: Quantity, other: Quantity) -> bool:
    """Whether two figures may be the same number, rounded."""
    (low, high), (least, most) = reach(one), reach(other)
    return one.unit == other.unit and low <= most and least <= high


def _corners(formula: str, ends: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
    values = [
        evaluate(formula, dict(zip(ends, corner, strict=True)))
        for corner in itertools.product(*(sorted(set(pair)) for pair in ends.values()))
    ]
    return min(values), max(values)


def _low(figure: Quantity | float) -> float:
    return _finite(figure.low if isinstance(figure, Quantity) else figure)


def _high(figure: Quantity | float) -> float:
    return _finite(figure.high if isinstance(figure, Quantity) else figure)


def _finite(number: float) -> float:
    return number if math.isfinite(number) else math.nan
