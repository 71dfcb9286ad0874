"""Does the device compute in float8 (e4m3), and not only know its name?"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from verify.checks.torch_device import ready, require_on
from verify.probe.check import check
from verify.probe.context import Context

if TYPE_CHECKING:
    import torch

# e4m3 without infinities: 4 bits of exponent, 3 of fraction, the last code of each sign is no number.
# https://arxiv.org/abs/2209.05433
FRACTIONS = 8
BIAS = 7
NUMBERS = 127
LARGEST = 448.0

DRAWN = 70_001
# Multiples of 16, as the kernels ask, and of two tiles of 32 at least.
ROWS, INNER, COLUMNS = 64, 256, 48
# Products of two e4m3 numbers are exact in float32. A CPU sums 256 of them there: 16 eps by the square root, four
# times that at most. Tensor cores keep about 14 bits while they sum (https://arxiv.org/abs/2412.19437, 3.3.2), of the
# largest of 32 products, which is up to eight times their mean. One product that is dropped is 2 ** -8.
ERROR = {"cpu": 64 * 2.0**-23, "mps": 64 * 2.0**-23, "cuda": 2.0**-10}
# The first to multiply float8: Ada and Hopper.
CAPABILITY = (8, 9)
# What Linux calls the instructions that multiply float8 on x86.
INSTRUCTIONS = ("amx_fp8", "avx10_2")


@check(needs=["torch"], devices=["cpu", "cuda", "mps"], optional=True)
def rounding_to_float8_gives_the_nearest_number(ctx: Context) -> None:
    """Rounding to e4m3 gives the code of the nearest of its 253 numbers, and of two that are as near the even one.

    Another type or another code is no float8, whatever it is called: do not believe this device's float8 figures.
    """
    import torch

    ready(ctx)
    numbers = _numbers()
    random = torch.Generator().manual_seed(ctx.seed)
    drawn = torch.randn(DRAWN, generator=random) * torch.logspace(-12, 7, DRAWN, base=2)
    ties = ((numbers[1:] + numbers[:-1]) / 2).float()
    values = torch.cat([drawn.clamp(-LARGEST, LARGEST), ties, -ties, numbers.float()])
    rounded = _float8(ctx, values)
    require_on(ctx, rounded)
    ctx.require(rounded.dtype == torch.float8_e4m3fn, f"asked for float8_e4m3fn, but the result is {rounded.dtype}")
    codes = rounded.view(torch.uint8).cpu().long()
    differing = int((codes != _codes(values.double(), numbers)).sum())
    ctx.measure("differing_codes", differing, unit="1", equals=0, conditions={"n": values.numel()})
    error = (rounded.cpu().double() - values.double()).abs() / values.double().abs().clamp(min=2.0 ** (1 - BIAS))
    ctx.measure("relative_error", float(error.max()), unit="1", at_most=1 / FRACTIONS / 2)


@check(needs=["torch"], devices=["cpu", "cuda", "mps"], optional=True)
def float8_products_agree_with_float64(ctx: Context) -> None:
    """A scaled product of float8 matrices agrees with float64 for the same rounded numbers.

    The scales are not used, or the product loses more digits than its format does: do not train in float8 here.
    """
    import torch

    device, random = ready(ctx), torch.Generator().manual_seed(ctx.seed)
    if ctx.device == "cuda" and torch.cuda.get_device_capability() < CAPABILITY:
        own, needed = (".".join(map(str, one)) for one in (torch.cuda.get_device_capability(), CAPABILITY))
        ctx.skip(f"float8 products need compute capability {needed}, this device has {own}")
    ctx.note(arithmetic=_arithmetic(ctx.device))
    wide = [torch.randn(shape, generator=random) for shape in ((ROWS, INNER), (COLUMNS, INNER))]
    scales = [values.abs().max() / LARGEST for values in wide]
    left, right = (_float8(ctx, values / scale) for values, scale in zip(wide, scales, strict=True))
    ctx.require(left.element_size() == right.element_size() == 1, f"{left.dtype} takes more than a byte")
    scale_a, scale_b = (scale.to(device) for scale in scales)
    multiply = partial(torch._scaled_mm, scale_a=scale_a, scale_b=scale_b, out_dtype=torch.float32)  # noqa: SLF001 - the one there is
    product = given(ctx, "product", lambda: multiply(left, right.t()))
    require_on(ctx, product)
    one, two = (values.cpu().double() * scale.double() for values, scale in zip((left, right), scales, strict=True))
    error = (product.cpu().double() - one @ two.t()).abs() / (one.abs() @ two.abs().t())
    shape = f"{ROWS}x{INNER}x{COLUMNS}"
    ctx.measure("error", float(error.max()), unit="1", at_most=ERROR[ctx.device], conditions={"shape": shape})


def _float8(ctx: Context, values: "torch.Tensor") -> "torch.Tensor":
    """The values on the device, rounded to e4m3."""
    import torch

    return given(ctx, "numbers", lambda: values.to(ctx.device).to(torch.float8_e4m3fn))


def given(ctx: Context, what: str, operation: Callable[[], "torch.Tensor"]) -> "torch.Tensor":
    """What the operation gives; where Metal has no such thing, the check is skipped with torch's words."""
    try:
        return operation()
    except (TypeError, RuntimeError) as error:
        # Every CPU can do both, by a table if need be, and so can every CUDA device that is asked.
        if ctx.device == "mps":
            ctx.skip(f"no float8 {what} on mps: {str(error).splitlines()[0]}")
        raise


def _numbers() -> "torch.Tensor":
    """The numbers of e4m3 that are not negative, by their definition and in the order of their codes."""
    import torch

    codes = torch.arange(NUMBERS, dtype=torch.float64)
    exponent, fraction = codes.div(FRACTIONS, rounding_mode="floor"), codes % FRACTIONS / FRACTIONS
    small = fraction * 2.0 ** (1 - BIAS)
    return torch.where(exponent == 0, small, (1 + fraction) * 2.0 ** (exponent - BIAS))


def _codes(values: "torch.Tensor", numbers: "torch.Tensor") -> "torch.Tensor":
    """The code of the number that is nearest; codes alternate between even and odd, as the numbers do."""
    import torch

    middles = (numbers[1:] + numbers[:-1]) / 2
    low, high = (torch.bucketize(values.abs(), middles, right=right) for right in (False, True))
    nearest = torch.where(low % 2 == 0, low, high)
    return nearest + torch.signbit(values) * (NUMBERS + 1)


def _arithmetic(device: str) -> str:
    """Whether the device multiplies float8 itself, where that can be told."""
    if device == "cuda":
        return "native, by its compute capability"
    flags = Path("/proc/cpuinfo")
    if not flags.is_file():
        return "not told by this system"
    told = flags.read_text(encoding="utf-8").split()
    return "possibly native" if set(INSTRUCTIONS) & set(told) else "emulated"
