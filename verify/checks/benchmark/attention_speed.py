"""How fast is causal attention, by each backend that a device has, as texts grow longer?"""

import itertools
import math
import warnings
from functools import partial
from typing import TYPE_CHECKING

from verify.checks import mlx_device
from verify.checks.functional.attention import BACKENDS, UNAVAILABLE, backends_in
from verify.checks.measures import evaluated
from verify.checks.measures.device_room import scores_fit
from verify.checks.measures.operators import names, observed
from verify.checks.measures.precision import worst_error
from verify.checks.measures.timed import less_takes_no_longer, record_rate, record_seconds, timed
from verify.checks.torch_device import ready, require_on
from verify.probe.check import check
from verify.probe.context import Context, Note
from verify.probe.timing import Timing

if TYPE_CHECKING:
    import mlx.core as mx
    import torch

LENGTHS = {"cpu": (512, 2048, 8192), "cuda": (512, 2048, 8192), "mps": (512, 2048, 8192)}
HEADS = {"cpu": 4, "cuda": 16, "mps": 8}
HEAD_WIDTH = 64
# What attention is trained in: a CPU's or MPS's float32, and the format of CUDA's fused kernels.
FORMAT = {"cpu": "float32", "cuda": "bfloat16", "mps": "float32"}
# By the kind of device that MLX computes on.
MLX_LENGTHS = {"cpu": (64, 128, 256, 512), "gpu": LENGTHS["mps"]}
MLX_HEADS = {"cpu": 2, "gpu": HEADS["mps"]}
MLX_BUDGET_SECONDS = {"cpu": 0.8, "gpu": 1.2}
BUDGET_SECONDS = 2.0
# A fifth of the budget leaves a length enough samples for an interval; the next is 16 times the work.
LONGEST_CALL_SECONDS = 0.4
SHORT_CALL_SECONDS = 0.025
# See attention.OUTPUT_EPS, there for 32 products a score; 64 and a sum over 8192 values double the float32 bound.
OUTPUT_EPS = {"float32": 64.0, "bfloat16": 4.0}
ROWS = 16


@check(level="certify", needs=["torch"], devices=["cpu", "cuda", "mps"], timeout_seconds=180)
def attention_is_fast_and_right(ctx: Context) -> None:
    """Causal attention of 512, 2048 and 8192 tokens runs at the rates recorded here, by the backend named, and right.

    The backend is the one that the profiler saw; where another one ran than was asked for, the label of the rate would
    lie. A wrong result makes the rate worthless.
    """
    ready(ctx)
    ctx.note(heads=HEADS[ctx.device], head_width=HEAD_WIDTH)
    answered = 0
    for backend in BACKENDS:
        seen = _of_backend(ctx, backend)
        answered += bool(seen)
        for (less, one), (more, other) in itertools.pairwise(seen.items()):
            conditions: dict[str, Note] = {"tokens": more, "than_tokens": less, "backend": backend}
            less_takes_no_longer(ctx, one, other, conditions)
    ctx.measure("backends", answered, unit="1", direction="higher", at_least=1)


@check(level="certify", needs=["mlx", "numpy"], devices=["mlx"], timeout_seconds=120)
def mlx_attention_is_fast_and_right(ctx: Context) -> None:
    """MLX's own causal attention runs at the rates recorded here, text by text, and right; a shorter takes no longer.

    Whether its scores were written to memory is seen there, and named: where they are, long texts need a fused kernel.
    A wrong result makes the rate worthless.
    """
    kind = mlx_device.ready(ctx)
    heads, seen = MLX_HEADS[kind], dict[int, Timing]()
    ctx.note(heads=heads, head_width=HEAD_WIDTH)
    for tokens in MLX_LENGTHS[kind]:
        if not _short_enough(tokens, seen):
            ctx.note(**{f"tokens_{tokens}": "left out: a call would take too long"})
            break
        seen[tokens] = _measured_by_mlx(ctx, heads, tokens, MLX_BUDGET_SECONDS[kind])
    for (less, one), (more, other) in itertools.pairwise(seen.items()):
        less_takes_no_longer(ctx, one, other, {"tokens": more, "than_tokens": less})


def flops(heads: int, tokens: int, width: int) -> int:
    """Of one sequence: for each pair of a token and one that it sees, two products of a head's width."""
    return 4 * heads * width * tokens * (tokens + 1) // 2


def least_bytes(backend: str, heads: int, tokens: int, element: int) -> tuple[int, int]:
    """The bytes that move, and those that are held: queries, keys, values and outputs of so many bytes an element.

    The formula in plain operations also writes its scores, which are float32 in any format, and reads them.
    """
    inputs = 4 * heads * tokens * HEAD_WIDTH * element
    scores = heads * tokens**2 * 4 if backend == "MATH" else 0
    return inputs + 2 * scores, inputs + scores


def _of_backend(ctx: Context, backend: str) -> dict[int, Timing]:
    """The times of one backend, by tokens; none where it is not to be had, and short ones where long take too long."""
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.nn.functional import scaled_dot_product_attention

    seen: dict[int, Timing] = {}
    for tokens in LENGTHS[ctx.device]:
        query, key, value = _inputs(ctx, tokens)
        work = partial(scaled_dot_product_attention, query, key, value, is_causal=True)
        if not _affordable(ctx, backend, tokens, seen):
            ctx.note(**{f"{backend.lower()}_{tokens}": "left out: too long, or too much memory"})
            break
        with sdpa_kernel([getattr(SDPBackend, backend)]):
            ran = _observed(work)
            if ran is None:
                ctx.note(**{backend.lower(): "not to be had"})
                return {}
            ctx.require(ran == backend, f"asked for {backend}, but {ran} ran")
            seen[tokens] = timed(ctx, work, BUDGET_SECONDS)
            _record(ctx, backend, tokens, seen[tokens])
            _verify(ctx, (query, key, value), work(), {"backend": backend, "tokens": tokens})
    return seen


def _affordable(ctx: Context, backend: str, tokens: int, seen: dict[int, Timing]) -> bool:
    if backend == "MATH" and not scores_fit(ctx.device, HEADS[ctx.device], tokens):
        return False
    return _short_enough(tokens, seen)


def _short_enough(tokens: int, seen: dict[int, Timing]) -> bool:
    if not seen:
        return True
    shorter, timing = list(seen.items())[-1]
    seconds = min(timing.samples)
    # What was slow for its size, such as a launch that waits, does not say that more of it is.
    return seconds < SHORT_CALL_SECONDS or seconds * (tokens / shorter) ** 2 <= LONGEST_CALL_SECONDS


def _observed(work: "partial[torch.Tensor]") -> str | None:
    """The backend whose operator the profiler saw; None when there is none for these inputs."""
    with warnings.catch_warnings(), observed() as seen:
        # CUDA warns of each condition that a backend does not meet.
        warnings.simplefilter("ignore")
        try:
            work()
        except RuntimeError as error:
            if not str(error).startswith(UNAVAILABLE):
                raise
            return None
    return " and ".join(backends_in(names(seen))) or "none that is known"


def _record(ctx: Context, backend: str, tokens: int, timing: Timing) -> None:
    import torch

    fmt, heads = FORMAT[ctx.device], HEADS[ctx.device]
    _record_rate(ctx, timing, (backend, heads, tokens), fmt, getattr(torch, fmt).itemsize)


def _record_rate(ctx: Context, timing: Timing, work: tuple[str, int, int], fmt: str, element: int) -> None:
    backend, heads, tokens = work
    shown: dict[str, Note] = {
        "backend": backend,
        "shape": f"1x{heads}x{tokens}x{HEAD_WIDTH}",
        "dtype": fmt,
        "causal": True,
    }
    moved, held = least_bytes(backend, heads, tokens, element)
    count = flops(heads, tokens, HEAD_WIDTH)
    costs: dict[str, Note] = {"flops": count, "bytes": moved, "working_set_bytes": held}
    record_rate(ctx, "gflops", count / 1e9, timing, unit="GFLOPS", conditions={**shown, **costs})
    record_seconds(ctx, "seconds", timing, shown)


def _measured_by_mlx(ctx: Context, heads: int, tokens: int, budget_seconds: float) -> Timing:
    import mlx.core as mx

    inputs = [mx.random.normal((1, heads, tokens, HEAD_WIDTH)) for _ in range(3)]

    def attend() -> "mx.array":
        return mx.fast.scaled_dot_product_attention(*inputs, scale=HEAD_WIDTH**-0.5, mask="causal")

    timing, result = evaluated.evaluated(ctx, attend, inputs, budget_seconds)
    mx.reset_peak_memory()
    before = mx.get_active_memory()
    mx.eval(attend())
    # As torch's backends are called: what writes its scores is the formula, in plain operations.
    scores, used = heads * tokens**2 * 4, mx.get_peak_memory() - before
    backend = "MATH" if used >= result.nbytes + scores else "FUSED"
    _record_rate(ctx, timing, (backend, heads, tokens), "float32", 4)
    _verify_mlx(ctx, inputs, result)
    return timing


def _verify_mlx(ctx: Context, inputs: "list[mx.array]", result: "mx.array") -> None:
    """As torch's results are verified: rows from the first to the last against the formula in float64."""
    import numpy as np

    query, key, value = (evaluated.exact(array) for array in inputs)
    tokens = query.shape[2]
    rows = np.linspace(0, tokens - 1, ROWS).astype(int)
    scores = query[:, :, rows] @ key.swapaxes(2, 3) / math.sqrt(HEAD_WIDTH)
    seen = np.where(np.arange(tokens) > rows[:, None], 0, np.exp(scores))
    probabilities = seen / seen.sum(-1, keepdims=True)
    error = evaluated.worst_error(result[:, :, rows.tolist()], probabilities @ value, probabilities @ np.abs(value))
    ctx.measure("error_in_eps", error, unit="1", at_most=OUTPUT_EPS["float32"], conditions={"tokens": tokens})


def _inputs(ctx: Context, tokens: int) -> "list[torch.Tensor]":
    import torch

    random = torch.Generator().manual_seed(ctx.seed)
    shape, fmt = (1, HEADS[ctx.device], tokens, HEAD_WIDTH), getattr(torch, FORMAT[ctx.device])
    return [torch.randn(shape, generator=random).to(fmt).to(ctx.device) for _ in range(3)]


def _verify(
    ctx: Context, inputs: "tuple[torch.Tensor, ...]", result: "torch.Tensor", conditions: dict[str, Note]
) -> None:
    """Hold rows from the first to the last against softmax(Q Kᵀ / √d) V in float64."""
    import torch

    require_on(ctx, result)
    query, key, value = (tensor.cpu().double() for tensor in inputs)
    tokens = query.shape[2]
    rows = torch.linspace(0, tokens - 1, ROWS).long()
    later = torch.arange(tokens) > rows[:, None]
    scores = (query[:, :, rows] @ key.mT / math.sqrt(HEAD_WIDTH)).masked_fill(later, -math.inf)
    probabilities = scores.softmax(-1)
    fmt = FORMAT[ctx.device]
    error = worst_error(result.cpu()[:, :, rows], probabilities @ value, probabilities @ value.abs(), fmt)
    ctx.measure("error_in_eps", error, unit="1", at_most=OUTPUT_EPS[fmt], conditions=conditions)
