"""One question that was asked again and again: whether its answers agree, and how near to a limit its figures came."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from verify.report import v3


@dataclass(frozen=True, slots=True)
class Spread:
    """One figure, over the repetitions that took it.

    Attributes:
        figure: As the repetition has it that came nearest to a limit, or beyond.
        values: Of each repetition, in the order of the results.
    """

    figure: v3.Measurement
    values: tuple[float, ...]

    @property
    def margin(self) -> float | None:
        """The worst margin; None for a figure without a limit to be near to."""
        return margin(self.figure)


@dataclass(frozen=True, slots=True)
class Repeats:
    """All results of one check on one device.

    Attributes:
        id: The job's.
        results: One for each repetition.
    """

    id: str
    results: tuple[v3.Result, ...]

    @property
    def outcomes(self) -> Counter[str]:
        """How often it came to each outcome."""
        return Counter(result.outcome for result in self.results)

    @property
    def flaky(self) -> bool:
        """Whether the same question got different outcomes."""
        return len(self.outcomes) > 1

    @property
    def holds(self) -> bool:
        """Whether every repetition passed, or every one skipped that a certificate does not need."""
        first = self.results[0]
        return not self.flaky and (first.outcome == "passed" or (first.outcome == "skipped" and not first.required))

    @property
    def reasons(self) -> Counter[tuple[str, str]]:
        """Outcome and reason of the repetitions that did not pass."""
        return Counter((result.outcome, result.reason or "") for result in self.results if result.outcome != "passed")

    def spreads(self) -> list[Spread]:
        """Every figure with its values: what a check calls by one name is told apart by its place."""
        figures: defaultdict[tuple[str, int], list[v3.Measurement]] = defaultdict(list)
        for result in self.results:
            for place, figure in _placed(result):
                figures[place].append(figure)
        return [Spread(min(same, key=_nearness), tuple(figure.value for figure in same)) for same in figures.values()]


def repeats_of(results: Iterable[v3.Result]) -> list[Repeats]:
    """The results by the job they are of, in the order in which each job comes first."""
    grouped: defaultdict[str, list[v3.Result]] = defaultdict(list)
    for result in results:
        grouped[result.id].append(result)
    return [Repeats(job, tuple(same)) for job, same in grouped.items()]


def margin(figure: v3.Measurement) -> float | None:
    """How far a value lies on the right side of its nearest limit, as a share of that limit; below 0 it broke it.

    An exact value has no side to lie on, and a limit of 0 no size to compare with.
    """
    sides = ((figure.limits.at_most, -1), (figure.limits.at_least, 1))
    return min((side * (figure.value - limit) / abs(limit) for limit, side in sides if limit), default=None)


def _nearness(figure: v3.Measurement) -> float:
    near = margin(figure)
    return float("inf") if near is None else near


def _placed(result: v3.Result) -> Iterator[tuple[tuple[str, int], v3.Measurement]]:
    seen: Counter[str] = Counter()
    for figure in result.measurements:
        yield (figure.name, seen[figure.name]), figure
        seen[figure.name] += 1
