"""A gate as Markdown, for a file, a pull request's comment or a job's summary; and briefly for a terminal."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from verify.probe.paired import spread
from verify.render import forest, words
from verify.render.markup import code, escaped, listing, table
from verify.render.text import aligned, painted
from verify.render.words import NONE
from verify.report.gate import Behaviour, Figure, Report, Verdict, amount
from verify.report.v2 import Finding

SAYS = {
    "accepted": "Nothing that was asked got worse: the candidate may become the lock.",
    "refused": "The candidate must not become the lock, for what is named below.",
    "inconclusive": "Nothing is known to be worse, and too little is known: what is named below could not be told.",
}
COLOUR = {"accepted": "passed", "inconclusive": "conditional"}
WEIGHTS = {"error": "refuses", "warning": "warns", "note": "tells"}
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
    lines = [f"{title(report)}: {painted(said.value.upper(), COLOUR.get(said.value, ''), colour)}", SAYS[said.value]]
    rows = [
        (WEIGHTS[one.severity], words.visible(one.subject), f"{one.rule}: {words.visible(one.message)}")
        for one in told(said)
    ]
    blocks = ["\n".join(lines), *([aligned([("finding", "of", ""), *rows])] if rows else [])]
    if report.figures:
        blocks.append(aligned(_figure_rows(report)))
    return "\n\n".join([*blocks, _totals(report)]) + "\n"


def title(report: Report) -> str:
    """What was in question."""
    changed = [change.name for change in report.changes]
    some = ", ".join(changed[:3]) + (f" and {len(changed) - 3} more" if len(changed) > 3 else "")  # noqa: PLR2004 - a title
    return f"{report.environment.name}: {some or 'no package'} changed"


def verdict(report: Report) -> Verdict:
    """The verdict; every stored gate has one."""
    return report.verdict or Verdict(value="inconclusive", findings=())


def told(said: Verdict) -> Sequence[Finding]:
    """The findings to show first: all that refuse or warn, then notes."""
    return said.findings[: max(SHOWN_FINDINGS, sum(finding.severity != "note" for finding in said.findings))]


def _head(report: Report) -> Iterator[str]:
    said = verdict(report)
    yield f"# {escaped(title(report))}: {said.value}"
    yield f"**{SAYS[said.value]}**"
    yield _totals(report)
    found = [
        f"- {WEIGHTS[one.severity]}: `{code(one.subject)}`: {escaped(one.message)} (`{one.rule}`)" for one in told(said)
    ]
    if found:
        yield "\n".join(found)


def _totals(report: Report) -> str:
    outcomes = Counter(row.outcome for row in report.behaviours)
    behaviours = f"{outcomes['passed']} of {len(report.behaviours)} comparisons of behaviour passed"
    timed = f"{len(report.figures)} figures from {report.groups} groups of processes ({report.stopped})"
    checks = f"{report.passed} of {report.asked} checks passed"
    return f"packages that differ: {len(report.changes)} · {checks} · {behaviours} · {timed}"


def _packages(report: Report) -> Iterator[str]:
    if report.changes:
        rows = [(escaped(each.name), each.before or NONE, each.after or NONE, each.kind) for each in report.changes]
        yield "## Packages"
        yield table([("package", "now", "candidate", "how"), *rows])


def _checks(report: Report) -> Iterator[str]:
    if report.checks:
        rows = [
            (f"`{row.id}`", row.current or NONE, row.candidate, row.alone or NONE, escaped(row.reason or ""))
            for row in report.checks
        ]
        yield "## Checks that differ, or did not pass"
        yield table([("check", "now", "candidate", "again, alone", "why"), *rows])


def _behaviours(report: Report) -> Iterator[str]:
    if report.behaviours:
        yield "## Behaviour: the same weights and data through both"
        yield table(
            [
                ("behaviour", "who reads what the other left", "outcome", "largest part of a limit", "why"),
                *map(_behaviour, report.behaviours),
            ]
        )


def _behaviour(row: Behaviour) -> Sequence[str]:
    readers = {
        "control": "current its own",
        "current": "current the candidate's",
        "candidate": "candidate the current's",
    }
    parts = {figure.name: figure.value / figure.limits.at_most for figure in row.measurements if figure.limits.at_most}
    worst = max(parts, key=lambda name: parts[name], default=None)
    share = NONE if worst is None else f"{escaped(worst)} {words.number(parts[worst])}"
    return (f"`{row.id}`", readers[row.reader], row.outcome, share, escaped(row.reason or ""))


def _figures(report: Report) -> Iterator[str]:
    if report.figures:
        end = 100 * math.expm1(_reach(report))
        yield "## Speed and memory"
        yield f"The scale of ratios ends at {end:+.0f}%; to the right of its middle is worse."
        yield table([tuple(map(_cell, row)) for row in _figure_rows(report)])


def _cell(text: str) -> str:
    """Pictures keep their columns in a code span."""
    return f"`{text}`" if forest.DOT in text else escaped(text)


def _figure_rows(report: Report) -> list[Sequence[str]]:
    furthest = _reach(report)
    head = ("figure", "now", "candidate", "change", "95% interval", "picture", "says", "noise", "found with 80%")
    return [head, *(_figure(figure, furthest) for figure in report.figures)]


def _figure(figure: Figure, furthest: float) -> Sequence[str]:
    span = picture = NONE
    if figure.low is not None and figure.high is not None:
        span = f"{amount(figure, figure.low)} to {amount(figure, figure.high)}"
        if figure.scale == "ratio":
            picture = forest.line((figure.estimate, figure.low, figure.high), furthest)
    return (
        f"{figure.name}[{figure.device}]",
        _typical(figure, figure.current),
        _typical(figure, figure.candidate),
        amount(figure, figure.estimate),
        span,
        picture,
        figure.decision,
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
            (f"`{code(each.subject)}`", escaped(", ".join(each.packages)) or NONE, str(each.trials), escaped(each.note))
            for each in report.bisections
        ]
        yield "## Which packages bring it about"
        yield table([("finding", "the smallest set", "subsets tried", "note"), *rows])


def _others(report: Report) -> Iterator[str]:
    rows = [(f"`{each.id}`", each.heard, each.severity, escaped(each.reason)) for each in report.advisories]
    if rows:
        yield "## Advisories"
        yield table([("advisory", "with the candidate it", "severity", "why"), *rows])
    licences = [
        (escaped(each.name), escaped(each.before or NONE), escaped(each.after or NONE)) for each in report.licences
    ]
    if licences:
        yield "## Licences"
        yield table([("package", "now", "candidate"), *licences])


def _record(report: Report) -> Iterator[str]:
    facts, state = report.facts, report.conditions
    yield "## Record"
    yield listing(
        {
            "gate": report.id,
            "when": f"{report.created} to {report.finished}",
            "platform": report.platform,
            "current lock": f"sha256 {report.current.digest}, {report.current.packages} packages",
            "candidate lock": f"sha256 {report.candidate.digest}, {report.candidate.packages} packages",
            "system": f"{facts.system_version}, kernel {facts.kernel}, {facts.architecture}",
            "processor": f"{facts.processor.name}, {facts.processor.physical_cores} cores",
            "memory": words.size(facts.memory_bytes),
            "load": f"{state.load_before} before, {state.load_after} after",
            "suite": f"{report.suite.version}, sha256 {report.suite.digest}",
            "interrupted": "yes" if report.interrupted else NONE,
        }
    )
