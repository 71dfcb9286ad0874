"""The three weights of a finding."""

from verify.report.v2 import Finding, Grade, Severity

_ORDER: tuple[Severity, ...] = ("error", "warning", "note")


def error(rule: str, subject: str, message: str, grade: Grade = "certain") -> Finding:
    """What refuses a certificate."""
    return Finding(rule=rule, subject=subject, message=message, severity="error", grade=grade)


def warning(rule: str, subject: str, message: str, grade: Grade = "certain") -> Finding:
    """What makes a certificate conditional."""
    return Finding(rule=rule, subject=subject, message=message, severity="warning", grade=grade)


def note(rule: str, subject: str, message: str, grade: Grade = "certain") -> Finding:
    """What a reader should know."""
    return Finding(rule=rule, subject=subject, message=message, severity="note", grade=grade)


def weight(finding: Finding) -> tuple[int, str, str]:
    """The order in which findings are shown: the gravest first."""
    return _ORDER.index(finding.severity), finding.rule, finding.subject


def family(finding: Finding) -> str:
    """The family of the rule: ``physics`` of ``physics.above_the_peak``."""
    return finding.rule.partition(".")[0]
