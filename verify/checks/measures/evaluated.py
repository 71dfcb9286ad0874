"""Timing work of MLX, which does nothing until it is asked: each call evaluates its result, and that it did is seen."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from verify.checks.measures.precision import EPS
from verify.checks.measures.timed import timed
from verify.probe.context import Context
from verify.probe.timing import Timing

if TYPE_CHECKING:
    import mlx.core as mx
    import numpy as np

# Bytes for one element, with room to spare; no result that is timed is as small.
READING = 1024


def evaluated(
    ctx: Context, compute: "Callable[[], mx.array]", inputs: "Sequence[mx.array]", budget_seconds: float
) -> "tuple[Timing, mx.array]":
    """How long a call takes that computes and evaluates, and what the last one that was timed has computed.

    What was never evaluated is computed when it is looked at: it would be right, and its time nothing. But it takes its
    memory then, and MLX's allocator tells every byte.

    Args:
        ctx: The check's.
        compute: Builds the graph of one result; it may use up an array of its own by computing in its place.
        inputs: What it is computed from, to be there before anything is timed.
        budget_seconds: As for all that is timed.
    """
    import mlx.core as mx

    results: list[mx.array] = []

    def work() -> None:
        results[:] = [compute()]
        mx.eval(results)

    mx.eval(*inputs)
    timing = timed(ctx, work, budget_seconds)
    require_computed(ctx, *results)
    return timing, results[0]


def require_computed(ctx: Context, *arrays: "mx.array") -> None:
    """Fail unless the arrays were computed before: reading an element of each may not need memory to compute with."""
    import mlx.core as mx

    mx.synchronize()
    mx.reset_peak_memory()
    before = mx.get_active_memory()
    for array in arrays:
        # A view, however the array lies in memory; flattened, it might be copied.
        array[(-1,) * array.ndim].item()
    used = mx.get_peak_memory() - before
    ctx.require(used < READING, f"reading results took {used} bytes of MLX's memory: the work was never evaluated")


def in_place(
    step: "Callable[[mx.array], mx.array]", start: "mx.array", calls: list[int] | None = None
) -> "Callable[[], mx.array]":
    """Work that changes one array again and again: MLX writes over an array that nobody else holds.

    A fresh result would be one of fresh pages, whose faults would be timed instead of memory.

    Args:
        step: From the array to what it becomes.
        start: The array at first, not evaluated yet; whoever calls must let go of it.
        calls: Where each call is counted.
    """
    held = [start]

    def work() -> "mx.array":
        held[0] = step(held[0])
        if calls is not None:
            calls[0] += 1
        return held[0]

    return work


def exact(array: "mx.array") -> "np.ndarray[Any, Any]":
    """The same numbers in float64, where the oracles compute."""
    import mlx.core as mx
    import numpy as np

    # NumPy has no bfloat16; float32 has all numbers of every shorter format.
    return np.array(array.astype(mx.float32), dtype=np.float64)


def worst_error(
    result: "mx.array", oracle: "np.ndarray[Any, Any]", scale: "np.ndarray[Any, Any]", fmt: str = "float32"
) -> float:
    """The largest error of any element, in units of the format's eps times the scale; infinite if one is no number.

    See `precision.worst_error`, which is the same of torch's.
    """
    import numpy as np

    gap = np.abs(exact(result) - oracle)
    with np.errstate(all="ignore"):
        error = np.where(gap == 0, 0.0, gap / scale / EPS[fmt])
    return float(np.nan_to_num(error, nan=np.inf, posinf=np.inf).max())
