"""From findings to a verdict, and to what keeps a report from being written."""

from collections.abc import Iterator, Sequence

from verify.claims.of_report import claims_of
from verify.judge.audit.audit import audit_document
from verify.judge.audit.known import Known
from verify.judge.finding import error, family, weight
from verify.judge.policy import Policy
from verify.judge.rules import RULES, Rule
from verify.report import v1
from verify.report.upgrade import newest
from verify.report.v2 import Finding, Value, Verdict
from verify.report.versions import AnyReport

# Families whose errors are contradictions of the report with itself: such a report is no record of anything.
CONTRADICTIONS = frozenset({"counts", "recompute", "physics", "hygiene", "verdict"})


def judge(report: AnyReport, policy: Policy, rules: Sequence[Rule] = RULES) -> Verdict:
    """What the rules make of a report, whatever verdict it carries.

    Args:
        report: Of any version; a draft too.
        policy: What to hold it against.
        rules: Without any, nothing can be certified.
    """
    if not rules:
        return Verdict(value="refused", findings=(error("rules.none", "policy", "there is no rule to judge by"),))
    upgraded = newest(report)
    findings = sorted((finding for rule in rules for finding in rule(upgraded, policy)), key=weight)
    return Verdict(value=_value(findings), findings=tuple(findings))


def audit(report: AnyReport, policy: Policy, told: Sequence[Finding] | None = None) -> list[Finding]:
    """The contradictions in a report, each of which keeps it from being written.

    A verdict that is not the one which the rules give is a contradiction too.

    Args:
        report: Of any version.
        policy: What to hold it against.
        told: What the rules that reports of other people are held against find in it, where that is known already.
    """
    verdict = judge(report, policy)
    found = [
        finding for finding in verdict.findings if finding.severity == "error" and family(finding) in CONTRADICTIONS
    ]
    if told is None:
        told = audit_document(claims_of(newest(report)), Known(policy.hardware))
    found += _contradicted(told)
    if isinstance(report, v1.Report):
        return found
    if report.verdict != verdict:
        stated = report.verdict.value if report.verdict else "none"
        message = f"the report says {stated}, the rules say {verdict.value}, or for other reasons"
        found.append(error("verdict.differs", "verdict", message))
    return found


def _contradicted(told: Sequence[Finding]) -> Iterator[Finding]:
    """What the rules that reports of other people are held against find for certain in ours."""
    for finding in told:
        if finding.severity == "error" and finding.grade == "certain" and family(finding) in CONTRADICTIONS:
            yield Finding(**{name: getattr(finding, name) for name in Finding.model_fields})


def _value(findings: Sequence[Finding]) -> Value:
    severities = {finding.severity for finding in findings}
    if "error" in severities:
        return "refused"
    return "conditional" if "warning" in severities else "certified"
