"""How fast are activation functions, which move bytes and compute little?"""

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from verify.checks import mlx_device
from verify.checks.measures import evaluated
from verify.checks.measures.precision import worst_error
from verify.checks.measures.timed import record_rate, record_seconds, timed
from verify.checks.torch_device import ready, require_on
from verify.probe.check import check
from verify.probe.context import Context, Note
from verify.probe.timing import Timing

if TYPE_CHECKING:
    import mlx.core as mx
    import numpy as np
    import torch

    Into = Callable[[torch.Tensor, torch.Tensor], object]
    Exact = Callable[[torch.Tensor], torch.Tensor]

# Tokens x the inner width of a feed-forward block.
SIZES = {"cpu": (4096, 3072), "cuda": (16_384, 16_384), "mps": (8192, 8192)}
# By the kind of device that MLX computes on.
MLX_SIZES = {"cpu": (256, 1024), "gpu": SIZES["mps"]}
MLX_BUDGET_SECONDS = {"cpu": 0.6, "gpu": 1.5}
BUDGET_SECONDS = 2.0
BYTES_PER_ELEMENT = 4
# Relative to the input, or for a softmax to the result. A ReLU rounds nothing. GELU and SiLU multiply the input by
# a share that is off by an eps or two; an accelerator's own erf and exp are off by four more. In a softmax the
# difference to the row's largest, of up to 10, is rounded by 5 eps before exp magnifies it; a row's sum adds a few.
ERROR_EPS = {"relu": 0.0, "gelu": 8.0, "silu": 8.0, "softmax": 32.0}
ROWS = 64


@check(level="certify", needs=["torch"], devices=["cpu", "cuda", "mps"], timeout_seconds=60)
def activations_are_fast_and_right(ctx: Context) -> None:
    """ReLU, GELU, SiLU and softmax run at the rates recorded here, 8 bytes counted an element, and are right.

    A rate far below that of copying points at a function that is computed in several passes, or on one thread; a wrong
    result makes it worthless.
    """
    import torch

    ready(ctx)
    rows, columns = SIZES[ctx.device]
    inputs = torch.randn((rows, columns), generator=torch.Generator().manual_seed(ctx.seed)).to(ctx.device)
    for name, into in _functions().items():
        # There before anything is timed, so that no page fault is, and nothing that could pass for a result.
        result = torch.full_like(inputs, torch.nan)
        timing = timed(ctx, lambda into=into, result=result: into(inputs, result), BUDGET_SECONDS)  # type: ignore[misc]
        require_on(ctx, result)
        shown = _record(ctx, name, (rows, columns), timing)
        some = slice(None, None, max(1, rows // ROWS))
        values = inputs[some].cpu().double()
        exact = _formulas()[name](values)
        scale = exact if name == "softmax" else values.abs()
        error = worst_error(result[some], exact, scale)
        ctx.measure("error_in_eps", error, unit="1", at_most=ERROR_EPS[name], conditions=shown)


@check(level="certify", needs=["mlx", "numpy"], devices=["mlx"], timeout_seconds=60)
def mlx_activations_are_fast_and_right(ctx: Context) -> None:
    """MLX's ReLU, GELU, SiLU and softmax run at the rates recorded here, 8 bytes counted an element, and are right.

    A rate far below that of copying points at a function that is computed in several passes, as MLX's GELU is outside
    of `mx.compile`; a wrong result makes it worthless.
    """
    import mlx.core as mx
    import numpy as np

    kind = mlx_device.ready(ctx)
    rows, columns = MLX_SIZES[kind]
    inputs = mx.random.normal((rows, columns))
    some = slice(None, None, max(1, rows // ROWS))
    for name, function in _mlx_functions().items():
        work = partial(function, inputs)
        timing, result = evaluated.evaluated(ctx, work, (inputs,), MLX_BUDGET_SECONDS[kind])
        shown = _record(ctx, name, (rows, columns), timing)
        values = evaluated.exact(inputs[some])
        exact = _mlx_formulas()[name](values)
        scale = exact if name == "softmax" else np.abs(values)
        error = evaluated.worst_error(result[some], exact, scale)
        ctx.measure("error_in_eps", error, unit="1", at_most=ERROR_EPS[name], conditions=shown)


def _record(ctx: Context, name: str, shape: tuple[int, int], timing: Timing) -> dict[str, Note]:
    """The rate of a function, and its seconds; what was computed."""
    moved = 2 * math.prod(shape) * BYTES_PER_ELEMENT
    shown: dict[str, Note] = {"function": name, "shape": "x".join(map(str, shape)), "dtype": "float32"}
    costs: dict[str, Note] = {"bytes": moved, "working_set_bytes": moved, "launches": 1}
    record_rate(ctx, "rate", moved / 1e9, timing, unit="GB/s", conditions={**shown, **costs})
    record_seconds(ctx, "seconds", timing, shown)
    return shown


def _mlx_functions() -> "dict[str, Callable[[mx.array], mx.array]]":
    import mlx.core as mx
    from mlx import nn

    return {"relu": nn.relu, "gelu": nn.gelu, "silu": nn.silu, "softmax": partial(mx.softmax, axis=-1)}


def _mlx_formulas() -> "dict[str, Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]]":
    """The formulas in NumPy, which has no error function: that of the standard library."""
    import numpy as np

    erf = np.vectorize(math.erf, otypes=[np.float64])
    return {
        "relu": lambda values: (values + np.abs(values)) / 2,
        "gelu": lambda values: values * (1 + erf(values / math.sqrt(2))) / 2,
        "silu": lambda values: values / (1 + np.exp(-values)),
        "softmax": lambda values: np.exp(values) / np.exp(values).sum(-1, keepdims=True),
    }


def _functions() -> "dict[str, Into]":
    """The kernels behind `torch.nn.functional`, writing where they are told; its ReLU is ``clamp_min`` underneath."""
    import torch

    aten = torch.ops.aten
    return {
        "relu": lambda inputs, result: torch.clamp_min(inputs, 0, out=result),
        "gelu": lambda inputs, result: aten.gelu.out(inputs, out=result),
        "silu": lambda inputs, result: aten.silu.out(inputs, out=result),
        "softmax": lambda inputs, result: torch.softmax(inputs, -1, out=result),
    }


def _formulas() -> "dict[str, Exact]":
    import torch

    return {
        "relu": lambda values: (values + values.abs()) / 2,
        "gelu": lambda values: values * (1 + torch.erf(values / math.sqrt(2))) / 2,
        "silu": lambda values: values / (1 + (-values).exp()),
        "softmax": lambda values: values.exp() / values.exp().sum(-1, keepdim=True),
    }
