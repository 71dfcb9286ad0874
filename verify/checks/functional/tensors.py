"""Is the arithmetic right, in each number format?"""

from typing import TYPE_CHECKING

from verify.checks.measures.precision import FORMATS, worst_error
from verify.checks.torch_device import ready, require_on
from verify.probe.check import check
from verify.probe.context import Context, Note

if TYPE_CHECKING:
    import torch

SIDE = 1000
# float32 sums 1,000 rounded products: rounding errors of random sign grow like the square root of their number.
# The shorter formats are multiplied exactly and summed in float32, so only the rounding of the result shows:
# half an eps of it, and never more than two of the products' sizes.
MATMUL_EPS = {"float32": SIDE**0.5, "float16": 2.0, "bfloat16": 2.0}

# Above 2 ** 16, where indices that were kept in 16 bits wrap round.
LENGTH = 70_001
# Libraries promise a few units in the last place for float32 functions; the shorter formats are computed in
# float32 and rounded once.
FUNCTION_EPS = {"float32": 8.0, "float16": 1.0, "bfloat16": 1.0}
FUNCTIONS = ("exp", "log1p", "sin", "tanh", "sigmoid", "erf", "rsqrt", "gelu", "silu")
# Sums are made pairwise or in blocks; relative to the sum of sizes the error stays below a few eps.
REDUCTION_EPS = {"float32": 8.0, "float16": 1.0, "bfloat16": 1.0}
REDUCTIONS = ("sum", "mean", "std", "amax", "logsumexp", "norm")


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
        values = _values((LENGTH,), fmt, random).abs() + 0.5
        for name in FUNCTIONS:
            function = getattr(torch, name, None) or getattr(torch.nn.functional, name)
            result, exact = function(values.to(device)), function(values.double())
            require_on(ctx, result)
            error = worst_error(result, exact, 1 + exact.abs(), fmt)
            conditions: dict[str, Note] = {"function": name, "n": LENGTH, "dtype": fmt}
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
            scale = values.double().abs().sum(dim=-1) if name == "sum" else exact.abs()
            error = worst_error(result, exact, scale + 1e-3, fmt)
            conditions: dict[str, Note] = {"reduction": name, "n": LENGTH, "dtype": fmt}
            ctx.measure("error_in_eps", error, unit="1", at_most=REDUCTION_EPS[fmt], conditions=conditions)


def _values(shape: tuple[int, ...], fmt: str, random: "torch.Generator") -> "torch.Tensor":
    """Random values, rounded to the format, so that the oracle starts from the same numbers."""
    import torch

    return torch.randn(shape, generator=random).to(getattr(torch, fmt))


def _reduced(values: "torch.Tensor", name: str) -> "torch.Tensor":
    reduced: torch.Tensor = getattr(values, name)(dim=-1)
    return reduced
