"""The terminal's summary: the verdict, what did not pass and what to do, then the tables."""

from collections import Counter
from collections.abc import Iterator, Sequence

from verify.language.speech import each, say
from verify.language.width import columns, padded
from verify.render import summary, words
from verify.report import v3
from verify.report.upgrade import newest
from verify.report.versions import AnyReport

LOG_LINES = 15
_COLOURS = {"certified": "32", "passed": "32", "conditional": "33", "known issue": "33", "refused": "31"}
_FAILED = "31"


def render(report: AnyReport, *, colour: bool = False, logs: bool = False) -> str:
    """The report as plain text for a terminal.

    Args:
        report: Of any version.
        colour: Whether to mark verdict and outcomes with ANSI colours.
        logs: Whether to show the end of the logs of what did not pass.
    """
    newer = newest(report)
    blocks = [_head(newer, colour), *_not_passed(newer, colour, logs), *_tables(newer), _foot(newer)]
    return "\n\n".join(blocks) + "\n"


def brief(report: AnyReport, *, colour: bool = False) -> str:
    """What to read first: the verdict with its reasons, and what did not pass."""
    newer = newest(report)
    return "\n\n".join([_head(newer, colour), *_not_passed(newer, colour, logs=False)]) + "\n"


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Columns padded to the widest cell, two spaces apart; columns without content left out."""
    kept = words.filled(rows)
    widths = [max(columns(row[index]) for row in kept) for index in range(len(kept[0]))]
    return "\n".join(
        "  " + "  ".join(padded(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in kept
    )


def painted(text: str, word: str, colour: bool) -> str:
    """The text in the colour of an outcome or a verdict, if colours are wanted."""
    return f"\x1b[{_COLOURS.get(word, _FAILED)}m{text}\x1b[0m" if colour else text


def _head(report: v3.Report, colour: bool) -> str:
    verdict, value = summary.verdict(report), report.verdict.value if report.verdict else ""
    lines = [
        say("{}: {}", summary.subject(report), painted(verdict.upper(), value, colour)),
        summary.headline(report),
        say("{} · level {} · {}", summary.totals(report), report.level, summary.when(report)),
    ]
    rows = [
        (summary.weight(finding), words.visible(finding.subject), words.told(finding.message))
        for finding in summary.findings(report)
    ]
    return "\n".join([*lines, *(["", aligned([each("because", "of", ""), *rows])] if rows else [])])


def _not_passed(report: v3.Report, colour: bool, logs: bool) -> Iterator[str]:
    for result in summary.not_passed(report):
        word = "known issue" if result.known_issue else result.outcome
        lines = [
            say("{}: {}", painted(words.outcome(result), word, colour), result.id),
            "  " + say("why: {}", words.told(result.reason or "")),
        ]
        lines += ["  " + say("do:  {}", words.told(result.advice))] if result.advice else []
        if logs and result.log:
            lines += [f"  | {line}" for line in words.visible_lines(result.log, LOG_LINES).split("\n")]
        yield "\n".join(lines)


def _tables(report: v3.Report) -> Iterator[str]:
    if summary.ran(report):
        yield aligned([each("check", "outcome", "time", "memory"), *map(_check, summary.ran(report))])
    for title, results in (
        (say("needed, but not run"), summary.missed(report)),
        (say("not asked"), summary.left_out(report)),
    ):
        if results:
            yield say("{}:", title) + "\n" + aligned([each("checks", "why"), *_reasons(results)])
    yield from map(_figures, summary.benchmarks(report))
    if report.frameworks:
        yield "  " + ", ".join(words.visible(f"{package.name} {package.version}") for package in report.frameworks)


def _reasons(results: Sequence[v3.Result]) -> list[tuple[str, str]]:
    reasons = Counter(result.reason or "" for result in results)
    return [(str(count), words.told(reason)) for reason, count in reasons.most_common()]


def _check(result: v3.Result) -> Sequence[str]:
    return result.id, words.outcome(result), words.duration(result.seconds), words.size(result.peak_memory_bytes)


def _figures(result: v3.Result) -> str:
    head = each("", "figure", "median", "best", "n", "unit", "of peak", "conditions")
    doubt = ("\n  " + say("? inconclusive, for the reasons above")) if any(map(_doubted, result.measurements)) else ""
    return f"{result.id}\n{aligned([head, *map(_figure, result.measurements)])}{doubt}"


def _doubted(figure: v3.Measurement) -> bool:
    return figure.inconclusive is not None


def _figure(figure: v3.Measurement) -> Sequence[str]:
    return (
        "?" if _doubted(figure) else "",
        words.visible(figure.name),
        words.value(figure),
        words.best(figure),
        str(len(figure.samples)),
        words.visible(figure.unit),
        words.share_of_peak(figure),
        words.visible(words.pairs(figure.conditions)),
    )


def _foot(report: v3.Report) -> str:
    return say("report {}, number {} · digest {}", report.id, report.sequence, report.digest)
