"""Do weights of 8 and 4 bits take less memory, and lose no more than their step size says?"""

import importlib
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from verify.checks.mlx_device import ready as ready_mlx
from verify.checks.models.quantized import (
    AS_PREDICTED_DYNAMIC,
    COLUMNS,
    GROUP,
    INNER,
    NF4,
    PRODUCT_EPS,
    ROUNDING,
    ROWS,
    Layer,
    linear,
    measure_bytes,
    measure_error,
    measure_product,
    predicted,
    saved_bytes,
)
from verify.checks.torch_device import ready, require_on
from verify.probe.check import check
from verify.probe.context import Context

if TYPE_CHECKING:
    import mlx.core as mx
    import numpy as np
    import torch

# MLX moves a group's step so that zero is a level, by half a step over the half of the range or more that lies on one
# side of it. What that adds up to at the other end, where the last level is all there is, is at most a step.
MLX_STEPS = 1.0
MLX_BITS = (4, 8)

CHILD_SECONDS = 100
FALLBACK = "PYTORCH_ENABLE_MPS_FALLBACK"
# Asked in another process, as torch reads the variable when it is imported.
CHILD = """
import json, sys, torch
values = torch.linspace(-2, 2, 401, device=sys.argv[1])
try:
    quantized = torch.quantize_per_tensor(values, 0.0125, 3, torch.qint8)
    told = {"device": quantized.device.type, "codes": quantized.int_repr().tolist()}
except (NotImplementedError, RuntimeError) as error:
    told = {"error": str(error).splitlines()[0]}
print(json.dumps(told))
"""


@check(needs=["torch"], devices=["cpu", "cuda", "mps"])
def quantize_per_tensor_works_with_and_without_fallback(ctx: Context) -> None:
    """Quantising a tensor gives the right codes on the device, whether torch may fall back to the CPU or not.

    The operator that is named is not there: quantise on the CPU, or with another library, on this device.
    """
    ready(ctx)
    # No value lies half-way between two steps, so that none may be rounded to either side.
    right = [max(-128, min(127, round((-2 + index / 100) / 0.0125) + 3)) for index in range(401)]
    for fallback in ("0", "1"):
        surroundings = {**os.environ, FALLBACK: fallback}
        words = [sys.executable, "-P", "-c", CHILD, ctx.device]
        done = subprocess.run(
            words, env=surroundings, capture_output=True, text=True, timeout=CHILD_SECONDS, check=False
        )
        ctx.require(done.returncode == 0, f"with {FALLBACK}={fallback} the process ended with {done.returncode}")
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        ctx.require("error" not in told, f"with {FALLBACK}={fallback}: {told.get('error')}")
        ctx.require(told["device"] == ctx.device, f"asked for {ctx.device}, but the codes are on {told['device']}")
        wrong = sum(found != one for found, one in zip(told["codes"], right, strict=True))
        ctx.measure("wrong_codes", wrong, unit="1", equals=0, conditions={"fallback": fallback})


# Optional: torch has this layer for CPUs alone.
@check(needs=["torch"], devices=["cpu", "cuda", "mps"], optional=True)
def int8_dynamic_keeps_the_outputs(ctx: Context) -> None:
    """A layer that torch quantises dynamically to int8 errs as its steps say, and takes a quarter of the bytes.

    An error of nothing means that it is not quantised, a larger one that scales are wrong: do not serve int8 here.
    """
    ready(ctx)
    if ctx.device != "cpu":
        ctx.skip(f"torch's dynamically quantised layers have kernels for the CPU only, not for {ctx.device}")
    import torch
    from torch import nn
    from torch.ao.quantization import quantize_dynamic

    layer, model = linear(ctx), nn.Sequential(nn.Linear(INNER, COLUMNS, bias=False))
    model[0].weight = nn.Parameter(layer.weight)
    quantized = quantize_dynamic(model, {nn.Linear}, dtype=torch.qint8)
    output = quantized(layer.inputs)
    step, of_inputs = 2 * layer.weight.abs().max() / 255, (layer.inputs.max() - layer.inputs.min()) / 127
    expected = predicted(layer, step.expand(COLUMNS, INNER), float(of_inputs))
    measure_error(ctx, output.double() - layer.exact(), expected, AS_PREDICTED_DYNAMIC)
    measure_bytes(ctx, 8, saved_bytes(quantized), saved_bytes(model))


@check(needs=["torch"], devices=["cpu", "cuda", "mps"])
def int8_products_are_exact(ctx: Context) -> None:
    """The product of two int8 matrices is exact in int32, up to the largest numbers.

    The operator is not there, or it saturates in between: int8 inference on this device is not to be believed.
    """
    import torch

    device, random = ready(ctx), torch.Generator().manual_seed(ctx.seed)
    left, right = (torch.randint(-128, 128, (INNER, INNER), generator=random) for _ in range(2))
    # The largest sum: 512 times 128 * 128, where 16 bits or a saturating addition of pairs would show.
    left[0], right[:, 0] = -128, -128
    eight = [matrix.to(device, torch.int8) for matrix in (left, right)]
    product = _required(ctx, torch._int_mm, *eight)  # noqa: SLF001 - it has no other name
    require_on(ctx, product)
    differing = int((product.cpu().long() != left @ right).sum())
    ctx.measure("differing_elements", differing, unit="1", equals=0, conditions={"n": INNER})


@check(needs=["torch"], devices=["cpu", "cuda", "mps"])
def int8_weights_keep_the_outputs(ctx: Context) -> None:
    """A layer with int8 weights, a scale a row, errs as its steps say, and takes a quarter of the bytes.

    A product that differs from its own weights' comes from a wrong kernel, or from scales that are not used.
    """
    import torch

    device, layer = ready(ctx), linear(ctx)
    scale = layer.weight.abs().amax(dim=1) / 127
    codes = (layer.weight / scale[:, None]).round().to(torch.int8)
    on_device = [tensor.to(device) for tensor in (layer.inputs, codes, scale)]
    output = _required(ctx, torch.ops.aten._weight_int8pack_mm, *on_device)  # noqa: SLF001 - it has no other name
    require_on(ctx, output)
    levels = codes.double() * scale.double()[:, None]
    measure_product(ctx, output, layer.inputs, levels, "float32")
    expected = predicted(layer, scale[:, None].expand(COLUMNS, INNER))
    measure_error(ctx, output.cpu().double() - layer.exact(), expected)
    measure_bytes(ctx, 8, codes.nbytes + scale.nbytes, layer.weight.nbytes)


@check(needs=["torch"], devices=["cpu", "cuda", "mps"])
def int4_weights_keep_the_outputs(ctx: Context) -> None:
    """A layer with packed 4-bit weights in groups of 64 errs as its steps say, and takes a fifth of the bytes.

    A product that differs from its own weights' comes from a wrong kernel or a wrong order of the packed halves.
    """
    import torch

    ready(ctx)
    # The kernel for CUDA takes no other format.
    fmt = "bfloat16" if ctx.device == "cuda" else "float32"
    dtype = getattr(torch, fmt)
    layer = Layer(linear(ctx).inputs.to(dtype), linear(ctx).weight)
    groups = layer.weight.reshape(COLUMNS, -1, GROUP)
    low, high = groups.amin(dim=2, keepdim=True), groups.amax(dim=2, keepdim=True)
    scale = ((high - low) / 15).to(dtype).float()
    middle = (low + 8 * scale).to(dtype).float()
    codes = ((groups - middle) / scale + 8).round().clamp(0, 15)
    both = torch.cat([scale, middle], dim=2).transpose(0, 1).contiguous().to(ctx.device, dtype)
    packed = _required(ctx, _packed, codes.reshape(COLUMNS, INNER).int(), ctx.device)
    output = _required(ctx, _int4_operator(ctx.device), layer.inputs.to(ctx.device), packed, GROUP, both)
    require_on(ctx, output)
    levels = (codes.double() - 8) * scale.double() + middle.double()
    measure_product(ctx, output, layer.inputs, levels.reshape(COLUMNS, INNER), fmt)
    expected = predicted(layer, scale.expand(-1, -1, GROUP).reshape(COLUMNS, INNER))
    measure_error(ctx, output.cpu().double() - layer.exact(), expected)
    measure_bytes(ctx, 4, packed.nbytes + both.nbytes, layer.weight.nbytes)


@check(needs=["torch", "bitsandbytes"], devices=["cpu", "cuda", "mps"], optional=True)
def nf4_weights_are_the_nearest_levels(ctx: Context) -> None:
    """With bitsandbytes, every weight becomes the nearest of NF4's sixteen published levels, in half a byte.

    QLoRA on this device would train on other weights than the model's: pin another bitsandbytes.
    """
    import torch

    device, layer = ready(ctx), linear(ctx)
    # By its name, as it is on no other platform than that of CUDA.
    functional = importlib.import_module("bitsandbytes.functional")

    packed, state = functional.quantize_4bit(layer.weight.to(device), blocksize=GROUP, quant_type="nf4")
    restored = functional.dequantize_4bit(packed, state)
    require_on(ctx, restored)
    blocks = layer.weight.double().reshape(-1, GROUP)
    largest = blocks.abs().amax(dim=1, keepdim=True)
    distances = (blocks / largest)[:, :, None] - torch.tensor(NF4, dtype=torch.float64)
    nearest = distances.abs().amin(dim=2)
    error = (restored.cpu().double().reshape(-1, GROUP) - blocks).abs() / largest
    ctx.measure("beyond_the_nearest", float((error - nearest).max()), unit="1", at_most=8 * 2.0**-23)
    measure_error(ctx, error, float((nearest**2).mean().sqrt()))
    measure_bytes(ctx, 4, packed.nbytes + state.absmax.nbytes, layer.weight.nbytes)


@check(needs=["mlx", "numpy"], devices=["mlx"])
def mlx_weights_keep_to_their_steps(ctx: Context) -> None:
    """MLX rounds weights to 4 and to 8 bits by the steps of their groups, and multiplies what it rounded.

    Weights further off than a step have the scale of another group; a product that differs, a wrong kernel.
    """
    import mlx.core as mx
    import numpy as np

    ready_mlx(ctx)
    weight, inputs = mx.random.normal((COLUMNS, INNER)), mx.random.normal((ROWS, INNER))
    groups = _exact(weight).reshape(COLUMNS, -1, GROUP)
    for bits in MLX_BITS:
        quantized = mx.quantize(weight, group_size=GROUP, bits=bits)
        restored = _exact(mx.dequantize(*quantized, group_size=GROUP, bits=bits))
        step = (groups.max(axis=2, keepdims=True) - groups.min(axis=2, keepdims=True)) / (2**bits - 1)
        errors = np.abs(restored.reshape(groups.shape) - groups) / step
        conditions = {"bits": bits, "group": GROUP}
        ctx.measure("error_in_steps", float(errors.max()), unit="1", at_most=MLX_STEPS, conditions=conditions)
        measure_error(ctx, errors, ROUNDING, bits=bits)
        product = _exact(mx.quantized_matmul(inputs, *quantized, transpose=True, group_size=GROUP, bits=bits))
        left, right = _exact(inputs), restored.T
        error = float((np.abs(product - left @ right) / (np.abs(left) @ np.abs(right))).max()) * 2**23
        at_most = PRODUCT_EPS["float32"]
        ctx.measure("product_error_in_eps", error, unit="1", at_most=at_most, conditions=conditions)
        measure_bytes(ctx, bits, sum(part.nbytes for part in quantized), weight.nbytes)


@check(needs=["mlx", "numpy"], devices=["mlx"])
def mlx_quantises_every_layer(ctx: Context) -> None:
    """MLX quantises every linear layer of a model, and each errs by its steps and takes a fraction of the bytes.

    The layer that is named stayed as it was: what is measured of this model is not what its name says.
    """
    import mlx.core as mx
    from mlx import nn

    ready_mlx(ctx)
    for bits in MLX_BITS:
        mx.random.seed(ctx.seed)
        model = nn.Sequential(*(nn.Linear(INNER, INNER, bias=False) for _ in range(3)))
        inputs, weights = mx.random.normal((ROWS, INNER)), [layer.weight for layer in model.layers]
        nn.quantize(model, group_size=GROUP, bits=bits)
        size = 0
        for index, (layer, weight) in enumerate(zip(model.layers, weights, strict=True)):
            ctx.require(isinstance(layer, nn.QuantizedLinear), f"layer {index} is {type(layer).__name__} still")
            groups = _exact(weight).reshape(INNER, -1, GROUP)
            steps = ((groups.max(axis=2) - groups.min(axis=2)) / (2**bits - 1)).repeat(GROUP, axis=1)
            exact = _exact(inputs)
            expected = float(((exact**2) @ (steps**2).T).mean() ** 0.5) * ROUNDING
            measure_error(ctx, _exact(layer(inputs)) - exact @ _exact(weight).T, expected, bits=bits, layer=index)
            size += layer.weight.nbytes + layer.scales.nbytes + layer.biases.nbytes
        measure_bytes(ctx, bits, size, sum(weight.nbytes for weight in weights))


def _required(ctx: Context, operator: Any, *arguments: Any) -> "torch.Tensor":
    """What the operator gives; the check fails with torch's own words, which name it, where it is not there."""
    try:
        given: torch.Tensor = operator(*arguments)
    except NotImplementedError as error:
        ctx.require(False, f"not implemented on {ctx.device}: {str(error).splitlines()[0]}")
        raise
    return given


def _packed(codes: "torch.Tensor", device: str) -> "torch.Tensor":
    """Codes of 4 bits as the device's kernel wants them: CPUs pack themselves, for others two make a byte."""
    import torch

    if device == "cpu":
        return torch._convert_weight_to_int4pack_for_cpu(codes, 2)  # noqa: SLF001 - it has no other name
    pairs = (codes[:, ::2] << 4 | codes[:, 1::2]).to(torch.uint8)
    return torch._convert_weight_to_int4pack(pairs.to(device), 2)  # noqa: SLF001 - the same


def _int4_operator(device: str) -> Any:
    import torch

    name = "_weight_int4pack_mm_for_cpu" if device == "cpu" else "_weight_int4pack_mm"
    return getattr(torch.ops.aten, name)


def _exact(array: "mx.array") -> "np.ndarray[Any, Any]":
    """The array in float64, where the oracle computes."""
    import numpy as np

    return np.array(array, dtype=np.float64)
