"""The figures of a report in Markdown: of benchmarks, under their roofs, and of the checks that ask for no speed."""

from collections.abc import Iterator

from verify.language.speech import each, say
from verify.render import summary, words
from verify.render.kept import words_of
from verify.render.markup import Row, escaped, table, told
from verify.render.words import NONE
from verify.report import v3
from verify.report.roofline import COUNTS, Position, positions


def sections(report: v3.Report) -> Iterator[str]:
    """The parts of the page that hold figures."""
    for section in (_benchmarks, _roofline, _figures):
        yield from section(report)


def _benchmarks(report: v3.Report) -> Iterator[str]:
    rows = [_benchmark(result, figure) for result, figure in summary.figures(report, benchmarks=True)]
    if not rows:
        return
    head = each("check", "figure", "median", "quartiles", "best seen", "n", "unit", "of peak", "conditions")
    yield "## " + say("Benchmarks")
    yield table([(*head, say("provenance"), say("inconclusive")), *rows])
    peaks = sorted({_peak(figure) for _, figure in summary.figures(report, benchmarks=True) if figure.percent_of_peak})
    if peaks:
        yield "\n".join(peaks)


def _peak(figure: v3.Measurement) -> str:
    share = figure.percent_of_peak
    return (
        ("- " + say("peak {} {}: {}", words.number(share.peak), escaped(figure.unit), told(share.source)))
        if share
        else ""
    )


def _benchmark(result: v3.Result, figure: v3.Measurement) -> Row:
    share = figure.percent_of_peak
    return (
        f"`{result.id}`",
        escaped(figure.name),
        words.value(figure),
        words.quartiles(figure),
        words.best(figure),
        str(len(figure.samples) or NONE),
        escaped(figure.unit),
        words.share_of_peak(figure) + (r"\*" if share and "not verified" in share.source else ""),
        escaped(words.pairs(figure.conditions)),
        escaped(words.origin(figure)),
        told(figure.inconclusive),
    )


def _roofline(report: v3.Report) -> Iterator[str]:
    found = positions(report)
    if not found:
        return
    head = each(
        "check", "figure", "a call takes", "operations a byte", "of attainable", "label", "against", "conditions"
    )
    yield "## " + say("Roofline")
    yield table([(*head, say("inconclusive")), *map(_position, found)])
    yield say("A share of the best seen here says how even the figures are, not how good the device is.")


def _position(position: Position) -> Row:
    figure, share = position.figure, position.share
    conditions = {name: note for name, note in figure.conditions.items() if name not in COUNTS}
    return (
        f"`{position.result.id}`",
        escaped(figure.name),
        words.short_time(position.seconds),
        NONE if position.intensity is None else words.number(position.intensity),
        NONE if share is None else f"{100 * share:.1f}%",
        words_of(position.label),
        say("peak unknown") if position.roof is None else told(position.roof.origin),
        escaped(words.pairs(conditions)),
        told(figure.inconclusive),
    )


def _figures(report: v3.Report) -> Iterator[str]:
    rows = [
        (
            f"`{result.id}`",
            escaped(figure.name),
            words.value(figure),
            escaped(figure.unit),
            words.limits(figure),
            escaped(words.pairs(figure.conditions)),
            escaped(words.origin(figure)),
            told(figure.inconclusive),
        )
        for result, figure in summary.figures(report, benchmarks=False)
    ]
    if rows:
        yield "## " + say("Figures of the checks")
        head = each("check", "figure", "value", "unit", "limit", "conditions", "provenance", "inconclusive")
        yield table([head, *rows])
    notes = [(f"`{result.id}`", escaped(words.pairs(result.notes))) for result in report.results if result.notes]
    if notes:
        yield table([each("check", "noted"), *notes])
