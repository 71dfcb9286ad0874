"""From a document to the findings of every rule, in the order in which one reads it."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from verify.claims.claim import Document
from verify.judge.audit.chips import own_chip, same_chip
from verify.judge.audit.finding import AuditFinding, found, line_at, order
from verify.judge.audit.known import Known
from verify.judge.audit.rules import RULES, AuditRule

# Rules compare claims with one another: what nobody could read is not compared for hours.
MOST = 20_000


def audit_document(document: Document, known: Known, rules: Sequence[AuditRule] = RULES) -> list[AuditFinding]:
    """What the rules make of a document.

    Args:
        document: As it was read.
        known: What to hold it against.
        rules: Without any, nothing can be found right.
    """
    said = len(document.claims) + len(document.statements) + len(document.logged)
    if said > MOST:
        message = f"{said} figures and statements are told, more than the {MOST} that are compared with one another"
        return [found("rules.too_many", "policy", line_at(document, 1), message)]
    if not rules:
        return [found("rules.none", "policy", line_at(document, 1), "there is no rule to judge by")]
    findings = (finding for rule in rules for finding in rule(document, known))
    # Two statements of one line, such as of two capabilities, may have one fault.
    told = {(finding.place, finding.rule, finding.subject, finding.message): finding for finding in findings}
    return sorted(told.values(), key=order)


def earlier_than(document: Document, others: Iterable[Document]) -> tuple[Document, ...]:
    """Those of the other documents that are about the same machine and begin before it, the latest first.

    Documents without a time, or of which one tells its zone and one does not, have no order.
    """
    begun = _begun(document)
    told = [(_begun(other), other) for other in others if other is not document]
    before = [
        (moment, other)
        for moment, other in told
        if begun and moment and _zoned(begun) == _zoned(moment) and moment < begun and _same_machine(other, document)
    ]
    return tuple(other for _, other in sorted(before, key=lambda pair: pair[0], reverse=True))


def _same_machine(one: Document, other: Document) -> bool:
    return own_chip(one) != "" and same_chip(own_chip(one), own_chip(other))


def _begun(document: Document) -> datetime | None:
    """The first time that a document tells; those of its kind, with a zone or without, where it tells both."""
    told = [datetime.fromisoformat(moment.iso) for moment in document.moments]
    alike = [moment for moment in told if _zoned(moment) == _zoned(told[0])]
    return min(alike, default=None)


def _zoned(moment: datetime) -> bool:
    return moment.tzinfo is not None
