"""What a rule of the audit has to say, with the sum that anybody can redo."""

from dataclasses import dataclass
from typing import Protocol

from verify.claims.claim import Document, Place
from verify.claims.finding import AuditFinding
from verify.judge.audit.arithmetic import Redone
from verify.report.hygiene import scrub
from verify.report.v2 import Grade, Severity

__all__ = ["AuditFinding", "Line", "Stated", "found", "line_at", "order"]

_GRAVITY: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a document, for what is no claim."""

    place: Place
    text: str


class Stated(Protocol):
    """Whatever stands somewhere and says something: a claim, a statement, a line."""

    @property
    def place(self) -> Place:
        """Where."""

    @property
    def text(self) -> str:
        """What, as written."""


def found(
    rule: str,
    subject: str,
    at: Stated,
    message: str,
    *,
    severity: Severity = "error",
    grade: Grade = "certain",
    redone: Redone | None = None,
) -> AuditFinding:
    """A finding about what is stated at a place.

    Args:
        rule: Family and name of the rule.
        subject: What the finding is about: a topic, a capability, a package.
        at: What is doubted.
        message: What is wrong with it, with the numbers.
        severity: How much it weighs.
        grade: ``certain`` for arithmetic, contradiction and documented behaviour, ``likely`` for domain knowledge.
        redone: The sum behind the message.
    """
    told = {"rule": rule, "subject": subject, "message": message, "severity": severity, "grade": grade}
    shown = {} if redone is None else _shown(redone)
    return AuditFinding(**told, place=at.place, claim=scrub(at.text.strip(), {}), **shown)  # type: ignore[arg-type]


def order(finding: AuditFinding) -> tuple[str, int, int, str, str]:
    """The order in which findings are listed: as one reads the document, the gravest of a line first."""
    place = finding.place
    return place.file, place.line, _GRAVITY.index(finding.severity), finding.rule, finding.message


def line_at(document: Document, line: int) -> Line:
    """A line of a document; without words where a report is no text."""
    words = document.lines[line - 1] if 0 < line <= len(document.lines) else ""
    return Line(Place(document.file, line), words)


def _shown(redone: Redone) -> dict[str, object]:
    return {
        "formula": redone.formula,
        "inputs": dict(redone.inputs),
        "recomputed": redone.value,
        "unit": redone.unit,
    }
