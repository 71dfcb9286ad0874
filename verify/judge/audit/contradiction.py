"""What is said in one place is not denied in another."""

from collections.abc import Iterator

from verify.claims.claim import Claim, Document, Statement
from verify.judge.audit.finding import AuditFinding, found, line_at
from verify.judge.audit.known import Known
from verify.judge.audit.nearby import alike, claims_of
from verify.judge.audit.untested import NO_CAPABILITY, tests_of

# A device lacks an operator here and there, and works.
_DEVICES = frozenset({"cpu", "cuda", "mps", "mlx"})
_WHOLE = frozenset({"available", "works", "passed", "integrated", "supported", "compatible"})


def failed_and_fine(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """A test that failed is not told of as working."""
    items = [item for entry in tests_of(document) for item in entry.items]
    for item in items:
        also_passed = any(other.passed and other.about == item.about for other in items)
        if item.passed is not False or item.about in NO_CAPABILITY or also_passed:
            continue
        fine = [
            statement
            for statement in document.statements
            if statement.about == item.about
            and statement.mark is True
            and statement.says in _WHOLE
            and not statement.denied
        ]
        if fine:
            lines = ", ".join(str(line) for line in dict.fromkeys(statement.place.line for statement in fine))
            message = f"{item.about.replace('_', ' ')} failed or was warned of here, and is ticked in line {lines}"
            yield found("contradiction.failed_and_fine", item.about, line_at(document, item.place.line), message)


def labelled(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """What a run's label names is integrated."""
    for arm in document.arms:
        named = {about for pair in arm.factors.items() for about in pair}
        missing: dict[str, Statement] = {}
        for statement in document.statements:
            unfinished = (statement.denied or statement.mark is False) and statement.says in {"integrated", "complete"}
            if statement.about in named - NO_CAPABILITY - _DEVICES and unfinished:
                missing.setdefault(statement.about, statement)
        for about, statement in missing.items():
            message = (
                f"{arm.name} is labelled with {about.replace('_', ' ')}, line {statement.place.line} says it is not"
            )
            yield found("contradiction.labelled", about, line_at(document, arm.place.line), message + " integrated")


def expectations(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """What is expected is expected alike throughout."""
    expected = [claim for claim in claims_of(document, "speedup") if claim.stated_as == "estimated"]
    for position, claim in enumerate(expected):
        other = next((before for before in expected[:position] if _unlike(before, claim)), None)
        if other is not None:
            message = f"{claim.quantity.text} is expected here, {other.quantity.text} in line {other.place.line}"
            yield found(
                "contradiction.expectations", "speedup", claim, message + "; neither was measured", grade="likely"
            )


def _unlike(one: Claim, other: Claim) -> bool:
    ends = [(claim.quantity.low, claim.quantity.high) for claim in (one, other)]
    apart = one.place.line != other.place.line
    return apart and ends[0] != ends[1] and alike(one, other, "model", "device", "technique", "chip")
