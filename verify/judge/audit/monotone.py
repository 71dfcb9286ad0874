"""More work does not take less time."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from verify.claims.claim import Claim, Document, Topic
from verify.judge.audit.arithmetic import Redone, middle, reach, redo
from verify.judge.audit.finding import AuditFinding, found
from verify.judge.audit.known import Known
from verify.judge.audit.nearby import alike, by_section, claims_of, number, word
from verify.judge.audit.physics import QUANTISED, parameters_of

STEP = "batch / rate"
# Times within a tenth of one another are the same time.
CONSTANT = 1.1
# So many kinds of work that all take as long are not told apart by what they compute.
FEWEST_ALIKE = 3
# What is the same in two figures of one series.
_SAME = ("device", "model", "run", "dtype", "function", "sequence_length", "architecture")
_MANY_TIMES = 10.0
_WORK: dict[Topic, tuple[str, ...]] = {
    "matmul_time": ("size",),
    "forward_time": ("layers", "hidden"),
    "step_time": ("batch",),
}


def step_times(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """A larger batch takes no less time a step."""
    batched = [claim for claim in claims_of(document, "training_rate", "token_rate") if number(claim, "batch")]
    for series in by_section(batched):
        for small, large in pairwise(sorted(series, key=lambda claim: number(claim, "batch") or 0.0)):
            first, second = _step(small), _step(large)
            grows = (number(small, "batch") or 0.0) < (number(large, "batch") or 0.0)
            if not first or not second or not grows or not alike(small, large, *_SAME):
                continue
            if second.most < first.least:
                sizes = f"{number(small, 'batch'):g} takes {first.value:.3g} s, of {number(large, 'batch'):g}"
                message = f"a step of batch {sizes} only {second.value:.3g} s: the first was not warm"
                yield found("monotone.step_time", "step_time", small, message, redone=first)
            elif second.value < CONSTANT * first.value:
                sizes = f"batch {number(small, 'batch'):g} and {number(large, 'batch'):g}"
                message = f"a step takes as long for {sizes}: it measures what a step costs whatever it computes"
                yield found(
                    "monotone.constant", "step_time", large, message, severity="note", grade="likely", redone=second
                )


def times(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """What has more of everything takes no less time."""
    for topic, names in _WORK.items():
        for series in by_section(claims_of(document, topic)):
            work = [(tuple(number(claim, name) or 0.0 for name in names), claim) for claim in series]
            for (less, small), (more, large) in pairwise(sorted(work, key=_amount)):
                grows = all(a <= b for a, b in zip(less, more, strict=True)) and less != more
                redone = redo("large - small", {"large": large.quantity, "small": small.quantity}, "s")
                if grows and redone and redone.most < 0 and alike(small, large, *_SAME):
                    message = f"{large.label} takes {large.quantity.text}, less work took {small.quantity.text}"
                    yield found("monotone.time", topic, large, message, redone=redone)


def activations(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """One activation takes no longer than a network of many layers, and kinds of it differ."""
    nets = [claim for claim in claims_of(document, "forward_time") if (number(claim, "layers") or 0) > 1]
    slowest = max(nets, key=lambda claim: middle(claim.quantity), default=None)
    for series in by_section(claims_of(document, "activation_time")):
        for claim in series[:1]:
            if slowest is None:
                continue
            redone = redo("activation / network", {"activation": claim.quantity, "network": slowest.quantity}, "x")
            if redone and redone.least > 1:
                layers = f"a network of {number(slowest, 'layers'):g} layers takes {slowest.quantity.text}"
                message = (
                    f"one {claim.label} takes {claim.quantity.text}, {layers}: what was measured is something else"
                )
                yield found(
                    "monotone.activation",
                    "activation_time",
                    claim,
                    message,
                    severity="warning",
                    grade="likely",
                    redone=redone,
                )
        yield from _alike(series)


def memory(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """A model many times as large does not take less memory."""
    told = [(claim, parameters_of(document, claim)) for claim in claims_of(document, "memory_peak")]
    sized = [
        (claim, model)
        for claim, model in told
        if model and claim.stated_as == "measured" and word(claim, "technique") not in QUANTISED
    ]
    for large, more in sized:
        smaller = [(small, less) for small, less in sized if _is_larger(more, less) and _is_less(large, small)]
        for small, less in smaller[:1]:
            redone = redo("large - small", {"large": large.quantity, "small": small.quantity}, "GB")
            models = f"{middle(more.quantity):,.0f} parameters take {large.quantity.text}"
            message = f"{models}, {middle(less.quantity):,.0f} take {small.quantity.text}"
            yield found("monotone.memory", "memory_peak", large, message, grade="likely", redone=redone)


def _is_larger(one: Claim, other: Claim) -> bool:
    return middle(one.quantity) > _MANY_TIMES * middle(other.quantity)


def _is_less(one: Claim, other: Claim) -> bool:
    return (
        one.quantity.unit == other.quantity.unit
        and alike(one, other, "dtype", "device")
        and reach(one.quantity)[1] < reach(other.quantity)[0]
    )


def _alike(series: Sequence[Claim]) -> Iterator[AuditFinding]:
    functions = {word(claim, "function") or claim.label for claim in series}
    if len(functions) < FEWEST_ALIKE:
        return
    fast, slow = (choose(series, key=lambda claim: middle(claim.quantity)) for choose in (min, max))
    redone = redo("slow / fast", {"slow": slow.quantity, "fast": fast.quantity}, "x")
    if redone and redone.value < CONSTANT:
        message = f"{len(functions)} functions take within {100 * (redone.value - 1):.0f}% of one another: "
        yield found(
            "monotone.constant",
            "activation_time",
            fast,
            message + "what they compute was not measured",
            severity="note",
            grade="likely",
            redone=redone,
        )


def _step(claim: Claim) -> Redone | None:
    tokens = (number(claim, "sequence_length") or 1.0) if claim.topic == "token_rate" else 1.0
    return redo(STEP, {"batch": (number(claim, "batch") or 0.0) * tokens, "rate": claim.quantity}, "s")


def _amount(work: tuple[tuple[float, ...], Claim]) -> tuple[float, ...]:
    return work[0]
