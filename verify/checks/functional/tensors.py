"""Is the arithmetic right, and is the gradient of it?"""

from typing import TYPE_CHECKING

from verify.checks.precision import FORMATS, worst_error
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

# About a dozen float32 operations lie between a parameter and the loss; a scaled or dropped term is 1e4 eps.
GRADIENT_EPS = 64.0
# The step at which truncation (h ** 2) and cancellation (eps / h) of float64 are equally small.
STEP = 2.0**-17


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


@check(level="quick", needs=["torch"], devices=["cpu", "cuda", "mps"])
def gradients_agree_with_finite_differences(ctx: Context) -> None:
    """The gradient of a small language model's loss is the slope that finite differences find.

    Training with a wrong gradient fails silently: do not train on this device with this torch version.
    """
    import torch

    device, random = ready(ctx), torch.Generator().manual_seed(ctx.seed)
    shapes = {"embedding": (7, 8), "hidden": (8, 8), "bias": (8,), "output": (8, 11)}
    exact = {name: torch.randn(shape, generator=random, dtype=torch.float64) for name, shape in shapes.items()}
    tokens, labels = torch.arange(20) % 7, torch.arange(20) * 3 % 11
    own = {name: value.float().to(device).requires_grad_() for name, value in exact.items()}
    _loss(own, tokens.to(device), labels.to(device)).backward()
    exact = {name: value.detach().cpu().double() for name, value in own.items()}
    for name, parameter in own.items():
        ctx.require(parameter.grad is not None, f"no gradient reached {name}")
        require_on(ctx, parameter.grad)
        slope = _slope(exact, name, tokens, labels)
        error = worst_error(parameter.grad, slope, slope.abs().max())
        ctx.measure("error_in_eps", error, unit="1", at_most=GRADIENT_EPS, conditions={"parameter": name})


def _values(shape: tuple[int, ...], fmt: str, random: "torch.Generator") -> "torch.Tensor":
    """Random values, rounded to the format, so that the oracle starts from the same numbers."""
    import torch

    return torch.randn(shape, generator=random).to(getattr(torch, fmt))


def _reduced(values: "torch.Tensor", name: str) -> "torch.Tensor":
    reduced: torch.Tensor = getattr(values, name)(dim=-1)
    return reduced


def _loss(parameters: "dict[str, torch.Tensor]", tokens: "torch.Tensor", labels: "torch.Tensor") -> "torch.Tensor":
    from torch.nn import functional

    hidden = functional.gelu(parameters["embedding"][tokens] @ parameters["hidden"] + parameters["bias"])
    logits = functional.layer_norm(hidden, hidden.shape[-1:]) @ parameters["output"]
    return functional.cross_entropy(logits, labels)


def _slope(
    parameters: "dict[str, torch.Tensor]", name: str, tokens: "torch.Tensor", labels: "torch.Tensor"
) -> "torch.Tensor":
    """Central differences of the loss in float64, one element after the other."""
    import torch

    def loss_at(offset: torch.Tensor) -> float:
        return float(_loss({**parameters, name: parameters[name] + offset}, tokens, labels))

    value = parameters[name]
    steps = torch.eye(value.numel(), dtype=torch.float64).reshape(-1, *value.shape) * STEP
    return torch.tensor([(loss_at(step) - loss_at(-step)) / (2 * STEP) for step in steps], dtype=torch.float64).reshape(
        value.shape
    )
