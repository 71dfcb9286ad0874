"""What was measured scatters; what is identical to three digits over sizes was extrapolated."""

import itertools
import re
from collections.abc import Iterator, Sequence

from verify.claims.claim import Claim, Document
from verify.judge.audit.arithmetic import middle, redo
from verify.judge.audit.finding import AuditFinding, found
from verify.judge.audit.known import Known
from verify.judge.audit.nearby import claims_of, number, word

# Three figures of one ratio are no accident.
FEWEST = 3
DIGITS = 3
# Of more arms than these in one place, only the slowest are compared.
MOST_ARMS = 4
_BILLIONS = re.compile(r"(\d+(?:\.\d+)?)b\b", re.IGNORECASE)
_BILLION = 1e9


def ratios(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """Times of two devices do not have one ratio over all sizes."""
    work: dict[object, dict[str, Claim]] = {}
    for claim in claims_of(document, "duration"):
        if _single(claim) and _arm(claim):
            work.setdefault((claim.section, _workload(claim)), {})[_arm(claim)] = claim
    pairs: dict[tuple[str, str], list[tuple[Claim, Claim]]] = {}
    for arms in work.values():
        ordered = sorted(arms.items(), key=lambda arm: -middle(arm[1].quantity))
        for (slow, most), (fast, least) in itertools.combinations(ordered[:MOST_ARMS], 2):
            pairs.setdefault((slow, fast), []).append((most, least))
    for names, times in pairs.items():
        yield from _one_ratio(names, times)


def _one_ratio(names: tuple[str, str], times: Sequence[tuple[Claim, Claim]]) -> Iterator[AuditFinding]:
    ratio = [redo("slow / fast", {"slow": slow.quantity, "fast": fast.quantity}, "x") for slow, fast in times]
    told = {_rounded(redone.value) for redone in ratio if redone}
    if len({middle(slow.quantity) for slow, _ in times}) >= FEWEST and len(told) == 1:
        message = f"{len(times)} ratios of {names[0]} to {names[1]} are all {told.pop()}: extrapolated"
        yield found(
            "regularity.ratios", "duration", times[0][0], message, severity="warning", grade="likely", redone=ratio[0]
        )


def proportional(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """Times do not grow exactly with the size of the model or of the data: every run has a start-up."""
    for name, size_of in (("parameters", _parameters), ("samples", _samples)):
        groups: dict[object, list[Claim]] = {}
        for claim in claims_of(document, "duration"):
            if _single(claim) and size_of(claim):
                groups.setdefault((_arm(claim), _others(claim, name)), []).append(claim)
        for group in groups.values():
            distinct = {size_of(claim): claim for claim in group}
            per = {_rounded(middle(claim.quantity) / (size or 1.0)) for size, claim in distinct.items()}
            if len(distinct) >= FEWEST and len(per) == 1 and len(group) - len(distinct) < len(distinct):
                yield _exactly(name, list(distinct.values()), size_of(group[0]) or 1.0)


def _exactly(name: str, group: Sequence[Claim], size: float) -> AuditFinding:
    redone = redo("seconds / size", {"seconds": group[0].quantity, "size": size}, "s")
    times = ", ".join(claim.quantity.text for claim in group)
    message = f"{times} are exactly proportional to the {name}: extrapolated, no run is without a start-up"
    return found(
        "regularity.proportional", "duration", group[0], message, severity="warning", grade="likely", redone=redone
    )


def _single(claim: Claim) -> bool:
    return claim.quantity.low == claim.quantity.high > 0


def _arm(claim: Claim) -> str:
    return word(claim, "device") or word(claim, "run")


def _workload(claim: Claim) -> tuple[object, ...]:
    return tuple(claim.settings.get(name) for name in ("model", "samples", "batch"))


def _others(claim: Claim, name: str) -> object:
    """What else the time depends on: only what has it all alike is one series."""
    return claim.settings.get("samples") if name == "parameters" else claim.settings.get("model")


def _parameters(claim: Claim) -> float | None:
    named = _BILLIONS.search(word(claim, "model"))
    return float(named[1]) * _BILLION if named else None


def _samples(claim: Claim) -> float | None:
    return number(claim, "samples")


def _rounded(value: float) -> str:
    return f"{value:.{DIGITS}g}"
