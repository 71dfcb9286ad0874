"""Nothing is faster than its datasheet allows, and nothing needs less than its weights."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from verify.claims.claim import Claim, Document, Quantity
from verify.judge.audit.arithmetic import above, middle, reach, redo
from verify.judge.audit.chips import is_own, own_parts
from verify.judge.audit.finding import AuditFinding, found
from verify.judge.audit.known import Known
from verify.judge.audit.nearby import alike, by_section, claims_of, number, word
from verify.judge.hardware import Part

# Time is size**2 over bandwidth, but for a factor that cancels.
MARGINAL = "(m ** 2 - n ** 2) / (m ** 2 / at_m - n ** 2 / at_n)"
# A transformer's layer has 4 h^2 weights in its attention and 8 h^2 in its feed-forward part.
READ = "12 * layers * hidden ** 2 * bytes / seconds / 1e9"
WEIGHTS = "parameters * bytes / 1e9"
_BYTES = {"float32": 4, "fp32": 4, "float16": 2, "fp16": 2, "bfloat16": 2, "bf16": 2, "fp8": 1, "int8": 1, "int4": 0.5}
DTYPES = {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16", "fp8": "float8"}
# Two figures of one series.
_SAME = ("device", "dtype", "run", "model", "function", "kind")
# torch computes in float32 unless told otherwise; of other frameworks only the narrowest format in use is sure.
_TORCH_BYTES = 4.0
_HALF_BYTES = 2.0
_NARROWEST_BYTES = 0.5
QUANTISED = frozenset({"qlora", "quantization"})
_QUANTISED_MODEL = re.compile(r"\d-?bit|int[48]|gguf|awq|gptq|nf4", re.IGNORECASE)
_STORED_IN_FLOAT32 = re.compile(r"(?:distil)?(?:gpt-?2|bert|roberta)|t5-", re.IGNORECASE)
# No chip has a cache as large: what is beyond it comes from memory each time.
_LARGEST_CACHE_GB = 0.256
_GIBI = 1.073741824
# What adapters add to a model.
_ADAPTED = 1.05


def above_datasheet(document: Document, known: Known) -> Iterator[AuditFinding]:
    """No rate exceeds that of the fastest variant of the machine's chip."""
    parts = own_parts(document, known.hardware)
    for claim in claims_of(document, "bandwidth", "matmul_rate") if parts else ():
        peak = _fastest(parts, claim)
        if peak and _measured_here(document, claim) and reach(claim.quantity)[0] > peak:
            redone = redo("100 * stated / peak", {"stated": claim.quantity, "peak": peak}, "%")
            message = f"{claim.quantity.text} is {middle(claim.quantity) / peak:.2f} times what the datasheet says"
            yield found("physics.above_datasheet", claim.topic, claim, message, redone=redone)


def marginal_bandwidth(document: Document, known: Known) -> Iterator[AuditFinding]:
    """What a larger matrix needs beyond a smaller one does not come faster than the memory delivers."""
    sized = [claim for claim in claims_of(document, "bandwidth") if number(claim, "size") and _own(document, claim)]
    parts = own_parts(document, known.hardware)
    for series in by_section(sized) if parts else ():
        ordered = sorted(series, key=lambda claim: number(claim, "size") or 0.0)
        for small, large in pairwise(ordered):
            peak, (n, m) = _fastest(parts, large), (number(small, "size"), number(large, "size"))
            given: dict[str, Quantity | float] = {
                "n": n or 0.0,
                "m": m or 0.0,
                "at_n": small.quantity,
                "at_m": large.quantity,
            }
            redone = redo(MARGINAL, given, "GB/s") if m != n and alike(small, large, *_SAME) else None
            if peak and redone and above(redone, peak):
                between = f"from {n:g} to {m:g} it adds {redone.value:,.0f} GB/s, the datasheet says {peak:g}"
                yield found(
                    "physics.marginal_bandwidth",
                    "bandwidth",
                    large,
                    f"{between}: one was not warm, or in a cache",
                    redone=redone,
                )


def below_weights_read(document: Document, known: Known) -> Iterator[AuditFinding]:
    """No forward pass takes less time than reading its weights once."""
    own = [
        claim for claim in claims_of(document, "bandwidth") if _own(document, claim) and claim.stated_as == "measured"
    ]
    parts, transformers = own_parts(document, known.hardware), _transformers(document)
    best = max(own, key=lambda claim: claim.quantity.high, default=None)
    for claim in claims_of(document, "forward_time"):
        layers, hidden = number(claim, "layers"), number(claim, "hidden")
        if not layers or not hidden or layers not in transformers:
            continue
        given: dict[str, Quantity | float] = {
            "layers": layers,
            "hidden": hidden,
            "bytes": _width(document, claim),
            "seconds": claim.quantity,
        }
        redone, limit = redo(READ, given, "GB/s"), best.quantity.high if best else _fastest(parts, claim)
        weights = redone.value * middle(claim.quantity) if redone else 0.0
        if redone and limit and above(redone, limit) and weights > _LARGEST_CACHE_GB:
            told = f"reading its weights once in {claim.quantity.text} takes {redone.value:.0f} GB/s"
            whose = "the report's own best" if best else "the datasheet's"
            yield found(
                "physics.below_weights_read", "forward_time", claim, f"{told}, {whose} is {limit:g}", redone=redone
            )


def memory_below_weights(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """No peak of memory lies below the bytes of the weights."""
    for claim in claims_of(document, "memory_peak"):
        parameters = parameters_of(document, claim)
        if parameters is None or claim.stated_as == "estimated":
            continue
        given: dict[str, Quantity | float] = {
            "parameters": parameters.quantity,
            "bytes": _width(document, claim, word(parameters, "model")),
        }
        redone = redo(WEIGHTS, given, "GB")
        if redone and redone.least > reach(claim.quantity)[1] * (_GIBI if claim.quantity.unit == "GiB" else 1):
            message = f"a peak of {claim.quantity.text}, the weights alone take {redone.value:.3f} GB"
            yield found("physics.memory_below_weights", "memory_peak", claim, message, redone=redone)


def parameters_of(document: Document, claim: Claim) -> Claim | None:
    """How many parameters the model of a claim has, where only one model can be meant.

    It is told in the claim's line, or in its section.

    Returns:
        The smallest of the counts, such as that of the base of an adapted model; None where they are of several models.
    """
    told = [
        other
        for other in claims_of(document, "total_parameters", "parameters")
        if other.stated_as == "measured"
        and other.section == claim.section
        and alike(claim, other, "model", "technique", "run")
    ]
    beside = [other for other in told if other.place == claim.place]
    counts = sorted(beside or told, key=lambda other: middle(other.quantity))
    one_model = counts and middle(counts[-1].quantity) <= _ADAPTED * middle(counts[0].quantity)
    return counts[0] if one_model else None


def _width(document: Document, claim: Claim, model: str = "") -> float:
    """Bytes of a weight: as told, or the least that the framework leaves open."""
    told, model = word(claim, "dtype").casefold(), word(claim, "model") or model
    if told in _BYTES:
        return _BYTES[told]
    torch = any(pin.package.casefold() in {"torch", "pytorch"} for pin in document.pinned)
    torch = torch and word(claim, "device") != "mlx"
    if not torch or word(claim, "technique") in QUANTISED or _QUANTISED_MODEL.search(model):
        return _NARROWEST_BYTES
    # A checkpoint is taken in the format that it is stored in, or in that of its user; few are in float32.
    return _HALF_BYTES if model and not _STORED_IN_FLOAT32.match(model) else _TORCH_BYTES


def _transformers(document: Document) -> set[float | None]:
    """How many layers the networks have that are called transformers, wherever they are told of."""
    return {
        number(claim, "layers")
        for claim in claims_of(document, "forward_time")
        if "transformer" in f"{word(claim, 'model')} {word(claim, 'architecture')} {claim.text}".casefold()
    }


def _own(document: Document, claim: Claim) -> bool:
    """Whether a figure is of the chip's own memory or cores, and of work rather than of a datasheet."""
    elsewhere = word(claim, "device") == "cpu" or word(claim, "level") not in {"", "memory"}
    return is_own(claim, document) and not elsewhere and claim.stated_as not in {"datasheet", "estimated"}


def _measured_here(document: Document, claim: Claim) -> bool:
    """Whether a figure is tied to the machine: a rate of a network, or of another chip in prose, is not."""
    return _own(document, claim) and not {"chip", "device", "size"}.isdisjoint(claim.settings)


def _fastest(parts: Sequence[Part], claim: Claim) -> float | None:
    """What the fastest variant of the machine has, in the unit of the claim."""
    if claim.topic == "matmul_rate":
        dtype = DTYPES.get(word(claim, "dtype"), word(claim, "dtype"))
        peaks = [1000 * peak for part in parts for name, peak in part.teraflops.items() if dtype in {"", name}]
    else:
        peaks = [part.gigabytes_per_second for part in parts if part.gigabytes_per_second]
    return max(peaks, default=None)
