"""A linear layer, what rounding its weights to steps must cost, and how a check holds a quantiser to that."""

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from verify.checks.measures.precision import worst_error

if TYPE_CHECKING:
    import torch

    from verify.probe.context import Context

ROWS, INNER, COLUMNS = 32, 512, 256
# Each operator's own group sizes begin with 32; 64 is what QLoRA and MLX use.
GROUP = 64
# Rounding to steps errs evenly between half a step down and half a step up: by step / sqrt(12) in the root mean
# square (Bennett 1948). 8,192 outputs know their root mean square to 1%; the largest weights of a group are exact
# and its range is clipped by up to a step, which moves it by 6% at most.
ROUNDING = 1 / math.sqrt(12)
AS_PREDICTED = (0.85, 1.15)
# Dynamic quantisation rounds activations to 8 bits, of which kernels for x86 before VNNI use 7 and others 8:
# https://github.com/pytorch/pytorch/blob/main/torch/ao/quantization/observer.py (reduce_range). Between the two, the
# error of the activations doubles; the prediction is for 7. The largest of the layer's weights are near 4.5, a step of
# 1/28, and of its inputs near 4.1, a step of 1/15: of the predicted error, that of the weights alone is 0.47, where
# activations stay as they are, and that with activations of 8 bits 0.65. The lower limit lies between.
AS_PREDICTED_DYNAMIC = (0.55, 1.15)
# 512 products are summed in float32: 23 eps by the square root, and twice that for scales and offsets beside them.
PRODUCT_EPS = {"float32": 46.0, "bfloat16": 4.0}

# What may be left of a float32 weight's 4 bytes: 1 or half of one, a scale and an offset for every 64 weights (one
# 32nd), and a hundredth for the names in a saved file.
BYTES_LEFT = {bits: bits / 32 + 1 / 32 + 0.01 for bits in (8, 4)}

# The 16 levels of NF4, as published: https://arxiv.org/abs/2305.14314, appendix E.
NF4 = (
    *(-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635),
    *(-0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634),
    *(0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0),
)


@dataclass(frozen=True, slots=True)
class Layer:
    """A linear layer's float32 weight and some inputs, on the CPU."""

    inputs: "torch.Tensor"
    weight: "torch.Tensor"

    def exact(self) -> "torch.Tensor":
        """What the layer gives unquantised."""
        return self.inputs.double() @ self.weight.double().t()


def linear(ctx: "Context") -> Layer:
    """A layer of normal weights, the same for the same seed."""
    import torch

    random = torch.Generator().manual_seed(ctx.seed)
    return Layer(*(torch.randn(rows, INNER, generator=random) for rows in (ROWS, COLUMNS)))


def predicted(layer: Layer, steps: "torch.Tensor", step_of_inputs: float = 0.0) -> float:
    """The root mean square of the outputs' errors, when each factor errs evenly within its step."""
    by_weights = (layer.inputs.double() ** 2 @ steps.detach().double().t() ** 2).mean()
    by_inputs = step_of_inputs**2 * (layer.weight.double() ** 2).sum(dim=1).mean()
    return float((by_weights + by_inputs) ** 0.5) * ROUNDING


def measure_error(
    ctx: "Context", errors: Any, predicted: float, within: tuple[float, float] = AS_PREDICTED, **conditions: int
) -> None:
    """Hold errors against their prediction, from both sides: what does not err was not quantised."""
    found = float((errors**2).mean() ** 0.5)
    least, most = within
    ratio = found / predicted
    ctx.measure("error_to_predicted", ratio, unit="1", at_least=least, at_most=most, conditions=conditions)


def measure_product(
    ctx: "Context", output: "torch.Tensor", inputs: "torch.Tensor", levels: "torch.Tensor", fmt: str
) -> None:
    """Hold the product against that of the quantised weights themselves, in float64."""
    exact, size = inputs.double() @ levels.t(), inputs.double().abs() @ levels.abs().t()
    error = worst_error(output, exact, size, fmt)
    ctx.measure("product_error_in_eps", error, unit="1", at_most=PRODUCT_EPS[fmt], conditions={"dtype": fmt})


def measure_bytes(ctx: "Context", bits: int, after: int, before: int) -> None:
    """Hold the bytes of quantised weights, scales and offsets against those of the weights in float32."""
    name = f"bytes_left_of_{bits}_bits"
    ctx.derive(name, "after / before", unit="1", at_most=BYTES_LEFT[bits], after=after, before=before)


def saved_bytes(model: "torch.nn.Module") -> int:
    """How many bytes the model's parameters take when they are saved."""
    import torch

    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    return file.tell()
