"""What a model is, from its layers: its parameters, and what training it needs of the memory."""

from collections.abc import Iterator

from verify.claims.claim import Claim, Document, Enumeration, Statement, Topic
from verify.judge.audit.arithmetic import Redone, redo
from verify.judge.audit.finding import AuditFinding, found
from verify.judge.audit.known import Known
from verify.judge.audit.nearby import claims_of, nearest

# Weight, gradient and two moments in float32 for each parameter: two embeddings, 12 h^2 a layer, one of positions.
TRAINED = "16 * (2 * vocabulary * hidden + length * hidden + 12 * layers * hidden ** 2) / 1e9"
# Activations come on top; what takes less than a tenth of the memory leaves them ten times the room.
SMALL = 10.0
_ENDS = 2
_SHAPE: dict[str, Topic] = {
    "vocabulary": "vocabulary", "hidden": "hidden", "layers": "layers", "length": "sequence_length",
}  # fmt: skip


def fully_connected(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """The parameters of a network are those of its layers: inputs times outputs, and a bias for each output."""
    for layers in document.enumerations:
        if layers.what != "layers" or not layers.items or any(len(item.shape) != _ENDS for item in layers.items):
            continue
        counted = _of_layers(layers)
        claim = nearest(layers, claims_of(document, "parameters"))
        if (
            claim
            and counted
            and not (
                counted.least <= claim.quantity.high + claim.quantity.step / 2
                and counted.most >= claim.quantity.low - claim.quantity.step / 2
            )
        ):
            message = f"{claim.quantity.text} stated, its layers have {counted.value:,.0f}"
            yield found("recompute.value", "parameters", claim, message, redone=counted)


def memory_limits(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """Who names memory as the limit needs much of it."""
    sizes = [machine.gpu_memory_gb or machine.memory_gb for machine in document.machines]
    memory = next((size for size in sizes if size), None)
    for statement in document.statements:
        if statement.says != "memory_limited" or statement.denied or not memory:
            continue
        redone = _trained(document, statement)
        if redone and redone.most * SMALL < memory:
            share = f"{100 * redone.value / memory:.1f}% of {memory:g} GB"
            message = (
                f"memory is named as the limit; weights, gradients and moments take {redone.value:.2f} GB, {share}"
            )
            yield found("physics.memory_limit", "memory", statement, message, grade="likely", redone=redone)


def _of_layers(layers: Enumeration) -> Redone | None:
    ends = [item.shape for item in layers.items]
    terms = " + ".join(f"in_{place} * out_{place} + out_{place}" for place in range(1, len(ends) + 1))
    sizes = {
        f"{end}_{place}": float(size)
        for place, pair in enumerate(ends, 1)
        for end, size in zip(("in", "out"), pair, strict=True)
    }
    return redo(terms, sizes)


def _trained(document: Document, statement: Statement) -> Redone | None:
    told: dict[str, Claim | None] = {
        name: nearest(statement, claims_of(document, topic)) for name, topic in _SHAPE.items()
    }
    given = {name: claim.quantity for name, claim in told.items() if claim}
    return redo(TRAINED, given, "GB") if len(given) == len(_SHAPE) else None
