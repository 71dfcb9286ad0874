"""Rules about what was asked and what came of it."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from verify.judge.figures import broken_limits
from verify.judge.finding import error, note, warning
from verify.judge.policy import Policy
from verify.report import v3
from verify.report.fields import OUTCOMES
from verify.report.v2 import Finding, KnownIssue

# An excuse is looked at again at least once a year.
LONGEST_EXCUSE = timedelta(days=366)


def counts(report: v3.Report, _policy: Policy) -> Iterator[Finding]:
    """The totals are those of the results."""
    outcomes: list[str] = [result.outcome for result in report.results]
    stated = report.counts.model_dump()
    listed = {"planned": len(report.planned)} | {str(outcome): outcomes.count(outcome) for outcome in OUTCOMES}
    for name, number in listed.items():
        if stated[name] != number:
            yield error("counts.differ", "counts", f"{stated[name]} {name} stated, {number} listed")


def plan(report: v3.Report, policy: Policy) -> Iterator[Finding]:
    """Something was asked, all of it that the level asks, to the end; and something passed."""
    if not report.planned:
        yield error("plan.empty", "planned", "no check was planned")
    elif not any(result.outcome == "passed" for result in report.results):
        yield error("plan.nothing_passed", "results", "no check passed")
    missing = sorted((policy.expected or frozenset()) - set(report.planned))
    if missing:
        message = f"{len(missing)} of {len(policy.expected or ())} checks were left out: {_some(missing)}"
        yield error("plan.partial", "planned", message)
    if report.interrupted:
        missed = sum(result.outcome == "skipped" and result.required for result in report.results)
        yield error("plan.interrupted", "report", f"the run was interrupted, {missed} required checks did not run")


def outcomes(report: v3.Report, _policy: Policy) -> Iterator[Finding]:
    """Every required check passed, but for known issues."""
    day = report.finished[:10]
    for result in report.results:
        if result.outcome == "passed":
            yield from _fixed(result)
        elif result.outcome == "skipped" and (report.interrupted or not result.required):
            # Of an interrupted run one finding says how many checks are missing.
            continue
        else:
            yield _not_passed(result, day)


def inconclusive(report: v3.Report, _policy: Policy) -> Iterator[Finding]:
    """Every figure can be believed."""
    for result in report.results:
        doubted = [figure for figure in result.measurements if figure.inconclusive is not None]
        if doubted:
            yield warning("inconclusive.measurement", result.id, _doubts(doubted, len(result.measurements)))
    if report.conditions.inconclusive is not None:
        yield warning("inconclusive.run", "conditions", report.conditions.inconclusive)


def _doubts(doubted: Sequence[v3.Measurement], of: int) -> str:
    names = dict.fromkeys(figure.name for figure in doubted)
    reasons = list(dict.fromkeys(figure.inconclusive for figure in doubted))
    more = f" (and {len(reasons) - 1} like it)" if len(reasons) > 1 else ""
    return f"{', '.join(names)} ({len(doubted)} of {of} figures): {reasons[0]}{more}"


def _not_passed(result: v3.Result, day: str) -> Finding:
    message = f"{result.outcome.replace('_', ' ')}: {result.reason}"
    # What was never asked may hide anything: no known issue speaks for it.
    if result.known_issue is not None and result.outcome != "skipped":
        return _excused(result.id, message, result.known_issue, day)
    if _only_disturbed(result):
        return warning("outcomes.disturbed", result.id, f"{message}; the figure is inconclusive")
    return error(f"outcomes.{result.outcome}", result.id, message)


def _excused(check: str, message: str, issue: KnownIssue, day: str) -> Finding:
    if issue.expires < day:
        expired = f"{message}; the known issue {issue.id} expired on {issue.expires}"
        return error("outcomes.known_issue_expired", check, expired)
    if date.fromisoformat(issue.expires) - date.fromisoformat(day) > LONGEST_EXCUSE:
        far = f"{message}; the known issue {issue.id} expires on {issue.expires}, more than {LONGEST_EXCUSE.days} days"
        return error("outcomes.known_issue_too_long", check, f"{far} after the run")
    return warning("outcomes.known_issue", check, f"{message}; known issue {issue.id}: {issue.reason}")


def _fixed(result: v3.Result) -> Iterator[Finding]:
    if result.known_issue is not None:
        fixed = f"passed: the known issue {result.known_issue.id} is fixed here"
        yield note("outcomes.fixed", result.id, f"{fixed}; delete it, or narrow it to where it still fails")


def _only_disturbed(result: v3.Result) -> bool:
    """Whether the check failed for nothing but limits that disturbed figures broke: a busy machine is not a bad one."""
    broken = [figure for figure in result.measurements for _ in broken_limits(figure)]
    if result.outcome != "failed" or not broken or any(figure.inconclusive is None for figure in broken):
        return False
    # A check may have failed for something else as well: then the reasons are not one for each broken limit.
    reasons = (result.reason or "").split("; ")
    told = [f"{figure.name} is {figure.value:g} {figure.unit}, " for figure in broken]
    return len(reasons) == len(told) and all(
        reason.startswith(start) for reason, start in zip(reasons, told, strict=True)
    )


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")  # noqa: PLR2004 - three are enough to see which
