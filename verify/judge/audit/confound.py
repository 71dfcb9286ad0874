"""Arms that differ in more than the factor in question are not comparable."""

from collections.abc import Iterator
from itertools import pairwise

from verify.claims.claim import Arm, Claim, Document, Topic
from verify.judge.audit.arithmetic import middle
from verify.judge.audit.finding import AuditFinding, found, line_at
from verify.judge.audit.known import Known
from verify.judge.audit.nearby import claims_of, within, word

COMPARED: tuple[Topic, ...] = ("speedup", "slowdown")
TOLD: tuple[Topic, ...] = ("batch", "epochs", "steps", "samples", "sequence_length")


def arms(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """Two arms that are compared differ in one factor."""
    compared = bool(claims_of(document, *COMPARED)) or any(
        statement.says in {"faster", "slower", "comparable"} for statement in document.statements
    )
    for first, second in pairwise(document.arms) if compared else ():
        factors = _differing(first, second)
        if len(factors) > 1:
            named = ", ".join(factors)
            message = f"{first.name} and {second.name} are compared and differ in {len(factors)} factors: {named}"
            yield found("confound.arms", "comparison", line_at(document, second.place.line), message)


def settings(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """What is compared between devices did the same work on each."""
    arms_at = {arm.place.line for arm in document.arms}
    for topic in TOLD:
        told = [claim for claim in claims_of(document, topic) if word(claim, "device") or word(claim, "run")]
        for first, second in pairwise(claim for claim in told if claim.place.line not in arms_at):
            if first.place.line == second.place.line and _unlike(first, second) and _is_compared(document, first):
                names = [word(claim, "device") or word(claim, "run") for claim in (first, second)]
                message = f"{names[0]} and {names[1]} are compared with {topic} {first.quantity.text} and "
                yield found("confound.settings", topic, first, message + second.quantity.text)


def _differing(first: Arm, second: Arm) -> list[str]:
    keys = dict.fromkeys([*first.factors, *second.factors])
    return [key for key in keys if first.factors.get(key) != second.factors.get(key)]


def _unlike(first: Claim, second: Claim) -> bool:
    arms = [word(claim, "device") or word(claim, "run") for claim in (first, second)]
    return arms[0] != arms[1] and middle(first.quantity) != middle(second.quantity)


def _is_compared(document: Document, claim: Claim) -> bool:
    return any(within(claim, other) for other in claims_of(document, *COMPARED))
