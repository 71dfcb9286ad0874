"""What is called a peak is one: near the datasheet's, and not still rising."""

from collections.abc import Iterator

from verify.claims.claim import Claim, Document, Statement, Topic
from verify.judge.audit.arithmetic import Redone, reach, redo
from verify.judge.audit.chips import is_own, own_chip, own_parts, parts_named
from verify.judge.audit.finding import AuditFinding, found
from verify.judge.audit.known import Known
from verify.judge.audit.nearby import alike, by_section, claims_of, number, word
from verify.judge.audit.physics import DTYPES
from verify.judge.hardware import Part

# From so many percent on, a figure is near its peak.
NEAR = 90.0
# A series that gained more with its last step has not levelled off.
LEVEL = 1.05
PERCENT = "100 * rate / peak"
_TWO = 2
_ABOUT: dict[str, Topic] = {"matmul": "matmul_rate", "bandwidth": "bandwidth", "memory": "bandwidth"}
RATES: tuple[Topic, ...] = ("matmul_rate", "bandwidth")


def wording(document: Document, known: Known) -> Iterator[AuditFinding]:
    """What is near its peak reaches 90% of the datasheet's, whichever variant of the chip it is."""
    parts = own_parts(document, known.hardware)
    for statement in document.statements if parts else ():
        if statement.says != "near_peak" or statement.denied:
            continue
        best = _best(document, statement)
        shares = [redone for redone in (best and _share(best, part) for part in parts) if redone]
        if best and shares and all(share.most < NEAR for share in shares):
            told = " or ".join(f"{share.value:.1f}% of {share.inputs['peak']:,.0f}" for share in _distinct(shares))
            message = f"said to be near the peak: {best.quantity.text} is {told} {best.quantity.unit}"
            yield found("peak.wording", best.topic, statement, message, redone=max(shares, key=_value))


def rising(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """A figure that is still rising at the largest size is no peak."""
    for topic in RATES:
        own = [claim for claim in claims_of(document, topic) if is_own(claim, document)]
        series = sorted((claim for claim in own if number(claim, "size")), key=_size)[-2:]
        said = [statement for statement in document.statements if statement.says == "near_peak"]
        called = [claim for claim in own if word(claim, "bound") == "peak" and not number(claim, "size")]
        at = [statement for statement in said if _about(document, statement) == topic] or called
        if len(series) < _TWO or not at or not alike(series[0], series[1], "device", "dtype", "run"):
            continue
        redone = redo("large / small", {"large": series[1].quantity, "small": series[0].quantity}, "x")
        if redone and redone.least > LEVEL:
            sizes = f"{_size(series[0]):g} to {_size(series[1]):g}"
            message = f"called a peak, but it still rises {redone.value:.2f} times from size {sizes}, the largest"
            yield found("peak.rising", topic, at[0], message, redone=redone)


def mixed(document: Document, known: Known) -> Iterator[AuditFinding]:
    """One table does not hold what was measured here against what a datasheet says of others."""
    for topic in RATES:
        for table in by_section(claim for claim in claims_of(document, topic) if word(claim, "chip")):
            sheets = [
                claim
                for claim in table
                if not is_own(claim, document)
                and _is_datasheet(claim, parts_named(word(claim, "chip"), known.hardware))
            ]
            parts = own_parts(document, known.hardware)
            for own in (claim for claim in table if is_own(claim, document)) if sheets and parts else ():
                if not _is_datasheet(own, parts):
                    sheet = f"{word(sheets[0], 'chip')} with the {sheets[0].quantity.text} of its datasheet"
                    message = f"{own_chip(document)} with {own.quantity.text}, not its datasheet's, against {sheet}"
                    yield found("peak.mixed", topic, own, message)


def rounded_up(document: Document, known: Known) -> Iterator[AuditFinding]:
    """What is told of the machine beside others is what was measured on it."""
    for topic in RATES:
        own = [claim for claim in claims_of(document, topic) if is_own(claim, document)]
        measured = [claim for claim in own if claim.stated_as == "measured"]
        best = max(measured, key=_high, default=None)
        for claim in own:
            told = claim.stated_as == "estimated" and not _is_datasheet(claim, own_parts(document, known.hardware))
            if best and told and reach(claim.quantity)[0] > best.quantity.high:
                message = f"{claim.quantity.text} here, {best.quantity.text} was the most in line {best.place.line}"
                yield found("peak.rounded_up", topic, claim, message)


def _about(document: Document, statement: Statement) -> Topic | None:
    """Which rate a statement is about: the one that it names, or that of its section, or else of computing."""
    if statement.about in _ABOUT:
        return _ABOUT[statement.about]
    own = [claim for claim in claims_of(document, *RATES) if is_own(claim, document)]
    here = {claim.topic for claim in own if claim.section == statement.section}
    return next((topic for topic in RATES if topic in (here or {claim.topic for claim in own})), None)


def _best(document: Document, statement: Statement) -> Claim | None:
    """The highest rate that was measured, of those that a statement is about."""
    topic = _about(document, statement)
    own = [
        claim
        for claim in document.claims
        if claim.topic == topic and is_own(claim, document) and claim.stated_as == "measured"
    ]
    return max(own, key=_high, default=None)


def _share(claim: Claim, part: Part) -> Redone | None:
    peak = _peak(claim, part)
    return redo(PERCENT, {"rate": claim.quantity, "peak": peak}, "%") if peak else None


def _peak(claim: Claim, part: Part) -> float | None:
    """What the datasheet says of a figure, in its unit; of float32 where the figure says no other format."""
    if claim.topic == "bandwidth":
        return part.gigabytes_per_second
    dtype = DTYPES.get(word(claim, "dtype"), word(claim, "dtype")) or "float32"
    return next((1000 * peak for name, peak in part.teraflops.items() if name == dtype), None)


def _is_datasheet(claim: Claim, parts: list[Part]) -> bool:
    """Whether a figure is the one of a datasheet, rounded; that it is said to be approximate gives no more room."""
    slack = claim.quantity.step / 2
    peaks = (peak for part in parts if (peak := _peak(claim, part)))
    return any(claim.quantity.low - slack <= peak <= claim.quantity.high + slack for peak in peaks)


def _distinct(shares: list[Redone]) -> list[Redone]:
    return list({share.inputs["peak"]: share for share in shares}.values())


def _high(claim: Claim) -> float:
    return claim.quantity.high


def _size(claim: Claim) -> float:
    return number(claim, "size") or 0.0


def _value(share: Redone) -> float:
    return share.value
