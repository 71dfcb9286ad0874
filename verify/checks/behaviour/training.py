"""Does the same training come the same way?"""

from pathlib import Path
from typing import TYPE_CHECKING

from verify.checks.behaviour.exchange import Exchange, exchange_of, reading
from verify.checks.behaviour.gaps import compare_losses, compare_ways, fall_of, require_learnt
from verify.checks.behaviour.tiny_models import load
from verify.checks.behaviour.tiny_runs import (
    ADAPTER,
    FALL,
    MODEL,
    adapted,
    make_material,
    rows_of,
    trained_by_hand,
    trained_by_trainer,
    weights_of,
)
from verify.checks.measures.precision import EPS
from verify.checks.torch_device import ready
from verify.probe.check import check
from verify.probe.context import Context

if TYPE_CHECKING:
    import torch

# AdamW divides a gradient by its own size: where one is nearly nothing, a step is as large as any and goes where
# rounding says, and what is off moves what follows. In these runs, a noise of one eps in every product puts the weights
# 400 eps of their way apart, and the losses 60 eps of their fall: a kernel that sums worse may do ten times that.
MOVED_WITHIN = 4_000 * EPS["float32"]
LOSS_WITHIN = 600 * EPS["float32"]
NEEDS = ("torch", "transformers", "safetensors")


@check(needs=NEEDS, devices=["cpu", "cuda", "mps"])
def a_bare_loop_trains_the_same_model(ctx: Context) -> None:
    """Twenty steps of AdamW from the same weights on the same data give the same losses and end at the same weights.

    The model's gradients, its loss or torch's optimiser changed: a recipe that was tuned before the upgrade trains
    otherwise after it. Where the first loss differs, look at the model; where only later ones do, at the optimiser.
    """
    device, exchange = ready(ctx), exchange_of(ctx, a_bare_loop_trains_the_same_model)
    material = exchange.material(lambda folder: make_material(folder, ctx.seed))
    model = load(material / MODEL).to(device)
    start = weights_of(model)
    losses = trained_by_hand(ctx, model, rows_of(material))
    _hold(ctx, exchange, losses, start, weights_of(model))


@check(needs=[*NEEDS, "accelerate"], devices=["cpu", "cuda", "mps"])
def the_trainer_trains_the_same_model(ctx: Context) -> None:
    """Twenty steps of the Trainer, told no more than it must, give the same losses and end at the same weights.

    A default changed, of the schedule, the clipping or the optimiser, or the order of the data: say in the recipe what
    was a default before. Where a bare loop differs too, it is the model or torch.
    """
    device, exchange = ready(ctx), exchange_of(ctx, the_trainer_trains_the_same_model)
    material = exchange.material(lambda folder: make_material(folder, ctx.seed))
    model = load(material / MODEL).to(device)
    start = weights_of(model)
    losses = trained_by_trainer(ctx, model, rows_of(material), ctx.scratch / "trainer")
    _hold(ctx, exchange, losses, start, weights_of(model))


@check(needs=[*NEEDS, "peft"], devices=["cpu", "cuda", "mps"])
def adapters_are_trained_the_same(ctx: Context) -> None:
    """Twenty steps from the same adapters on the same data give the same losses and end at the same adapters.

    PEFT adapts other layers, at another scale, or hands on other gradients. Where a bare loop without adapters differs
    too, it is the model or torch.
    """
    from peft import PeftModel

    device, exchange = ready(ctx), exchange_of(ctx, adapters_are_trained_the_same)

    def make(folder: Path) -> None:
        make_material(folder, ctx.seed)
        adapted(load(folder / MODEL), ctx.seed).save_pretrained(folder / ADAPTER)

    material = exchange.material(make)
    with reading("an adapter"):
        model = PeftModel.from_pretrained(load(material / MODEL), material / ADAPTER, is_trainable=True).to(device)
    start = weights_of(model)
    losses = trained_by_hand(ctx, model, rows_of(material))
    _hold(ctx, exchange, losses, start, weights_of(model))


def _hold(
    ctx: Context,
    exchange: Exchange,
    losses: list[float],
    start: "dict[str, torch.Tensor]",
    ended: "dict[str, torch.Tensor]",
) -> None:
    exchange.leave("losses", losses)
    exchange.leave_tensors("ended", ended)
    require_learnt(ctx, losses, FALL)
    if exchange.kept:
        other = exchange.found("losses")
        compare_losses(ctx, losses, other, LOSS_WITHIN * fall_of(other), {})
        compare_ways(ctx, ended, exchange.found_tensors("ended"), start, MOVED_WITHIN)
