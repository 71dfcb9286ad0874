"""How long do forward passes take, of plain networks and of a transformer's blocks?"""

import itertools
import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from verify.checks.measures.precision import worst_error
from verify.checks.measures.timed import less_takes_no_longer, record_rate, record_seconds, timed
from verify.checks.models.block_stack import Blocks, exact
from verify.checks.torch_device import ready, require_on
from verify.probe.check import check
from verify.probe.context import Context, Note
from verify.probe.timing import Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch

MLPS = ((3, 256), (6, 512), (12, 768))
BATCH = {"cpu": 256, "cuda": 4096, "mps": 1024}
BLOCKS = Blocks(12, 768)
SEQUENCES = {"cpu": 2, "cuda": 32, "mps": 8}
TOKENS = 128
BUDGET_SECONDS = 2.0
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
    model = BLOCKS.make(TOKENS).to(device)
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
    record_seconds(ctx, "seconds_per_batch", timing, conditions)
    brief = {key: conditions[key] for key in ("model", "dtype", "batch")}
    record_rate(ctx, "samples_per_second", len(inputs), timing, unit="1/s", conditions=brief)
    return timing


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
