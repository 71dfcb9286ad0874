"""Every figure that follows from others is what they come to."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from verify.claims.claim import Claim, Document, Topic
from verify.judge.audit.arithmetic import Given, Redone, agrees, redo
from verify.judge.audit.finding import AuditFinding, found, line_at
from verify.judge.audit.known import Known
from verify.judge.audit.nearby import alike, by_section, claims_of, nearest, number, word

Sources = Mapping[tuple[str, ...], list[Claim]]

# Where a section tells several, a figure may follow from one of the nearest.
MOST_INPUTS = 3
# What must not differ between a figure and what it is computed from.
_SETTINGS = ("size", "batch", "layers", "hidden", "device", "model", "run", "split", "dtype", "samples", "technique")
# What a ratio may be of.
_RATIOS: tuple[Topic, ...] = ("duration", "step_time", "epoch_time", "token_rate", "training_rate", "iteration_rate")
_TWO = 2
_OPERATORS = frozenset("+-*/^().0123456789x\u00d7")
_ALPHA_AND_RANK: tuple[Topic, ...] = ("alpha", "rank")
# Weight, gradient and two moments of what is trained, against those of a full fine-tune of the base.
_SAVED = "100 * (1 - (4 * whole + 12 * trainable) / (16 * (whole - trainable)))"


@dataclass(frozen=True, slots=True)
class Relation:
    """How one figure follows from others that stand in its line or section.

    Attributes:
        topic: Of the figure.
        formula: `verify.probe.formula`, in the figure's unit.
        topics: Of its inputs, by name.
        settings: Inputs that the figure's own settings give.
        same: Settings that the inputs share with it.
    """

    topic: Topic
    formula: str
    topics: Mapping[str, Topic] = field(default_factory=dict)
    settings: tuple[str, ...] = ()
    same: tuple[str, ...] = _SETTINGS


RELATIONS = (
    Relation("matmul_rate", "2 * size ** 3 / seconds / 1e9", {"seconds": "matmul_time"}, ("size",)),
    Relation("load_rate", "parameters / (1000 * seconds)", {"parameters": "parameters", "seconds": "load_time"}),
    Relation("share", "100 * trainable / whole", {"trainable": "trainable_parameters", "whole": "total_parameters"}),
    Relation(
        "total_parameters",
        "base + trainable",
        {"base": "parameters", "trainable": "trainable_parameters"},
    ),
    Relation("effective_batch", "batch * accumulation", {"batch": "batch", "accumulation": "accumulation"}),
    Relation("step_time", "batch / rate", {"rate": "training_rate", "batch": "batch"}),
)


def relations(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """What follows from figures beside it is what they come to."""
    for relation in RELATIONS:
        sources = {name: _by_section(document, topic) for name, topic in relation.topics.items()}
        for claim in claims_of(document, relation.topic):
            if claim.stated_as == "datasheet":
                continue
            sums = [redo(relation.formula, given, claim.quantity.unit) for given in _given(claim, relation, sources)]
            redone = [one for one in sums if one]
            if redone and not any(agrees(claim.quantity, one) for one in redone):
                yield _differs(claim, redone[0])


def sums(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """A sum that is written out comes to its result."""
    for claim in claims_of(document, "sum"):
        redone = redo(word(claim, "formula"), {}, claim.quantity.unit)
        # What was cut off is no more wrong than what was rounded.
        off = max(claim.quantity.low - redone.value, redone.value - claim.quantity.high) if redone else 0.0
        if redone and claim.quantity.unit == "1" and off >= claim.quantity.step and _is_written(document, claim):
            yield _differs(claim, redone)


def speedups(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """So many times as fast, or as slow, is the quotient of two times or rates."""
    sources = [_by_section(document, topic) for topic in _RATIOS]
    for claim in claims_of(document, "speedup", "slowdown"):
        if claim.stated_as == "estimated" or claim.quantity.low == claim.quantity.high == 1:
            # What is expected was not computed; what the others are held against is as fast as itself.
            continue
        stated = [redone for redone in _quotients(claim, sources) if redone]
        if stated and not any(agrees(claim.quantity, redone) for redone in stated):
            yield _differs(claim, stated[0])


def lora_scale(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """Alpha over rank is the scale: where both are told and differ, only one of them is in effect."""
    for claim in claims_of(document, "scale"):
        given = {name: nearest(claim, claims_of(document, name)) for name in _ALPHA_AND_RANK}
        figures = {str(name): other.quantity for name, other in given.items() if other}
        redone = redo("alpha / rank", figures)
        if redone and not agrees(claim.quantity, redone):
            message = f"a scale of {claim.quantity.text}, and alpha / rank is {redone.value:g}: only one is in effect"
            yield found("recompute.scale", "scale", claim, message, severity="warning", redone=redone)


def memory_saving(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """What adapters save of the memory is not their share of the parameters.

    With Adam in float32, each trained parameter takes 16 bytes (weight, gradient, two moments), each frozen one 4.
    """
    for claim in claims_of(document, "saving"):
        given = {
            "trainable": nearest(claim, claims_of(document, "trainable_parameters")),
            "whole": nearest(claim, claims_of(document, "total_parameters")),
        }
        figures = {name: other.quantity for name, other in given.items() if other}
        if word(claim, "whole") not in {"", "memory"} or len(figures) < len(given):
            continue
        share = redo("100 * (1 - trainable / whole)", figures, "%")
        saved = redo(_SAVED, figures, "%")
        if share and saved and agrees(claim.quantity, share) and not agrees(claim.quantity, saved):
            message = (
                f"{claim.quantity.text} of the parameters are frozen; of the memory it is about {saved.value:.0f}%"
            )
            yield found("recompute.saving", "memory", claim, message, redone=saved)


def _is_written(document: Document, claim: Claim) -> bool:
    """Whether the line has the whole sum, and no more of it: no power that was lost, no bracket before it."""
    line = "".join(line_at(document, claim.place.line).text.split())
    before, sum_itself, after = line.partition("".join(word(claim, "formula").split()))
    return not line or (bool(sum_itself) and before[-1:] not in _OPERATORS and after.startswith("="))


def _by_section(document: Document, topic: Topic) -> Sources:
    """The figures of a topic, by the section that they stand in."""
    return {claims[0].section: claims for claims in by_section(claims_of(document, topic))}


def _given(claim: Claim, relation: Relation, sources: Mapping[str, Sources]) -> Iterator[Given]:
    """What a figure may follow from, the nearest first; nothing where an input is missing."""
    settings = {name: number(claim, name) for name in relation.settings}
    near = {name: _nearest(claim, relation, told.get(claim.section, [])) for name, told in sources.items()}
    for inputs in itertools.product(*near.values()):
        figures = dict(zip(near, (other.quantity for other in inputs), strict=True))
        yield figures | {name: value for name, value in settings.items() if value is not None}


def _nearest(claim: Claim, relation: Relation, told: Sequence[Claim]) -> list[Claim]:
    """Figures of the claim's own line, or else the nearest few of its section."""
    alike_ones = [other for other in told if alike(claim, other, *relation.same)]
    beside = [other for other in alike_ones if other.place.line == claim.place.line]
    return (beside or sorted(alike_ones, key=lambda other: abs(other.place.line - claim.place.line)))[:MOST_INPUTS]


def _quotients(claim: Claim, sources: Sequence[Sources]) -> Iterator[Redone | None]:
    """What a ratio may be of: the two times, or the two rates, of its line or of its section."""
    for told in sources:
        near = [other for other in told.get(claim.section, []) if alike(claim, other, "model", "samples")]
        beside = [other for other in near if other.place.line == claim.place.line]
        for few in (beside, near):
            arms = {(word(other, "run"), word(other, "device")): other for other in few}
            if len(arms) == _TWO:
                first, second = (arm.quantity for arm in arms.values())
                yield redo("first / second", {"first": first, "second": second}, "x")
                yield redo("second / first", {"first": first, "second": second}, "x")


def _differs(claim: Claim, redone: Redone) -> AuditFinding:
    span = f"{redone.low:.4g} to {redone.high:.4g}" if redone.ranges else f"{redone.value:.6g}"
    message = f"{claim.quantity.text} is stated, {redone.formula} is {span}"
    return found("recompute.value", claim.topic, claim, message, redone=redone)
