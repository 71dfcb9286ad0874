"""TinyNet, 74,826 parameters, and its training: on data that can be learnt, and on data that cannot."""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from verify.checks.torch_device import require_on

if TYPE_CHECKING:
    import torch

    from verify.probe.context import Context

WIDTHS = (128, 256, 128, 64, 10)
BATCH = 32
STEPS = 100
LEARNING_RATE = 1e-3
CHANCE = math.log(WIDTHS[-1])
# A batch of 32 is memorised to below 0.01 in 100 steps; a tenth of chance leaves room for any device's rounding.
LEARNT = CHANCE / 10
# No predictor beats ln(10) on labels drawn anew each step. The mean over the last 20 batches of 32 has been seen
# to vary by 0.02: a tenth is five times that.
LAST = 20
UNLEARNT = CHANCE - 0.1

Batches = Callable[[], "tuple[torch.Tensor, torch.Tensor]"]


@dataclass(frozen=True, slots=True)
class Trained:
    """A net after its training, and the loss before each step and after the last."""

    net: "torch.nn.Module"
    losses: list[float]


def tinynet() -> "torch.nn.Module":
    """The net of 74,826 parameters: four linear layers, the first two followed by a rectifier."""
    from torch import nn

    first, second, third, fourth = (nn.Linear(*pair) for pair in itertools.pairwise(WIDTHS))
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), third, fourth)


def trained(
    ctx: "Context",
    batches: Batches,
    seed: int | None = None,
    fmt: str | None = None,
) -> Trained:
    """Train a fresh TinyNet for 100 steps.

    Args:
        ctx: The check's context, with its device and seed.
        batches: Gives the inputs and labels of the next step.
        seed: Another seed than the context's.
        fmt: The short format that autocast computes in, or None for float32.
    """
    import torch

    torch.manual_seed(ctx.seed if seed is None else seed)
    net = tinynet().to(ctx.device)
    optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE)
    scaler, losses = _scaler(ctx, fmt), []
    for _ in range(STEPS):
        with _autocast(ctx, fmt):
            loss = _loss(net, batches)
        require_on(ctx, loss)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        losses.append(float(loss.detach()))
    with _autocast(ctx, fmt):
        return Trained(net, [*losses, float(_loss(net, batches).detach())])


@dataclass(frozen=True, slots=True)
class FirstStep:
    """What the first step of a fresh TinyNet computes, before it moves a weight; all on the CPU.

    Attributes:
        formats: The number formats of its layers' outputs.
        first_layer: Inputs, weight, bias and outputs of the first layer.
        logits: In float64.
        gradients: Of all parameters, flattened, in float64, after the scaler has divided them.
    """

    formats: "set[torch.dtype]"
    first_layer: "tuple[torch.Tensor, ...]"
    logits: "torch.Tensor"
    gradients: "torch.Tensor"

    def error_of_first_layer(self, dtype: "torch.dtype") -> float:
        """How far the first layer's outputs are from float64 on inputs and parameters rounded to a format."""
        inputs, weight, bias, outputs = (tensor.to(dtype).double() for tensor in self.first_layer)
        return float((outputs - inputs @ weight.T - bias).norm())


def first_step(ctx: "Context", fmt: str | None) -> FirstStep:
    """The first step on the fixed batch, under autocast to a format, or in float32."""
    import torch
    from torch.nn import functional

    torch.manual_seed(ctx.seed)
    net, (inputs, labels) = tinynet().to(ctx.device), always_the_same(ctx)()
    outputs: list[torch.Tensor] = []
    for layer in net.children():
        layer.register_forward_hook(lambda _, __, output: outputs.append(output.detach().cpu()))
    weight, bias, *_ = net.parameters()
    scaler, optimizer = _scaler(ctx, fmt), torch.optim.Adam(net.parameters())
    with _autocast(ctx, fmt):
        logits = net(inputs)
        loss = functional.cross_entropy(logits, labels)
    require_on(ctx, logits)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    gradients = torch.cat([parameter.grad.flatten().cpu().double() for parameter in net.parameters()])
    layer = (inputs.cpu(), weight.detach().cpu(), bias.detach().cpu(), outputs[0])
    return FirstStep({output.dtype for output in outputs}, layer, logits.detach().cpu().double(), gradients)


def judged(net: "torch.nn.Module", batch: "tuple[torch.Tensor, torch.Tensor]") -> tuple[float, float]:
    """The cross-entropy and the accuracy of a net, from its logits in float64: no framework's loss has a say."""
    import torch

    inputs, labels = batch
    with torch.no_grad():
        logits = net(inputs).cpu().double()
    labels = labels.cpu()
    likelihood = logits.exp()[torch.arange(len(labels)), labels] / logits.exp().sum(dim=1)
    return float(-likelihood.log().mean()), float((logits.argmax(dim=1) == labels).double().mean())


def always_the_same(ctx: "Context") -> Batches:
    """One batch of random inputs and labels, again and again: it can be memorised."""
    batch = never_the_same(ctx)()
    return lambda: batch


def never_the_same(ctx: "Context") -> Batches:
    """Inputs and labels drawn anew each step: there is nothing to learn."""
    import torch

    random = torch.Generator().manual_seed(ctx.seed)

    def batch() -> "tuple[torch.Tensor, torch.Tensor]":
        inputs = torch.randn(BATCH, WIDTHS[0], generator=random)
        labels = torch.randint(WIDTHS[-1], (BATCH,), generator=random)
        return inputs.to(ctx.device), labels.to(ctx.device)

    return batch


def _loss(net: "torch.nn.Module", batches: Batches) -> "torch.Tensor":
    from torch.nn import functional

    inputs, labels = batches()
    return functional.cross_entropy(net(inputs), labels)


def _autocast(ctx: "Context", fmt: str | None) -> "torch.autocast":
    import torch

    return torch.autocast(ctx.device, getattr(torch, fmt or "bfloat16"), enabled=fmt is not None)


def _scaler(ctx: "Context", fmt: str | None) -> "torch.amp.GradScaler":
    """Of use for float16 alone: bfloat16 reaches as far as float32."""
    import torch

    return torch.amp.GradScaler(ctx.device, enabled=fmt == "float16")
