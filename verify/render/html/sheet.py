"""The figures of each check as a table: what all share is said once, and of many alike the nearest to its limit.

All of them are in the JSON; what a page has for each check is what a reader looks for in it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from verify.report import v3
from verify.report.fields import Note

# More figures of one name and limit than this are one row, but for those of benchmarks.
MANY = 3


@dataclass(frozen=True, slots=True)
class Row:
    """A figure, or of several alike the one that came nearest to its limit.

    Attributes:
        figure: What is shown.
        own: Its conditions that other figures of the check do not share.
        alike: All values, sorted, that it stands for; one where it stands for itself.
    """

    figure: v3.Measurement
    own: dict[str, Note]
    alike: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The figures of a check.

    Attributes:
        result: Of the check.
        shared: Conditions that all figures of the check have.
        rows: What is shown.
    """

    result: v3.Result
    shared: dict[str, Note]
    rows: Sequence[Row]

    @property
    def count(self) -> int:
        """How many figures there are."""
        return len(self.result.measurements)


def sheets(report: v3.Report, *, benchmarks: bool) -> Iterator[Sheet]:
    """Those of the benchmarks, or of all other checks."""
    for result in report.results:
        figures = result.measurements
        if figures and (result.kind == "benchmark") == benchmarks:
            shared = {name: note for name, note in figures[0].conditions.items() if _everywhere(name, note, figures)}
            groups = [[figure] for figure in figures] if benchmarks else list(_alike(figures))
            yield Sheet(result, shared, [_row(group, shared) for group in groups])


def _alike(figures: Sequence[v3.Measurement]) -> Iterator[list[v3.Measurement]]:
    """Figures of one name, unit and limit, where there are many; every other by itself."""
    groups: dict[tuple[object, ...], list[v3.Measurement]] = {}
    for figure in figures:
        groups.setdefault((figure.name, figure.unit, figure.limits, figure.along, figure.provenance), []).append(figure)
    for group in groups.values():
        yield from [group] if len(group) > MANY else ([figure] for figure in group)


def _row(group: Sequence[v3.Measurement], shared: dict[str, Note]) -> Row:
    nearest = max(group, key=_nearness)
    own = {name: note for name, note in nearest.conditions.items() if name not in shared}
    return Row(nearest, own, tuple(sorted(figure.value for figure in group)))


def _nearness(figure: v3.Measurement) -> float:
    """Larger for a value that is nearer to its limit, or beyond."""
    return -figure.value if figure.limits.at_least is not None else figure.value


def _everywhere(name: str, note: Note, figures: Sequence[v3.Measurement]) -> bool:
    return all(figure.conditions.get(name) == note for figure in figures)
