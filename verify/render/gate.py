"""A gate as Markdown, for a file, a pull request's comment or a job's summary; and briefly for a terminal."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from verify.language.speech import each, later, reworded, say
from verify.probe.paired import spread
from verify.render import forest, words
from verify.render.kept import word
from verify.render.markup import code, escaped, listing, table
from verify.render.markup import told as inert
from verify.render.text import aligned, painted
from verify.render.words import NONE
from verify.report.gate import Behaviour, Figure, Report, Verdict, amount
from verify.report.v2 import Finding

SAYS = {
    "accepted": later("Nothing that was asked got worse: the candidate may become the lock."),
    "refused": later("The candidate must not become the lock, for what is named below."),
    "inconclusive": later(
        "Nothing is known to be worse, and too little is known: what is named below could not be told."
    ),
}
COLOUR = {"accepted": "passed", "inconclusive": "conditional"}
WEIGHTS = {"error": later("refuses"), "warning": later("warns"), "note": later("tells")}
# What a scale of ratios reaches at least: ten percent.
LEAST_REACH = math.log(1.1)
SHOWN_FINDINGS = 12


def render(report: Report) -> str:
    """The gate as Markdown."""
    sections = (_head, _packages, _checks, _behaviours, _figures, _bisections, _others, _record)
    return "\n\n".join(part for section in sections for part in section(report)) + "\n"


def brief(report: Report, *, colour: bool = False) -> str:
    """The verdict with its reasons, and the figures, for a terminal."""
    said = verdict(report)
    value = painted(word(said.value).upper(), COLOUR.get(said.value, ""), colour)
    lines = [say("{}: {}", title(report), value), say(SAYS[said.value])]
    rows = [
        (say(WEIGHTS[one.severity]), words.visible(one.subject), f"{one.rule}: {words.told(one.message)}")
        for one in told(said)
    ]
    blocks = ["\n".join(lines), *([aligned([each("finding", "of", ""), *rows])] if rows else [])]
    if report.figures:
        blocks.append(aligned(_figure_rows(report)))
    return "\n\n".join([*blocks, _totals(report)]) + "\n"


def title(report: Report) -> str:
    """What was in question."""
    changed = [change.name for change in report.changes]
    some = ", ".join(changed[:3]) + ((" " + say("and {} more", len(changed) - 3)) if len(changed) > 3 else "")  # noqa: PLR2004 - a title
    return say("{}: {} changed", report.environment.name, some or say("no package"))


def verdict(report: Report) -> Verdict:
    """The verdict; every stored gate has one."""
    return report.verdict or Verdict(value="inconclusive", findings=())


def told(said: Verdict) -> Sequence[Finding]:
    """The findings to show first: all that refuse or warn, then notes."""
    return said.findings[: max(SHOWN_FINDINGS, sum(finding.severity != "note" for finding in said.findings))]


def _head(report: Report) -> Iterator[str]:
    said = verdict(report)
    yield "# " + say("{}: {}", escaped(title(report)), word(said.value))
    yield f"**{say(SAYS[said.value])}**"
    yield _totals(report)
    found = [
        f"- {say(WEIGHTS[one.severity])}: `{code(one.subject)}`: {inert(one.message)} (`{one.rule}`)"
        for one in told(said)
    ]
    if found:
        yield "\n".join(found)


def _totals(report: Report) -> str:
    outcomes = Counter(row.outcome for row in report.behaviours)
    behaviours = say("{} of {} comparisons of behaviour passed", outcomes["passed"], len(report.behaviours))
    timed = say(
        "{} figures from {} groups of processes ({})", len(report.figures), report.groups, reworded(report.stopped)
    )
    checks = say("{} of {} checks passed", report.passed, report.asked)
    return say("packages that differ: {} · {} · {} · {}", len(report.changes), checks, behaviours, timed)


def _packages(report: Report) -> Iterator[str]:
    if report.changes:
        rows = [
            (escaped(each.name), each.before or NONE, each.after or NONE, word(each.kind)) for each in report.changes
        ]
        yield "## " + say("Packages")
        yield table([each("package", "now", "candidate", "how"), *rows])


def _checks(report: Report) -> Iterator[str]:
    if report.checks:
        rows = [
            (f"`{row.id}`", row.current or NONE, row.candidate, row.alone or NONE, inert(row.reason or ""))
            for row in report.checks
        ]
        yield "## " + say("Checks that differ, or did not pass")
        yield table([each("check", "now", "candidate", "again, alone", "why"), *rows])


def _behaviours(report: Report) -> Iterator[str]:
    if report.behaviours:
        yield "## " + say("Behaviour: the same weights and data through both")
        yield table(
            [
                each("behaviour", "who reads what the other left", "outcome", "largest part of a limit", "why"),
                *map(_behaviour, report.behaviours),
            ]
        )


def _behaviour(row: Behaviour) -> Sequence[str]:
    readers = {
        "control": say("current its own"),
        "current": say("current the candidate's"),
        "candidate": say("candidate the current's"),
    }
    parts = {figure.name: figure.value / figure.limits.at_most for figure in row.measurements if figure.limits.at_most}
    worst = max(parts, key=lambda name: parts[name], default=None)
    share = NONE if worst is None else f"{escaped(worst)} {words.number(parts[worst])}"
    return (f"`{row.id}`", readers[row.reader], word(row.outcome), share, inert(row.reason or ""))


def _figures(report: Report) -> Iterator[str]:
    if report.figures:
        end = 100 * math.expm1(_reach(report))
        yield "## " + say("Speed and memory")
        yield say("The scale of ratios ends at {}%; to the right of its middle is worse.", f"{end:+.0f}")
        yield table([tuple(map(_cell, row)) for row in _figure_rows(report)])


def _cell(text: str) -> str:
    """Pictures keep their columns in a code span."""
    return f"`{text}`" if forest.DOT in text else escaped(text)


def _figure_rows(report: Report) -> list[Sequence[str]]:
    furthest = _reach(report)
    head = each("figure", "now", "candidate", "change", "95% interval", "picture", "says", "noise", "found with 80%")
    return [head, *(_figure(figure, furthest) for figure in report.figures)]


def _figure(figure: Figure, furthest: float) -> Sequence[str]:
    span = picture = NONE
    if figure.low is not None and figure.high is not None:
        span = say("{} to {}", amount(figure, figure.low), amount(figure, figure.high))
        if figure.scale == "ratio":
            picture = forest.line((figure.estimate, figure.low, figure.high), furthest)
    return (
        f"{figure.name}[{figure.device}]",
        _typical(figure, figure.current),
        _typical(figure, figure.candidate),
        amount(figure, figure.estimate),
        span,
        picture,
        word(figure.decision),
        f"±{amount(figure, spread(figure.copies)).removeprefix('+')}",
        amount(figure, figure.detectable),
    )


def _typical(figure: Figure, value: float) -> str:
    if figure.unit == "s":
        return words.short_time(value)
    return words.size(round(value)) if figure.unit == "B" else f"{value:,.0f} {figure.unit}"


def _reach(report: Report) -> float:
    shown = [
        (figure.estimate, figure.low, figure.high)
        for figure in report.figures
        if figure.scale == "ratio" and figure.low is not None and figure.high is not None
    ]
    return forest.reach(shown, LEAST_REACH)


def _bisections(report: Report) -> Iterator[str]:
    if report.bisections:
        rows = [
            (f"`{code(each.subject)}`", escaped(", ".join(each.packages)) or NONE, str(each.trials), inert(each.note))
            for each in report.bisections
        ]
        yield "## " + say("Which packages bring it about")
        yield table([each("finding", "the smallest set", "subsets tried", "note"), *rows])


def _others(report: Report) -> Iterator[str]:
    rows = [(f"`{each.id}`", word(each.heard), word(each.severity), inert(each.reason)) for each in report.advisories]
    if rows:
        yield "## " + say("Advisories")
        yield table([each("advisory", "with the candidate it", "severity", "why"), *rows])
    licences = [
        (escaped(each.name), escaped(each.before or NONE), escaped(each.after or NONE)) for each in report.licences
    ]
    if licences:
        yield "## " + say("Licences")
        yield table([each("package", "now", "candidate"), *licences])


def _record(report: Report) -> Iterator[str]:
    facts, state = report.facts, report.conditions
    yield "## " + say("Record")
    yield listing(
        {
            say("gate"): report.id,
            say("when"): say("{} to {}", report.created, report.finished),
            say("platform"): report.platform,
            say("current lock"): say("sha256 {}, {} packages", report.current.digest, report.current.packages),
            say("candidate lock"): say("sha256 {}, {} packages", report.candidate.digest, report.candidate.packages),
            say("system"): say("{}, kernel {}, {}", facts.system_version, facts.kernel, facts.architecture),
            say("processor"): say("{}, {} cores", facts.processor.name, facts.processor.physical_cores),
            say("memory"): words.size(facts.memory_bytes),
            say("load"): say("{} before, {} after", state.load_before, state.load_after),
            say("suite"): say("{}, sha256 {}", report.suite.version, report.suite.digest),
            say("interrupted"): say("yes") if report.interrupted else NONE,
        }
    )
