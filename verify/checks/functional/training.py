"""Does training train? TinyNet on data that can be learnt, and on data that cannot."""

import itertools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from verify.checks.torch_device import ready, require_on
from verify.probe.check import check
from verify.probe.context import Context, Note

if TYPE_CHECKING:
    import torch

WIDTHS = (128, 256, 128, 64, 10)
BATCH = 32
STEPS = 100
CHANCE = math.log(WIDTHS[-1])
# A batch of 32 is memorised to below 0.01 in 100 steps; a tenth of chance leaves room for any device's rounding.
LEARNT = CHANCE / 10
# No predictor beats ln(10) on labels drawn anew each step. The mean over the last 20 batches of 32 has been seen
# to vary by 0.02: a tenth is five times that.
LAST = 20
UNLEARNT = CHANCE - 0.1
# Freshly initialised, the outputs are nearly equal: the loss starts at chance.
START_WITHIN = 0.05 * CHANCE

Batches = Callable[[], "tuple[torch.Tensor, torch.Tensor]"]


@check(level="quick", needs=["torch"])
def tinynet_has_74826_parameters(ctx: Context) -> None:
    """TinyNet, 128 to 256 to 128 to 64 to 10, has exactly 74,826 parameters.

    Another count means that torch's linear layer is not what it was: no published number compares any more.
    """
    counted = sum(parameter.numel() for parameter in tinynet().parameters())
    ctx.measure("parameters", counted, unit="1", direction="equal", equals=74_826)
    widths: dict[str, Any] = dict(zip("abcde", WIDTHS, strict=True))
    formula = "(a + 1) * b + (b + 1) * c + (c + 1) * d + (d + 1) * e"
    ctx.derive("parameters_by_formula", formula, unit="1", direction="equal", equals=counted, **widths)


@check(level="quick", needs=["torch"], devices=["cpu", "cuda", "mps"])
def tinynet_learns_what_can_be_learnt(ctx: Context) -> None:
    """TinyNet memorises a fixed batch, and learns nothing from labels that are drawn anew each step.

    A loss that stays at ln(10) = 2.303 on the fixed batch means that no step reaches the weights; one that falls
    on fresh random labels means that the loss itself is not to be believed.
    """
    ready(ctx)
    losses = training_losses(ctx, _always_the_same(ctx), STEPS)
    control = training_losses(ctx, _never_the_same(ctx), STEPS)
    ctx.measure("initial_loss_from_chance", abs(losses[0] - CHANCE), unit="nat", at_most=START_WITHIN)
    ctx.measure("loss_by_step", losses, unit="nat", along="step", conditions={"batch": BATCH, "labels": "fixed"})
    ctx.measure("final_loss", losses[-1], unit="nat", at_most=LEARNT, conditions={"steps": STEPS, "labels": "fixed"})
    mean = sum(control[-LAST:]) / LAST
    conditions: dict[str, Note] = {"steps": STEPS, "averaged": LAST, "labels": "drawn anew each step"}
    ctx.measure("control_loss", mean, unit="nat", direction="higher", at_least=UNLEARNT, conditions=conditions)


@check(needs=["torch"], devices=["cpu", "cuda", "mps"])
def the_same_seed_gives_the_same_losses(ctx: Context) -> None:
    """Training twice from one seed gives the same losses, bit for bit, and another seed gives others.

    Runs that do not repeat cannot be compared: look for an operation without a deterministic implementation.
    """
    ready(ctx)
    first, second = (training_losses(ctx, _always_the_same(ctx), STEPS) for _ in range(2))
    other = training_losses(ctx, _always_the_same(ctx), STEPS, seed=ctx.seed + 1)
    differing = sum(one != two for one, two in zip(first, second, strict=True))
    ctx.measure("differing_losses", differing, unit="1", equals=0, conditions={"steps": STEPS})
    ctx.require(first != other, "another seed gave the same losses: the seed is not used")


def tinynet() -> "torch.nn.Module":
    """The net of 74,826 parameters: four linear layers, the first two followed by a rectifier."""
    from torch import nn

    first, second, third, fourth = (nn.Linear(*pair) for pair in itertools.pairwise(WIDTHS))
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), third, fourth)


def training_losses(ctx: Context, batches: Batches, steps: int, seed: int | None = None) -> list[float]:
    """The loss before each step of training a fresh TinyNet, and after the last."""
    import torch

    torch.manual_seed(ctx.seed if seed is None else seed)
    net = tinynet().to(ctx.device)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    losses = []
    for _ in range(steps):
        loss = _loss(net, batches)
        require_on(ctx, loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return [*losses, float(_loss(net, batches).detach())]


def _loss(net: "torch.nn.Module", batches: Batches) -> "torch.Tensor":
    from torch.nn import functional

    inputs, labels = batches()
    return functional.cross_entropy(net(inputs), labels)


def _always_the_same(ctx: Context) -> Batches:
    batch = _never_the_same(ctx)()
    return lambda: batch


def _never_the_same(ctx: Context) -> Batches:
    import torch

    random = torch.Generator().manual_seed(ctx.seed)

    def batch() -> "tuple[torch.Tensor, torch.Tensor]":
        inputs = torch.randn(BATCH, WIDTHS[0], generator=random)
        labels = torch.randint(WIDTHS[-1], (BATCH,), generator=random)
        return inputs.to(ctx.device), labels.to(ctx.device)

    return batch
