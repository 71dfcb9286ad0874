"""How far the answers of two environments are apart, held against how far rounding alone can put them."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from verify.checks.measures.precision import EPS
from verify.probe.context import Context, Note

if TYPE_CHECKING:
    import torch

    Weights = Mapping[str, torch.Tensor]


def compare_logits(
    ctx: Context, found: "torch.Tensor", other: "torch.Tensor", eps: float, conditions: Mapping[str, Note]
) -> None:
    """Hold logits against those of the other environment.

    Args:
        ctx: The check's context.
        found: Logits of this environment, the vocabulary last, on the CPU.
        other: Those of the other one.
        eps: How far they may be apart, in float32's eps times the largest logit.
        conditions: What tells these figures from others of the check.
    """
    ctx.require(found.shape == other.shape, f"logits of {tuple(found.shape)}, not {tuple(other.shape)}: {conditions}")
    limit = eps * EPS["float32"] * float(other.abs().max())
    gap = float((found - other).abs().max())
    ctx.measure("logit_gap", gap, unit="1", at_most=limit, conditions=conditions)
    best = other.topk(2).values
    sure = best[..., 0] - best[..., 1] > 2 * limit
    differing = int((found.argmax(-1) != other.argmax(-1))[sure].sum())
    # Where two tokens are as likely as one another but for rounding, either may be the likeliest.
    told = {**conditions, "positions": int(sure.sum())}
    ctx.measure("differing_likeliest_tokens", differing, unit="1", equals=0, conditions=told)


def require_meaning(ctx: Context, logits: "torch.Tensor", what: str) -> None:
    """Fail unless the logits are numbers that differ: comparing others would prove nothing."""
    import torch

    ctx.require(bool(torch.isfinite(logits).all()), f"the logits of {what} are not all finite")
    ctx.require(float(logits.std()) > 0, f"the logits of {what} are all equal")


def compare_losses(
    ctx: Context, found: Sequence[float], other: Sequence[float], at_most: float, conditions: Mapping[str, Note]
) -> None:
    """Hold the losses of a training, by step and in nats, against those of another; they may be so many nats apart."""
    ctx.require(len(found) == len(other), f"{len(found)} steps were taken, not {len(other)}")
    gap = widest_gap(found, other)
    ctx.measure("largest_loss_gap", gap, unit="nat", at_most=at_most, conditions=conditions)


def widest_gap(one: Sequence[float], other: Sequence[float]) -> float:
    """How far the losses of two trainings come apart; no number where one of them is none."""
    gaps = [abs(each - another) for each, another in zip(one, other, strict=False)]
    # max() alone passes over what is not a number.
    return max(gaps, key=lambda gap: (math.isnan(gap), gap))


def fall_of(losses: Sequence[float]) -> float:
    """How far losses fell, in nats."""
    return max(losses) - min(losses)


def compare_ways(ctx: Context, ended: "Weights", other: "Weights", start: "Weights", within: float) -> None:
    """Hold weights after a training against those of the other environment, relative to the way that these came.

    Args:
        ctx: The check's context.
        ended: Weights of this environment by name, on the CPU.
        other: Those of the other one.
        start: What both began with.
        within: How far they may be apart, as a share of the way.
    """
    ctx.require(ended.keys() == other.keys(), f"others were trained: {sorted(ended.keys() ^ other.keys())[:5]}")
    apart, way = (
        math.hypot(*(float((one[name].double() - another[name].double()).norm()) for name in other))
        for one, another in ((ended, other), (other, start))
    )
    ctx.measure("weight_gap_to_the_way", apart / way, unit="1", at_most=within)


def require_learnt(ctx: Context, losses: Sequence[float], fall: float) -> None:
    """Record the losses of a training, and fail unless they fell: losses that stand still are easily the same."""
    ctx.measure("loss_by_step", losses, unit="nat", along="step")
    ctx.require(losses[0] - losses[-1] > fall, f"the loss went from {losses[0]:g} to {losses[-1]:g} nat only")
