"""Is the arithmetic right, in each number format?"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from verify.checks.measures.precision import EPS, FORMATS, worst_error
from verify.checks.torch_device import ready, require_on
from verify.probe.check import check
from verify.probe.context import Context, Note

if TYPE_CHECKING:
    import torch

SIDE = 1000
# float32 sums 1,000 rounded products: rounding errors of random sign grow like the square root of their number.
# The shorter formats are multiplied exactly and summed in float32, so only the rounding of the result shows: half an
# eps to the nearest number, one towards zero. A sum that was rounded to the short format as it grew is off by more.
MATMUL_EPS = {"float32": SIDE**0.5, "float16": 1.0, "bfloat16": 1.0}

# Above 2 ** 16, where indices that were kept in 16 bits wrap round.
LENGTH = 70_001
# Libraries promise a few units in the last place for float32 functions; the shorter formats are computed in
# float32 and rounded once.
FUNCTION_EPS = {"float32": 8.0, "float16": 1.0, "bfloat16": 1.0}
# By Python's own functions: torch's may be wrong in every format alike.
FUNCTIONS: dict[str, Callable[[float], float]] = {
    "exp": math.exp,
    "log1p": math.log1p,
    "sin": math.sin,
    "tanh": math.tanh,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "erf": math.erf,
    "rsqrt": lambda x: 1 / math.sqrt(x),
    "gelu": lambda x: x / 2 * (1 + math.erf(x / math.sqrt(2))),
    "silu": lambda x: x / (1 + math.exp(-x)),
}
POSITIVE = ("log1p", "rsqrt")
# The argument times a share between 0 and 1. The share's error is absolute where it comes close to 0, and the
# argument magnifies it.
SHARES = ("gelu", "silu")
# Where what saturates has saturated, and a formula with exp(x) ** 2 overflows in float16. float16 itself ends at
# 65,504, whose logarithm is 11.
FAR, FAR_OF_EXP = 20.0, 10.0
# Sums are made pairwise or in blocks, in float32 for every format, and rounded once.
REDUCTION_EPS = {"float32": 8.0, "float16": 1.0, "bfloat16": 1.0}
# What float32 loses on the way, relative to the sum of sizes: a few eps of float32. A sum cancels: that of sizes is
# hundreds of times as large, so that an eps of it in a short format would be as large as the sum itself.
LOST_ON_THE_WAY = 8.0 * EPS["float32"]
SUM_EPS = dict.fromkeys(FORMATS, 1.0)
REDUCTIONS = ("sum", "mean", "std", "amax", "logsumexp", "norm")
# On the CPU torch adds squares one after the other in each lane of a vector, and the narrowest vectors have four. Each
# of these additions rounds by up to half an eps; as many halves as the square root of their number remain, and the
# norm's own root halves them. The signs lean: most squares are small, and more are rounded down than up, which alone
# is two eps with eight lanes. A GPU adds far fewer in a row.
NORM_EPS = {**REDUCTION_EPS, "float32": (LENGTH / 4) ** 0.5 / 4}


@check(level="quick", needs=["torch"], devices=["cpu", "cuda", "mps"])
def matmul_agrees_with_float64(ctx: Context) -> None:
    """A 1000 by 1000 matrix product agrees with float64, in each number format.

    An error far above the limit in float32 alone means that a shorter format (TF32, bfloat16) is used unasked;
    in all formats, a broken BLAS or kernel: compare another torch version.
    """
    import torch

    device, random = ready(ctx), torch.Generator().manual_seed(ctx.seed)
    for fmt in FORMATS:
        left, right = (_values((SIDE, SIDE), fmt, random) for _ in range(2))
        product = left.to(device) @ right.to(device)
        require_on(ctx, product)
        exact, size = left.double() @ right.double(), left.double().abs() @ right.double().abs()
        error = worst_error(product, exact, size, fmt)
        ctx.measure("error_in_eps", error, unit="1", at_most=MATMUL_EPS[fmt], conditions={"n": SIDE, "dtype": fmt})


@check(needs=["torch"], devices=["cpu", "cuda", "mps"])
def elementwise_functions_agree_with_float64(ctx: Context) -> None:
    """The functions that models apply to every element agree with float64, in each number format.

    The condition names the function: a fast approximation was built in, or its kernel is wrong at this length.
    """
    import torch

    device, random = ready(ctx), torch.Generator().manual_seed(ctx.seed)
    for fmt in FORMATS:
        drawn = _values((LENGTH,), fmt, random)
        for name, by_python in FUNCTIONS.items():
            values = _arguments(name, drawn)
            function = getattr(torch, name, None) or getattr(torch.nn.functional, name)
            result = function(values.to(device))
            exact = torch.tensor([by_python(x) for x in values.tolist()], dtype=torch.float64)
            require_on(ctx, result)
            scale = 1 + (values.double() if name in SHARES else exact).abs()
            error = worst_error(result, exact, scale, fmt)
            conditions: dict[str, Note] = {"function": name, "n": len(values), "dtype": fmt}
            ctx.measure("error_in_eps", error, unit="1", at_most=FUNCTION_EPS[fmt], conditions=conditions)


@check(needs=["torch"], devices=["cpu", "cuda", "mps"])
def reductions_agree_with_float64(ctx: Context) -> None:
    """Sums, means, deviations, maxima and norms over 70,001 elements agree with float64, in each number format.

    The condition names the reduction: one that loses digits sums in the short format instead of float32.
    """
    import torch

    device, random = ready(ctx), torch.Generator().manual_seed(ctx.seed)
    for fmt in FORMATS:
        # Scaled so that the sum of 70,001 of them is well inside float16's range.
        values = _values((3, LENGTH), fmt, random) / 16
        for name in REDUCTIONS:
            result, exact = _reduced(values.to(device), name), _reduced(values.double(), name)
            require_on(ctx, result)
            error = worst_error(result, exact, _scale(name, values, exact, fmt), fmt)
            limit = {"sum": SUM_EPS, "norm": NORM_EPS}.get(name, REDUCTION_EPS)[fmt]
            conditions: dict[str, Note] = {"reduction": name, "n": LENGTH, "dtype": fmt}
            ctx.measure("error_in_eps", error, unit="1", at_most=limit, conditions=conditions)


def _values(shape: tuple[int, ...], fmt: str, random: "torch.Generator") -> "torch.Tensor":
    """Random values, rounded to the format, so that the oracle starts from the same numbers."""
    import torch

    return torch.randn(shape, generator=random).to(getattr(torch, fmt))


def _arguments(name: str, drawn: "torch.Tensor") -> "torch.Tensor":
    """What was drawn, nothing, and numbers far from it; for a function of positive numbers alone, such."""
    import torch

    if name in POSITIVE:
        return drawn.abs() + 0.5
    far = FAR_OF_EXP if name == "exp" else FAR
    return torch.cat([drawn, drawn.new_tensor([0.0, -far, far])])


def _scale(name: str, values: "torch.Tensor", exact: "torch.Tensor", fmt: str) -> "torch.Tensor":
    """What an eps of the format is relative to: the result, and for a sum what may be lost before it is rounded."""
    if name != "sum":
        return exact.abs() + 1e-3
    return exact.abs() + values.double().abs().sum(dim=-1) * LOST_ON_THE_WAY / EPS[fmt]


def _reduced(values: "torch.Tensor", name: str) -> "torch.Tensor":
    reduced: torch.Tensor = getattr(values, name)(dim=-1)
    return reduced
