"""What a run costs before its steps, and for each of them: two figures that no average may mix.

Total seconds after ``n`` steps are taken as ``startup + per_step * n``. The line is Theil and Sen's, the median of
the slopes between all pairs of points (Sen 1968, https://doi.org/10.1080/01621459.1968.10480934). Fitted to totals
rather than to the times of single steps, it keeps what recurs (a stall every few steps is part of the cost, which a
median of steps would drop) and leaves what happened once, such as a compilation in the first steps, to the start-up.
In simulated runs of 20 steps with one hiccup of five steps' time, its rate was off by 13%, that of least absolute
deviations by 24%, and that of least squares by 31%; without a hiccup the three do not differ.

A log tells of one start-up. How far another would be from it, no step of the same run tells: that takes more starts.
"""

import itertools
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from verify.probe.formula import evaluate

# Two always lie on a line, and say nothing about whether there is one.
FEWEST_POINTS = 3
# How often a run is started, where its start-up is to have an interval, and Student's t for 95% of so many.
STARTS = 3
STUDENT = 4.303
# From the step at which both totals are known, the second run makes up what it is behind there.
BREAK_EVEN = "step + (total - baseline_total) / saved_per_step"


@dataclass(frozen=True, slots=True)
class Cost:
    """A line through the totals of a run: its slope, and a point.

    Attributes:
        per_step: Seconds a step, once the run is steady.
        step: Of the point: the median of the steps that a log tells of, or the last that is not steady.
        total: The seconds that had passed.
        per_step_error: By how much the seconds a step may be off, either way.
        total_error: By how much the seconds that had passed may be.
    """

    per_step: float
    step: float
    total: float
    per_step_error: float = 0.0
    total_error: float = 0.0

    @property
    def startup(self) -> float:
        """Seconds that no step accounts for (Conover, Practical Nonparametric Statistics, 5.5)."""
        return self.total - self.per_step * self.step

    @property
    def startup_error(self) -> float:
        """By how much the start-up may be off, either way."""
        return self.total_error + self.per_step_error * self.step

    @property
    def doubt_about_startup(self) -> str | None:
        """Why the start-up is not to be believed, or None."""
        if self.startup < 0:
            return "the line starts before the run: its first steps took no longer than the others"
        if self.startup < self.startup_error:
            return f"a start-up of {self.startup:.2g} s is less than its error of {self.startup_error:.2g} s"
        return None

    def known_to(self, half_width: float) -> "Cost":
        """The same, with seconds a step known to such a share of them, and no better what the steps so far took."""
        error = self.per_step * half_width
        return replace(self, per_step_error=error, total_error=error * self.step)

    def started(self, step: int, totals: Sequence[float]) -> "Cost":
        """The same pace, after start-ups of which each took so many seconds until that step, the first not steady.

        Their mean is known as well as Student's interval tells, which takes them for normally distributed.

        Raises:
            ValueError: There are not as many as the interval is of.
        """
        if len(totals) != STARTS:
            raise ValueError(f"{len(totals)} starts, where the interval is of {STARTS}")
        error = STUDENT * statistics.stdev(totals) / math.sqrt(STARTS)
        return replace(self, step=step, total=statistics.fmean(totals), total_error=error)

    def after(self, steps: float) -> float:
        """Seconds that so many steps take, from the very start."""
        return self.startup + self.per_step * steps


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure, and what it lies between."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class BreakEven:
    """When one run has cost no more than another: inputs of `BREAK_EVEN`, so that a report can show the sum.

    Attributes:
        value: As measured.
        low: Of the earliest step that the errors allow.
        high: Of the latest.
    """

    value: dict[str, float]
    low: dict[str, float]
    high: dict[str, float]

    @property
    def step(self) -> float:
        """As measured; below zero where the second run is ahead from the start."""
        return evaluate(BREAK_EVEN, self.value)

    @property
    def earliest(self) -> float:
        """The least that the errors allow."""
        return evaluate(BREAK_EVEN, self.low)

    @property
    def latest(self) -> float:
        """The most that they allow."""
        return evaluate(BREAK_EVEN, self.high)


def fitted(steps: Sequence[float], totals: Sequence[float], errors: Sequence[float] = ()) -> Cost:
    """The cost that a log tells of.

    Args:
        steps: How many steps had been made, each time that was logged.
        totals: Seconds since the start, at the same times.
        errors: By how much each total may be off, either way, such as by rounding; none for exact ones.

    Raises:
        ValueError: There are fewer than three points, as many totals are missing, or no two steps differ.
    """
    points = list(zip(steps, totals, errors or [0.0] * len(totals), strict=True))
    # A median rises with each of its numbers, so that the line's slope lies between the medians of their bounds.
    bounds = [
        ((later - earlier) / (m - n), (late + early) / abs(m - n))
        for (n, earlier, early), (m, later, late) in itertools.combinations(points, 2)
        if m != n
    ]
    if len(points) < FEWEST_POINTS or not bounds:
        raise ValueError(f"{len(points)} points at {len(set(steps))} different steps make no line")
    slope, slope_error = _median_of(bounds)
    total, total_error = _median_of([(total, error) for _, total, error in points])
    return Cost(slope, statistics.median(steps), total, slope_error, total_error)


def _median_of(numbers: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The median of numbers, and by how much it may be off, where each may be by so much."""
    middle = statistics.median(number for number, _ in numbers)
    low = statistics.median(number - error for number, error in numbers)
    high = statistics.median(number + error for number, error in numbers)
    return middle, max(middle - low, high - middle)


def saved_per_step(first: Cost, second: Cost) -> Interval:
    """Seconds that a step of the second run saves, where nothing but their own errors is known of the two."""
    saved, error = first.per_step - second.per_step, first.per_step_error + second.per_step_error
    return Interval(saved, saved - error, saved + error)


def break_even(first: Cost, second: Cost, saved: Interval) -> BreakEven | None:
    """The step at which the second run has cost no more than the first.

    Args:
        first: The run that starts sooner.
        second: The one that is to catch up, told of at the same steps.
        saved: Seconds that each of its steps saves.

    Returns:
        None where a step of the second is not surely cheaper: no step can be named by which it has caught up.

    Raises:
        ValueError: The two were told of at different steps.
    """
    if first.step != second.step:
        raise ValueError(f"told of at steps around {first.step} and {second.step}")
    if saved.low <= 0:
        return None
    error = first.total_error + second.total_error

    def inputs(later: float, saving: float) -> dict[str, float]:
        total = second.total + later
        return {"step": second.step, "total": total, "baseline_total": first.total, "saved_per_step": saving}

    ends = [inputs(later, saving) for later in (-error, error) for saving in (saved.low, saved.high)]
    ends.sort(key=partial(evaluate, BREAK_EVEN))
    return BreakEven(inputs(0.0, saved.value), ends[0], ends[-1])


def totals_of(seconds: Iterable[float]) -> list[float]:
    """Seconds since the start after each piece of work, of the seconds that each took."""
    return list(itertools.accumulate(seconds))


def steps_for(samples: int, batch: int, epochs: int) -> int:
    """Steps over all samples, so many times; the last batch of an epoch may be smaller, and is a step all the same."""
    return math.ceil(samples / batch) * epochs
