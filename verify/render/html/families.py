"""Figures of one check that differ in one condition make a picture, whichever check it is; no check is named here."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import replace

from verify.language.speech import later, say, spoken
from verify.render import words
from verify.render.html.chart import Bar, Bars, Figure, Lines, Picture, Point, Series
from verify.report import v3
from verify.report.fields import Note
from verify.report.roofline import COUNTS

# How much work a call is follows from the other conditions, and tells nothing of its own.
COUNTED = (*COUNTS, "parameters", "formula")
# What an axis is taken from, if more than one number differs.
SIZES = ("batch", "tokens", "n", "elements", "bytes_counted")
AND = later("and")
# A line of two points says no more than two numbers.
FEWEST, MOST_BARS = 3, 16
LOW, HIGH = "_low", "_high"
# For which one is no difference.
RATIOS = ("times_as_fast", "speedup")
# An axis is logarithmic from this ratio on.
WIDE = 8
# Fewer samples have no quartiles worth the name.
QUARTILES = 3


def families(report: v3.Report) -> Iterator[Picture]:
    """A picture for each rate, or else each time, that a benchmark took at several sizes or of several kinds."""
    for result in report.results:
        if result.kind == "benchmark":
            grouped: dict[tuple[str, str], list[Figure]] = {}
            for figure in result.measurements:
                if _shown(figure):
                    grouped.setdefault((figure.name, figure.unit), []).append((result, figure))
            for figures in _told_once(grouped):
                yield from _picture(figures)


def worths(report: v3.Report) -> Iterator[Picture]:
    """What was measured with its interval: how many times as fast each arm of a comparison is, and when that pays."""
    by_topic: dict[str, list[tuple[Figure, Bar]]] = {}
    for result in report.results:
        for figure in result.measurements:
            ends = _ends(result, figure)
            if ends:
                name = str(_arm(figure))
                said = f"{words.number(figure.value)} [{', '.join(words.number(end) for end in ends)}]"
                bar = Bar(name, figure.value, said, *ends, doubtful=bool(figure.inconclusive))
                by_topic.setdefault(f"{topic_of(result)} · {named(figure.name)}", []).append(((result, figure), bar))
    for title, found in by_topic.items():
        figures, bars = zip(*found, strict=True)
        if figures[0][1].name in RATIOS:
            yield Picture(title, Bars(bars, reference=1.0), figures, _about_ratios(figures[0][1]))
        else:
            yield Picture(title, Bars(bars), figures, say("Whiskers are 95% intervals."))


def _about_ratios(figure: v3.Measurement) -> str:
    comparisons = figure.conditions.get("comparisons")
    if comparisons:
        return say("The line is 1: no difference. Whiskers are 95% intervals, for {} comparisons at once.", comparisons)
    return say("The line is 1: no difference. Whiskers are 95% intervals.")


def curves(report: v3.Report) -> Iterator[Picture]:
    """Every figure that was taken along something: losses by step, seconds by step; those of one check together."""
    for result in report.results:
        by_axes: dict[tuple[str, str], list[v3.Measurement]] = {}
        for figure in result.measurements:
            if figure.along and len(figure.samples) >= FEWEST:
                by_axes.setdefault((figure.along, figure.unit), []).append(figure)
        for (along, unit), figures in by_axes.items():
            drawn = tuple(
                Series(name, _along(figure)) for name, figure in zip(_told_apart(figures), figures, strict=True)
            )
            names = sorted({named(figure.name) for figure in figures})
            title = f"{topic_of(result)} · {f' {say(AND)} '.join(names)}"
            shown = [(result, figure) for figure in figures]
            yield Picture(title, Lines(along, unit, drawn), shown, claim=result.title)


def topic_of(result: v3.Result) -> str:
    """``training throughput (cpu)``."""
    device = f" ({result.device})" if result.device else ""
    return named(result.id.partition(".")[0]) + device


def named(name: str) -> str:
    """A name as words; where another language is spoken, it stays a name."""
    return name.replace("_", " ") if spoken() == "en" else name


def point_of(figure: v3.Measurement, x: float) -> Point:
    """A figure at a place, with the middle half of its samples."""
    low = high = None
    if len(figure.samples) >= QUARTILES and not figure.along:
        low, _, high = statistics.quantiles(figure.samples, n=4, method="inclusive")
    return Point(x, figure.value, low, high, doubtful=bool(figure.inconclusive))


def _shown(figure: v3.Measurement) -> bool:
    """Rates and times; not start-ups, which are no rates, nor the best of the same samples."""
    timed = figure.unit == "s" or "/" in figure.unit or figure.unit.endswith("FLOPS")
    other = figure.name.startswith(("startup", "best_seen"))
    return timed and not figure.along and not other and figure.provenance == "measured"


def _told_once(grouped: dict[tuple[str, str], list[Figure]]) -> Iterator[list[Figure]]:
    """The rates; the times only of what has no rate, for one follows from the other."""
    enough = {key: figures for key, figures in grouped.items() if len(figures) >= FEWEST}
    rates = [figures for (_, unit), figures in enough.items() if unit != "s"]
    yield from rates or enough.values()


def _picture(figures: Sequence[Figure]) -> Iterator[Picture]:
    result, first = figures[0]
    conditions = [_conditions(figure) for _, figure in figures]
    named_once = dict.fromkeys(name for each in conditions for name in each)
    varying = [name for name in named_once if len({str(each.get(name)) for each in conditions}) > 1]
    title = f"{topic_of(result)} · {named(first.name)}"
    size = next((name for name in (*SIZES, *varying) if name in varying and _sizes(conditions, name) >= FEWEST), None)
    if size:
        chart: Lines | Bars = _lines(figures, conditions, size, [name for name in varying if name != size])
        yield Picture(title, chart, figures, claim=result.title)
    elif len(figures) <= MOST_BARS:
        yield Picture(title, _bars(figures, conditions, varying), figures, claim=result.title)


def _lines(figures: Sequence[Figure], conditions: Sequence[dict[str, Note]], size: str, others: Sequence[str]) -> Lines:
    by_name: dict[str, list[Point]] = {}
    for (_, figure), condition in zip(figures, conditions, strict=True):
        told = [str(condition[other]) for other in others if other in condition and other != "level"]
        # Where others are told by what they have, one that has nothing is told by its name.
        name = ", ".join(told) or (named(figure.name) if others else "")
        if _is_number(condition.get(size)):
            by_name.setdefault(name, []).append(point_of(figure, float(condition[size])))
    series = tuple(Series(name, tuple(sorted(points, key=lambda point: point.x))) for name, points in by_name.items())
    ends = [
        [point.x for each in series for point in each.points],
        [point.y for each in series for point in each.points],
    ]
    wide = [min(values) > 0 and max(values) / min(values) >= WIDE for values in ends]
    return Lines(named(size), figures[0][1].unit, series, log_x=wide[0], log_y=wide[1])


def _bars(figures: Sequence[Figure], conditions: Sequence[dict[str, Note]], varying: Sequence[str]) -> Bars:
    return Bars(
        tuple(
            Bar(
                ", ".join(str(condition[name]) for name in varying if name in condition) or named(figure.name),
                figure.value,
                f"{words.number(figure.value)} {figure.unit}",
                *_quartiles(figure),
                doubtful=bool(figure.inconclusive),
            )
            for (_, figure), condition in zip(figures, conditions, strict=True)
        )
    )


def _quartiles(figure: v3.Measurement) -> tuple[float | None, float | None]:
    point = point_of(figure, 0.0)
    return point.low, point.high


def _conditions(figure: v3.Measurement) -> dict[str, Note]:
    return {name: value for name, value in figure.conditions.items() if name not in COUNTED}


def _sizes(conditions: Sequence[dict[str, Note]], name: str) -> int:
    """At how many sizes figures were taken."""
    return len({each[name] for each in conditions if _is_number(each.get(name))})


def _is_number(note: Note | None) -> bool:
    return isinstance(note, int | float) and not isinstance(note, bool)


def _ends(result: v3.Result, figure: v3.Measurement) -> tuple[float, float] | None:
    """The ends of a figure's interval, which are figures beside it."""
    ends = [
        other.value
        for suffix in (LOW, HIGH)
        for other in result.measurements
        if other.name == figure.name + suffix and other.conditions == figure.conditions
    ]
    return (ends[0], ends[1]) if len(ends) == 2 else None  # noqa: PLR2004 - a lower and an upper


def _arm(figure: v3.Measurement) -> Note:
    return figure.conditions.get("arm", figure.conditions.get("loop", named(figure.name)))


def _told_apart(figures: Sequence[v3.Measurement]) -> list[str]:
    """A name for each: what differs between them, of their names and conditions."""
    several = len({figure.name for figure in figures}) > 1
    noted = dict.fromkeys(name for figure in figures for name in figure.conditions)
    varying = [name for name in noted if len({str(figure.conditions.get(name)) for figure in figures}) > 1]
    # Where an arm is named, what else differs is what makes it that arm.
    told = [name for name in varying if name == "arm"] or varying
    return [
        " ".join([named(figure.name)] * several + [str(figure.conditions.get(name, "")) for name in told]).strip()
        for figure in figures
    ]


def _along(figure: v3.Measurement) -> tuple[Point, ...]:
    return tuple(
        replace(point_of(figure, float(number)), y=sample, low=None, high=None)
        for number, sample in enumerate(figure.samples, 1)
    )
