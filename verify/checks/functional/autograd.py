"""Are the gradients right, at every size at which training needs them?"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from verify.checks.measures.precision import worst_error
from verify.checks.torch_device import ready, require_on
from verify.probe.check import check
from verify.probe.context import Context, Note

if TYPE_CHECKING:
    import torch

# About a dozen float32 operations lie between a parameter and the loss; a scaled or dropped term is 1e4 eps.
GRADIENT_EPS = 64.0
# The step at which truncation (h ** 2) and cancellation (eps / h) of float64 are equally small.
STEP = 2.0**-17

VOCABULARY = 50_257
NARROW, WIDE = 16, 32
TABLE = (VOCABULARY, NARROW)
# One that is small, and one past each edge at which MPS has been silently wrong: 2 ** 15 terms of a sum or rows
# (https://github.com/pytorch/pytorch/issues/195163, https://github.com/pytorch/pytorch/issues/177116), GPT-2's
# vocabulary (https://github.com/pytorch/pytorch/issues/153957) and 2 ** 16 rows
# (https://github.com/pytorch/pytorch/issues/189495, https://github.com/pytorch/pytorch/issues/96225). Products of
# more than 2 ** 25 elements (https://github.com/pytorch/pytorch/issues/116769) have a case of their own.
SIZES = (1_000, 32_769, VOCABULARY, 65_537)
# A few dozen roundings in a row, and those of a sum over as many terms as the size says, one after the other, whose
# random signs let them grow like its square root. A gradient that is a hundredth too large is off by 4e4 eps.
ROUNDINGS = 64.0


@dataclass(frozen=True, slots=True)
class Case:
    """An operation of training at a size, and the shapes of what it is differentiated by."""

    operation: str
    size: int
    apply: "Callable[..., torch.Tensor]"
    shapes: tuple[tuple[int, ...], ...]


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


@check(needs=["torch"], devices=["cpu", "cuda", "mps"], timeout_seconds=240)
def gradients_agree_with_float64_at_every_size(ctx: Context) -> None:
    """What training computes agrees with float64, forwards and backwards, on either side of every known edge.

    The condition names the operation and the size: below that size it is right. Keep batches, sequences and
    vocabularies below it on this device, or compare another torch version.
    """
    import torch

    device, random = ready(ctx), torch.Generator().manual_seed(ctx.seed)
    for case in (*(case for size in SIZES for case in _cases(size)), _output_projection()):
        inputs = [torch.randn(shape, generator=random) for shape in case.shapes]
        result, gradients = _both_ways(case, inputs, device, torch.float32)
        for tensor in (result, *gradients):
            require_on(ctx, tensor)
        exact, slopes = _both_ways(case, inputs, torch.device("cpu"), torch.float64)
        conditions: dict[str, Note] = {"operation": case.operation, "size": case.size}
        limit = ROUNDINGS + 4 * case.size**0.5
        error = _worst(result, exact)
        ctx.measure("result_error_in_eps", error, unit="1", at_most=limit, conditions=conditions)
        worst = max(_worst(gradient, slope) for gradient, slope in zip(gradients, slopes, strict=True))
        ctx.measure("gradient_error_in_eps", worst, unit="1", at_most=limit, conditions=conditions)


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


def _both_ways(
    case: Case, inputs: "list[torch.Tensor]", device: "torch.device", dtype: "torch.dtype"
) -> "tuple[torch.Tensor, tuple[torch.Tensor, ...]]":
    """What the operation makes of the inputs, and its gradients along a fixed direction that no sum cancels."""
    import torch

    own = [value.to(device, dtype).requires_grad_() for value in inputs]
    result = case.apply(*own)
    direction = torch.randn(result.shape, generator=torch.Generator().manual_seed(1)).to(device, dtype)
    return result.detach(), torch.autograd.grad(result, own, direction)


def _worst(result: "torch.Tensor", exact: "torch.Tensor") -> float:
    """The worst error, relative to each element and, for elements near zero, to the mean of all.

    Relative to the largest would hide a vocabulary entry that is ignored: most gradients of a softmax are tiny.
    """
    return worst_error(result, exact, exact.abs() + exact.abs().mean())


def _cases(size: int) -> Iterator[Case]:
    """Operations of a language model's training over so many tokens, or that many classes, or keys."""
    import torch
    from torch.nn import functional

    tokens = _scattered(size, VOCABULARY)
    order, classes = _scattered(size, size), _scattered(size, NARROW)
    labels = torch.tensor([*range(0, size, size // 30), size - 1])

    def cross_entropy(logits: "torch.Tensor", answers: "torch.Tensor") -> "torch.Tensor":
        return functional.cross_entropy(logits, answers.to(logits.device))

    def attention(query: "torch.Tensor", key: "torch.Tensor", value: "torch.Tensor") -> "torch.Tensor":
        return functional.scaled_dot_product_attention(query, key, value)

    def normalised(values: "torch.Tensor", weight: "torch.Tensor", bias: "torch.Tensor") -> "torch.Tensor":
        return functional.layer_norm(values, (WIDE,), weight, bias)

    def scattered(values: "torch.Tensor") -> "torch.Tensor":
        return torch.zeros_like(values).index_add(0, order.to(values.device), values)

    linear, weights = functional.linear, ((NARROW, WIDE), (NARROW,))
    heads = ((1, 2, NARROW, NARROW), (1, 2, size, NARROW), (1, 2, size, NARROW))
    yield Case("linear", size, linear, ((size, WIDE), *weights))
    yield Case("linear of a batch of sequences", size, linear, ((size, 2, WIDE), *weights))
    yield Case("batched product", size, torch.matmul, ((size, 4, NARROW), (size, NARROW, 4)))
    yield Case("attention over keys", size, attention, heads)
    yield Case("softmax", size, lambda values: functional.softmax(values, -1), ((4, size),))
    yield Case("layer norm", size, normalised, ((size, WIDE), (WIDE,), (WIDE,)))
    yield Case("gelu", size, functional.gelu, ((size,),))
    yield Case("embedding", size, lambda table: functional.embedding(tokens.to(table.device), table), (TABLE,))
    yield Case("cross entropy over tokens", size, lambda logits: cross_entropy(logits, classes), ((size, NARROW),))
    yield Case("cross entropy over classes", size, lambda logits: cross_entropy(logits, labels), ((len(labels), size),))
    yield Case("gather", size, lambda values: values[order.to(values.device)], ((size, 4),))
    yield Case("scatter", size, scattered, ((size, 4),))
    yield Case("cumulative sum", size, lambda values: values.cumsum(0), ((size, 4),))


def _output_projection() -> Case:
    """Hidden states to logits: more than 2 ** 25 of them."""
    from torch.nn import functional

    return Case("output projection", VOCABULARY, functional.linear, ((2**25 // VOCABULARY + 1, NARROW), TABLE))


def _scattered(count: int, below: int) -> "torch.Tensor":
    """Indices that visit all numbers below the limit in turn, in no obvious order: the step is a prime."""
    import torch

    return torch.arange(count) * 7919 % below
