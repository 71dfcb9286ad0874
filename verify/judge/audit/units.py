"""Gigabytes or gibibytes, bytes or bits: said, and the same throughout."""

from collections.abc import Iterator

from verify.claims.claim import Document, Topic
from verify.judge.audit.finding import AuditFinding, found
from verify.judge.audit.known import Known
from verify.judge.audit.nearby import claims_of

_MEASURED_IN: tuple[tuple[tuple[Topic, ...], tuple[str, ...]], ...] = (
    (("memory_peak", "memory_used", "memory_total"), ("GB", "GiB")),
    (("bandwidth",), ("GB/s", "GiB/s", "Gb/s")),
)


def mixed(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """Figures that are held against one another have one unit."""
    for topics, units in _MEASURED_IN:
        told = [claim for claim in claims_of(document, *topics) if claim.quantity.unit in units]
        other = next((claim for claim in told if claim.quantity.unit != told[0].quantity.unit), None)
        if other is not None:
            first = f"line {told[0].place.line} is in {told[0].quantity.unit}"
            message = f"{other.quantity.text} is in {other.quantity.unit}, {first}"
            yield found("units.mixed", other.topic, other, message, severity="warning")
