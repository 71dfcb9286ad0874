"""How long do forward passes take, of plain networks and of a transformer's blocks?"""

import itertools
import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from verify.checks import mlx_device
from verify.checks.measures import evaluated
from verify.checks.measures.precision import worst_error
from verify.checks.measures.timed import less_takes_no_longer, record_rate, record_seconds, timed
from verify.checks.models.block_stack import Blocks, exact
from verify.checks.torch_device import ready, require_on
from verify.probe.check import check
from verify.probe.context import Context, Note
from verify.probe.timing import Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import mlx.core as mx
    import numpy as np
    import torch
    from mlx import nn

MLPS = ((3, 256), (6, 512), (12, 768))
BATCH = {"cpu": 256, "cuda": 4096, "mps": 1024}
# By the kind of device that MLX computes on.
MLX_MLPS = {"cpu": ((3, 64), (4, 128), (4, 256)), "gpu": MLPS}
MLX_BATCH = {"cpu": 64, "gpu": BATCH["mps"]}
MLX_BUDGET_SECONDS = {"cpu": 0.8, "gpu": 2.0}
BLOCKS = Blocks(12, 768)
SEQUENCES = {"cpu": 2, "cuda": 32, "mps": 8}
TOKENS = 128
BUDGET_SECONDS = 2.5
BYTES_PER_ELEMENT = 4
# A layer sums 768 products, which leaves a few eps of its largest output; at worst the layers' errors add up.
LAYER_EPS = 8.0
# Four such products a block, two of attention, a softmax and two norms: two layers' worth, and half as much again.
BLOCK_EPS = 20.0
ROWS = 16


@dataclass(frozen=True, slots=True)
class Mlp:
    """So many square layers, each followed by a ReLU."""

    layers: int
    width: int

    @property
    def parameters(self) -> int:
        """A matrix and a bias a layer."""
        return self.layers * self.width * (self.width + 1)

    def flops(self, batch: int) -> int:
        """Multiplications and additions of the products."""
        return 2 * batch * self.layers * self.width**2

    def make(self) -> "torch.nn.Sequential":
        """The network with torch's own random weights."""
        import torch

        pairs = [(torch.nn.Linear(self.width, self.width), torch.nn.ReLU()) for _ in range(self.layers)]
        return torch.nn.Sequential(*itertools.chain(*pairs)).eval()

    def make_of_mlx(self) -> "nn.Sequential":
        """The network with MLX's own random weights."""
        from mlx import nn

        pairs = [(nn.Linear(self.width, self.width), nn.ReLU()) for _ in range(self.layers)]
        return nn.Sequential(*itertools.chain(*pairs))


@check(level="certify", needs=["torch"], devices=["cpu", "cuda", "mps"], timeout_seconds=120)
def plain_networks_are_fast_and_right(ctx: Context) -> None:
    """Networks of 3 x 256, 6 x 512 and 12 x 768 take the time recorded here, are right, and the smaller no longer.

    A network that is slower than a larger one waits for its launches or for a busy machine; a wrong result makes its
    time worthless.
    """
    import torch

    device, batch = ready(ctx), BATCH[ctx.device]
    timings: list[Timing] = []
    for layers, width in MLPS:
        shape = Mlp(layers, width)
        model, inputs = shape.make().to(device), torch.randn((batch, width), device=device)
        conditions = _conditions(f"mlp {layers}x{width}", shape.parameters, shape.flops(batch), inputs.shape)
        counted = sum(parameter.numel() for parameter in model.parameters())
        ctx.measure("parameters", counted, unit="1", direction="equal", equals=shape.parameters, conditions=conditions)
        timings.append(_forward(ctx, model, inputs, {**conditions, "launches": 2 * layers}))
        with torch.inference_mode():
            result = model(inputs)[:ROWS]
        require_on(ctx, result)
        oracle = _exact(model, inputs[:ROWS])
        error = worst_error(result, oracle, oracle.max())
        ctx.measure("error_in_eps", error, unit="1", at_most=LAYER_EPS * layers, conditions=conditions)
    for (less, one), (more, other) in itertools.pairwise(zip(MLPS, timings, strict=True)):
        less_takes_no_longer(ctx, one, other, {"model": f"{more[0]}x{more[1]}", "than": f"{less[0]}x{less[1]}"})


@check(level="certify", needs=["torch", "transformers"], devices=["cpu", "cuda", "mps"], timeout_seconds=120)
def transformer_blocks_are_fast_and_right(ctx: Context) -> None:
    """Twelve of GPT-2's blocks, 768 wide, take the time recorded here for a batch, and compute what GPT-2 does.

    A wrong result makes its time worthless. A rate far below that of matrix products points at attention by its
    formula instead of a fused kernel, or at a batch that is too small for the device.
    """
    import torch

    device, sequences = ready(ctx), SEQUENCES[ctx.device]
    model = BLOCKS.make(TOKENS, device)
    counted = sum(parameter.numel() for parameter in model.h.parameters())
    flops = BLOCKS.flops(sequences, TOKENS)
    name = f"GPT-2 blocks {BLOCKS.layers}x{BLOCKS.width}"
    inputs = torch.randn((sequences, TOKENS, BLOCKS.width), device=device)
    conditions = {**_conditions(name, BLOCKS.parameters, flops, inputs.shape), "tokens": TOKENS}
    ctx.measure("parameters", counted, unit="1", direction="equal", equals=BLOCKS.parameters, conditions=conditions)
    _forward(ctx, lambda values: model(inputs_embeds=values), inputs, conditions)
    with torch.inference_mode():
        result = model(inputs_embeds=inputs).last_hidden_state[-1]
    require_on(ctx, result)
    oracle = exact(model, inputs[-1])
    error = worst_error(result, oracle, oracle.abs().max())
    ctx.measure("error_in_eps", error, unit="1", at_most=BLOCK_EPS * BLOCKS.layers, conditions=conditions)


@check(level="certify", needs=["mlx", "numpy"], devices=["mlx"], timeout_seconds=120)
def plain_mlx_networks_are_fast_and_right(ctx: Context) -> None:
    """Three networks in MLX, each larger than the last, take the time recorded here, are right, the smaller no longer.

    A network that is slower than a larger one waits for its launches or for a busy machine; a wrong result makes its
    time worthless.
    """
    import mlx.core as mx
    from mlx.utils import tree_flatten

    kind, timings = mlx_device.ready(ctx), list[Timing]()
    for layers, width in MLX_MLPS[kind]:
        shape, batch = Mlp(layers, width), MLX_BATCH[kind]
        model, inputs = shape.make_of_mlx(), mx.random.normal((batch, width))
        weights = [weight for _, weight in tree_flatten(model.parameters())]
        conditions = _conditions(f"mlp {layers}x{width}", shape.parameters, shape.flops(batch), inputs.shape)
        counted = sum(weight.size for weight in weights)
        ctx.measure("parameters", counted, unit="1", direction="equal", equals=shape.parameters, conditions=conditions)
        work = partial(model, inputs)
        timing, result = evaluated.evaluated(ctx, work, (inputs, *weights), MLX_BUDGET_SECONDS[kind])
        # What MLX pays for is a graph, whose operations it submits together.
        _record(ctx, timing, {**conditions, "launches": 1})
        oracle = _exact_of_mlx(model, inputs[:ROWS])
        error = evaluated.worst_error(result[:ROWS], oracle, oracle.max())
        ctx.measure("error_in_eps", error, unit="1", at_most=LAYER_EPS * layers, conditions=conditions)
        timings.append(timing)
    for (less, one), (more, other) in itertools.pairwise(zip(MLX_MLPS[kind], timings, strict=True)):
        less_takes_no_longer(ctx, one, other, {"model": f"{more[0]}x{more[1]}", "than": f"{less[0]}x{less[1]}"})


def _exact_of_mlx(model: "nn.Sequential", inputs: "mx.array") -> "np.ndarray[Any, Any]":
    """What a plain network computes, in float64."""
    values = evaluated.exact(inputs)
    for layer in model.layers[::2]:
        values = (values @ evaluated.exact(layer.weight).T + evaluated.exact(layer.bias)).clip(min=0)
    return values


def _exact(model: "torch.nn.Sequential", inputs: "torch.Tensor") -> "torch.Tensor":
    """What a plain network computes, in float64 on the CPU."""
    values = inputs.cpu().double()
    for layer in model[::2]:
        weight, bias = (tensor.detach().cpu().double() for tensor in (layer.weight, layer.bias))
        values = (values @ weight.T + bias).clamp(min=0)
    return values


def _forward(
    ctx: Context, model: "Callable[[torch.Tensor], object]", inputs: "torch.Tensor", conditions: dict[str, Note]
) -> Timing:
    import torch

    with torch.inference_mode():
        timing = timed(ctx, partial(model, inputs), BUDGET_SECONDS)
    _record(ctx, timing, conditions)
    return timing


def _record(ctx: Context, timing: Timing, conditions: dict[str, Note]) -> None:
    record_seconds(ctx, "seconds_per_batch", timing, conditions)
    brief = {key: conditions[key] for key in ("model", "dtype", "batch")}
    record_rate(ctx, "samples_per_second", int(conditions["batch"]), timing, unit="1/s", conditions=brief)


def least_bytes(parameters: int, shape: "Sequence[int]") -> int:
    """Weights and inputs are read once at least, and as many outputs written; what is between may stay in a cache."""
    return BYTES_PER_ELEMENT * (parameters + 2 * math.prod(shape))


def _conditions(model: str, parameters: int, flops: int, shape: "Sequence[int]") -> dict[str, Note]:
    moved = least_bytes(parameters, shape)
    return {
        "model": model,
        "dtype": "float32",
        "batch": shape[0],
        "flops": flops,
        "bytes": moved,
        "working_set_bytes": moved,
    }
