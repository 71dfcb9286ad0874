"""What a figure's history did: the points it is made of, and its steps."""

from dataclasses import dataclass
from typing import Literal

Shape = Literal["steady", "steps", "drift", "too few"]


@dataclass(frozen=True, slots=True)
class Point:
    """A figure of one report: its number in the chain, its value, and the range of its samples, if known."""

    sequence: int
    value: float
    spread: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A figure was one thing before, and another from some report on.

    Attributes:
        last: The number of the last report before.
        first: The number of the first one after.
        before: The median before, as far back as the stretch goes.
        after: The median after.
        shift: How much more it is, by Hodges and Lehmann: the median of all differences.
        low: Lower end of the shift's 95% interval.
        high: Its upper end.
        points: How many values lie before, and how many after.
        probability: At most so often does a stretch in which nothing changed show as much.
        within: Whether the shift is smaller than half the range of one report's own samples.
    """

    last: int
    first: int
    before: float
    after: float
    shift: float
    low: float
    high: float
    points: tuple[int, int]
    probability: float
    within: bool

    @property
    def ratio(self) -> float | None:
        """After over before; None where that says nothing."""
        return self.after / self.before if self.before * self.after > 0 else None


@dataclass(frozen=True, slots=True)
class Course:
    """What a history did.

    Attributes:
        shape: ``too few`` is not enough for one split.
        points: How many values there were.
        steps: In order; none but for the shape ``steps``.
    """

    shape: Shape
    points: int
    steps: tuple[Step, ...]
