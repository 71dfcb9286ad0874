"""Which kernel computes attention here, and is what it computes attention?"""

import contextlib
import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from verify.checks.measures.operators import names, observed
from verify.checks.measures.precision import FORMATS, worst_error
from verify.checks.torch_device import ready, require_on
from verify.probe.check import check
from verify.probe.context import Context, Note

if TYPE_CHECKING:
    import torch

# No multiple of the 16, 32, 64 or 128 rows that kernels take at a time, and more than one of their blocks.
TOKENS = 130
SEEN = 77
BATCH = 2
HEADS = 4
WIDTH = 32

# Relative to the values' sizes, weighted like the values. A score is a sum of 32 products near 4 at most, so the
# probabilities are off by a dozen eps and their sum by a few more. The shorter formats may round the scores, of up
# to 4 (2 eps), the probabilities and the output (half an eps each) once, and nothing else; one is spare.
OUTPUT_EPS = {"float32": 32.0, "float16": 4.0, "bfloat16": 4.0}
# Relative to the largest gradient: twice as many roundings, of which those of the shorter formats average out over
# the 130 rows. A mask that is off by one is hundreds of eps away even in bfloat16's.
GRADIENT_EPS = {"float32": 64.0, "float16": 8.0, "bfloat16": 8.0}

# What `torch.nn.attention.sdpa_kernel` takes, and what the operators behind it are called, for one device or for all:
# `aten::_scaled_dot_product_flash_attention_for_cpu`.
BACKENDS = {
    "MATH": "aten::_scaled_dot_product_attention_math",
    "FLASH_ATTENTION": "aten::_scaled_dot_product_flash_attention",
    "EFFICIENT_ATTENTION": "aten::_scaled_dot_product_efficient_attention",
    "CUDNN_ATTENTION": "aten::_scaled_dot_product_cudnn_attention",
}
# How torch says that what was asked for cannot be had; any other error is one.
UNAVAILABLE = ("No viable backend", "No available kernel")
MASKS = ("causal", "padding")
# Where there is no choice, nothing but the formula is asked for. Torch 2.13 chooses for CPU, CUDA and XPU alone
# (_fused_sdp_choice in its native_functions.yaml): on Metal MATH runs, whatever was asked for, and no error says so;
# which would refuse each Mac. 2.13 is without the choice of https://github.com/pytorch/pytorch/pull/184585
WITHOUT_CHOICE = {"mps": ("MATH",)}


@dataclass(frozen=True, slots=True)
class Attention:
    """Queries, keys, values and the gradient of the output, in the format under test, on the CPU."""

    query: "torch.Tensor"
    key: "torch.Tensor"
    value: "torch.Tensor"
    slope: "torch.Tensor"
    masked: str

    def mask(self) -> "torch.Tensor":
        """True where a query sees a key: those not after it, or those of its sentence."""
        import torch

        if self.masked == "causal":
            return torch.ones(TOKENS, TOKENS, dtype=torch.bool).tril()
        lengths = torch.tensor([TOKENS, SEEN])[:, None, None, None]
        return (torch.arange(TOKENS) < lengths).expand(BATCH, 1, TOKENS, TOKENS)


@dataclass(frozen=True, slots=True)
class Attended:
    """What came of it.

    Attributes:
        ran: The backend whose operator the profiler saw, or why there is none.
        output: The result, or None when the backend that was asked for is not to be had.
        gradients: Of queries, keys and values.
    """

    ran: str
    output: "torch.Tensor | None" = None
    gradients: "tuple[torch.Tensor, ...]" = ()


@check(needs=["torch"], devices=["cpu", "cuda", "mps"])
def every_backend_agrees_with_the_formula(ctx: Context) -> None:
    """Attention of each backend, causal and padded, agrees with softmax(Q Kᵀ / √d) V in float64, as do its gradients.

    The condition names the backend that ran: keep it off with `torch.nn.attention.sdpa_kernel`, for a model that
    sees what it should not, or is scaled otherwise, still trains, to something else.
    """
    ready(ctx)
    for fmt, masked, given in _questions(ctx):
        exact, size, slopes = _by_formula(given)
        for backend in asked_of(ctx.device):
            attended = _attend(ctx, given, backend)
            if attended.output is None:
                continue
            conditions: dict[str, Note] = {"backend": attended.ran, "asked": backend, "mask": masked, "dtype": fmt}
            error = worst_error(attended.output, exact, size, fmt)
            ctx.measure("output_error_in_eps", error, unit="1", at_most=OUTPUT_EPS[fmt], conditions=conditions)
            pairs = zip(attended.gradients, slopes, strict=True)
            errors = [worst_error(gradient, slope, slope.abs().max(), fmt) for gradient, slope in pairs]
            ctx.measure(
                "gradient_error_in_eps", max(errors), unit="1", at_most=GRADIENT_EPS[fmt], conditions=conditions
            )


@check(needs=["torch"], devices=["cpu", "cuda", "mps"])
def the_backend_that_ran_is_the_one_asked_for(ctx: Context) -> None:
    """Whoever asks for one attention backend gets that one or an error, as the profiler sees it, and never another.

    A benchmark that names a backend measured another one: believe no label on this device, only the profiler.
    """
    ready(ctx)
    ctx.note(shape=f"{BATCH}x{HEADS}x{TOKENS}x{WIDTH}")
    answered = 0
    for fmt, masked, given in _questions(ctx):
        for backend in asked_of(ctx.device):
            attended = _attend(ctx, given, backend)
            ctx.note(**{f"{backend.lower()}_{fmt}_{masked}": attended.ran})
            if attended.output is not None:
                answered += 1
                ctx.require(attended.ran == backend, f"asked for {backend} ({fmt}, {masked}), but {attended.ran} ran")
        ctx.note(**{f"by_default_{fmt}_{masked}": _attend(ctx, given, None).ran})
    # The formula in plain operations is the one backend that every device has, for each format and mask.
    least = len(FORMATS) * len(MASKS)
    ctx.measure("requests_answered", answered, unit="1", direction="higher", at_least=least)


def asked_of(device: str) -> tuple[str, ...]:
    """The backends that can be asked for on a device."""
    return WITHOUT_CHOICE.get(device, tuple(BACKENDS))


def backends_in(called: Sequence[str]) -> list[str]:
    """The backends whose operators are among those that were called."""
    return [name for name, operator in BACKENDS.items() if any(one.startswith(operator) for one in called)]


def _questions(ctx: Context) -> Iterator[tuple[str, str, Attention]]:
    import torch

    for fmt in FORMATS:
        for masked in MASKS:
            random = torch.Generator().manual_seed(ctx.seed)
            drawn = torch.randn((4, BATCH, HEADS, TOKENS, WIDTH), generator=random)
            query, key, value, slope = drawn.to(getattr(torch, fmt))
            yield fmt, masked, Attention(query, key, value, slope, masked)


def _by_formula(given: Attention) -> "tuple[torch.Tensor, torch.Tensor, list[torch.Tensor]]":
    """The output in float64, its size (what it would be were all values positive), and the gradients."""
    inputs = [tensor.double().requires_grad_() for tensor in (given.query, given.key, given.value)]
    query, key, value = inputs
    scores = (query @ key.mT / math.sqrt(WIDTH)).masked_fill(~given.mask(), -math.inf)
    probabilities = scores.softmax(dim=-1)
    output = probabilities @ value
    output.backward(given.slope.double())
    size = probabilities.detach() @ value.detach().abs()
    return output.detach(), size, [tensor.grad for tensor in inputs]


def _attend(ctx: Context, given: Attention, backend: str | None) -> Attended:
    """Attention on the device by the backend, or by the one that torch chooses, under the profiler."""
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.nn.functional import scaled_dot_product_attention

    inputs = [tensor.to(ctx.device, copy=True).requires_grad_() for tensor in (given.query, given.key, given.value)]
    mask = {"is_causal": True} if given.masked == "causal" else {"attn_mask": given.mask().to(ctx.device)}
    asked = sdpa_kernel([getattr(SDPBackend, backend)]) if backend else contextlib.nullcontext()
    with warnings.catch_warnings(record=True) as told, asked, observed() as seen:
        warnings.simplefilter("always")
        try:
            output = scaled_dot_product_attention(*inputs, **mask)
        except RuntimeError as error:
            if not str(error).startswith(UNAVAILABLE):
                raise
            return Attended(_reasons(str(error), [str(one.message) for one in told]))
    require_on(ctx, output)
    output.backward(given.slope.to(ctx.device))
    ran = backends_in(names(seen))
    return Attended(" and ".join(ran) or "none that is known", output, tuple(tensor.grad for tensor in inputs))


def _reasons(error: str, warned: list[str]) -> str:
    """Why a backend is not to be had: CUDA says it in warnings, one a condition, the others not at all."""
    said = [" ".join(text.partition("(Triggered internally")[0].split()) for text in warned]
    return "not to be had: " + ("; ".join(dict.fromkeys(said)) or error.partition(".")[0])
