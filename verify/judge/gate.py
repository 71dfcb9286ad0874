"""What the policy makes of a gate: findings, and a verdict that nothing but evidence makes an acceptance."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from verify.judge.finding import error, family, note, warning, weight
from verify.judge.gate_policy import GatePolicy
from verify.judge.sequential import SHOWN_CONFIDENCE, disturbed
from verify.probe.paired import located
from verify.report.gate import Behaviour, Compared, Figure, Report, Value, Verdict, amount
from verify.report.v2 import Finding

# Findings of this family say that something could not be told.
UNKNOWN = "inconclusive"

READS = {
    "candidate": "the candidate reads what the current left",
    "current": "the current reads what the candidate left",
}

Rule = Callable[[Report, GatePolicy], Iterable[Finding]]


def verdict(report: Report, policy: GatePolicy) -> Verdict:
    """What the rules make of a gate.

    Any error refuses; without one, whatever could not be told makes it inconclusive; what is left is accepted.
    """
    heard = [_heard(finding, report, policy) for rule in RULES for finding in rule(report, policy)]
    if not report.figures and not any(finding.severity == "error" for finding in heard):
        heard.append(warning(f"{UNKNOWN}.figures", "figures", f"nothing was timed: {report.stopped}"))
    findings = sorted(heard, key=weight)
    return Verdict(value=_value(findings), findings=tuple(findings))


def evidence(report: Report, _policy: GatePolicy) -> Iterator[Finding]:
    """A gate that has asked nothing says nothing."""
    if report.interrupted:
        yield warning(f"{UNKNOWN}.interrupted", "gate", "it was ended before all had been asked")
    if not report.asked:
        yield warning(f"{UNKNOWN}.suite", "checks", "the candidate was asked no check of the suite")
    if all(row.outcome == "skipped" for row in report.behaviours):
        yield warning(f"{UNKNOWN}.behaviour", "behaviour", "no behaviour was compared")
    if not report.changes:
        yield note("changes.none", "locks", "no package differs")


def checks(report: Report, _policy: GatePolicy) -> Iterator[Finding]:
    """What passed must pass, and what was asked must be asked."""
    for row in report.checks:
        yield from _check(row)


def _check(row: Compared) -> Iterator[Finding]:
    told = f"{row.current} now, {row.candidate} with the candidate: {row.reason}"
    if row.candidate == "passed":
        if row.current != "passed":
            yield note("checks.fixed", row.id, f"{row.current} now, passes with the candidate")
    elif row.known_issue_now and not row.known_issue:
        yield error(
            "checks.no_longer_excused", row.id, f"{told} (known issue {row.known_issue_now} covers it only now)"
        )
    elif row.current == "skipped" and row.candidate != "skipped":
        yield error("checks.newly_failing", row.id, told)
    elif row.current != "passed":
        yield note("checks.failing_before", row.id, told)
    elif row.candidate == "skipped":
        find = error if row.required else warning
        yield find("checks.newly_skipped", row.id, told)
    elif row.alone == "passed":
        yield warning("checks.unsteady", row.id, f"{row.candidate} beside other checks, passed alone: {row.reason}")
    elif row.known_issue:
        yield warning("checks.newly_failing_as_known", row.id, f"{told} (known issue {row.known_issue})")
    else:
        yield error("checks.newly_failing", row.id, told)


def lost(report: Report, _policy: GatePolicy) -> Iterator[Finding]:
    """What can be timed now must be there to be timed with the candidate; what cannot be timed at all is not known."""
    for row in report.lost:
        if row.current is None:
            yield error("figures.lost", row.name, f"cannot be done with the candidate: {row.candidate}")
        elif row.candidate is None:
            yield note("figures.gained", row.name, f"can be done with the candidate only, now: {row.current}")
        else:
            yield warning(f"{UNKNOWN}.untimed", row.name, f"cannot be done with either: {row.current}")


def behaviour(report: Report, _policy: GatePolicy) -> Iterator[Finding]:
    """The same weights and data behave the same, in both directions."""
    by_id: dict[str, dict[str, Behaviour]] = {}
    for row in report.behaviours:
        by_id.setdefault(row.id, {})[row.reader] = row
    for name, rows in by_id.items():
        control = rows.pop("control", None)
        if control is not None and control.outcome == "skipped":
            # What cannot be asked of the current side, for want of a package, says nothing of the candidate.
            continue
        if control is not None and control.outcome != "passed":
            message = f"the current packages do not agree with themselves: {control.outcome}: {control.reason}"
            yield warning(f"{UNKNOWN}.behaviour", name, message)
        else:
            yield from _drift(name, [row for row in rows.values() if row.outcome != "passed"])


def _drift(name: str, wrong: Sequence[Behaviour]) -> Iterator[Finding]:
    if wrong:
        rule = "behaviour.drift" if all(row.outcome == "failed" for row in wrong) else "behaviour.broken"
        yield error(rule, name, "; ".join(f"{READS[row.reader]}: {row.outcome}: {row.reason}" for row in wrong))


def figures(report: Report, policy: GatePolicy) -> Iterator[Finding]:
    """Nothing is slower or larger than the policy allows, and the noise of the run can show it."""
    disturbed = list(_disturbed(report, policy))
    yield from disturbed
    for figure in report.figures:
        subject = f"{figure.name}[{figure.device}]"
        if figure.decision == "regressed":
            yield error("figures.regressed", subject, told(figure))
        elif figure.decision != "held":
            message = f"{told(figure)}; by this noise {report.budget} groups find {amount(figure, figure.detectable)}"
            yield warning(f"{UNKNOWN}.figure", subject, message)
        elif figure.scale == "ratio" and figure.high is not None and figure.high < -policy.speed.limits().floor:
            yield note("figures.improved", subject, told(figure))


def _disturbed(report: Report, policy: GatePolicy) -> Iterator[Finding]:
    """Two copies of one set of packages that seem to differ: then so may the two sides, for the same reason."""
    for figure in report.figures:
        if disturbed(figure.copies, policy.limits_of(figure.scale, figure.unit)):
            apart = amount(figure, located(figure.copies, SHOWN_CONFIDENCE)[0])
            message = f"two copies of the current packages differ by {apart}"
            yield warning(f"{UNKNOWN}.noise", f"{figure.name}[{figure.device}]", message)


def advisories(report: Report, _policy: GatePolicy) -> Iterator[Finding]:
    """What is known to go wrong with the candidate, and was not so before."""
    for advisory in report.advisories:
        if advisory.heard == "comes":
            find = error if advisory.severity == "refuse" else warning
            yield find("advisories.comes", advisory.id, advisory.reason)
        elif advisory.heard == "goes":
            yield note("advisories.goes", advisory.id, advisory.reason)


def licences(report: Report, _policy: GatePolicy) -> Iterator[Finding]:
    """A licence that changes is for somebody to read."""
    for row in report.licences:
        if row.before is not None and row.after is not None:
            yield warning("licences.changed", row.name, f"was {row.before}, is {row.after}")


RULES: Sequence[Rule] = (evidence, checks, lost, behaviour, figures, advisories, licences)


def told(figure: Figure) -> str:
    """A figure's change in words, with its interval."""
    span = (
        f" [{amount(figure, figure.low)}, {amount(figure, figure.high)}]"
        if figure.low is not None and figure.high is not None
        else ""
    )
    return f"{amount(figure, figure.estimate)}{span} in {len(figure.differences)} groups"


def _heard(finding: Finding, report: Report, policy: GatePolicy) -> Finding:
    """The finding, softened where the policy accepts it."""
    day = report.finished[:10]
    for entry in policy.accepted:
        if entry.covers(finding.rule, finding.subject) and entry.counts_on(day):
            message = f"{finding.message} (accepted until {entry.expires}: {entry.reason})"
            return note(f"accepted.{finding.rule}", finding.subject, message, finding.grade)
    return finding


def _value(findings: Sequence[Finding]) -> Value:
    if any(finding.severity == "error" for finding in findings):
        return "refused"
    return "inconclusive" if any(family(finding) == UNKNOWN for finding in findings) else "accepted"
