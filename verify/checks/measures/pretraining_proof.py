"""What shows that an optimisation was at work, and that the model remained the one that was to be trained."""

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from verify.checks.measures.precision import worst_error
from verify.checks.models.pretraining_run import LEARNING_RATE, Run, matrices, operations
from verify.checks.torch_device import require_on

if TYPE_CHECKING:
    import torch

    from verify.probe.context import Context

MATMULS = ("aten::mm", "aten::addmm", "aten::bmm")
# As the profiler calls them.
FLOAT32, BFLOAT16 = "float", "c10::BFloat16"
FUSED = (
    "aten::_scaled_dot_product_flash_attention_for_cpu",
    "aten::_scaled_dot_product_flash_attention",
    "aten::_scaled_dot_product_efficient_attention",
    "aten::_scaled_dot_product_cudnn_attention",
    "aten::_scaled_dot_product_attention_math_for_mps",
)
# An operation of the model that compilation fuses into a kernel of its own.
ABSORBED = "aten::gelu"
# Muon's iteration leaves singular values between 0.5 and 1.5 (https://kellerjordan.github.io/posts/muon/); those of
# a raw gradient or of AdamW's step lie hundredfold apart.
SINGULAR = (0.5, 1.5)
# A root mean square after RMSNorm differs from 1 by rounding alone; without it, by the weights' random sizes.
RMS_WITHIN = 0.01
# Four layers of a dozen operations, and four times as much for kernels with their own exp and rsqrt; bfloat16 rounds
# each of the fifty to half an eps, of random sign.
LOGIT_EPS = {"float32": 200.0, "bfloat16": 16.0}
# Random weights start at chance; twentieths of it are what a mean over the words allows.
START_WITHIN = 0.05
# AdamW turns a gradient that is rounding alone into a whole step, so losses part slowly; another batch, or a wrong
# scale, parts them by tenths.
LOSS_GAP = 0.02
# Learning how often words occur is worth whole nats; a step that does not reach the weights, nothing.
FALLEN = 0.2


def prove(ctx: "Context", run: Run) -> None:
    """Fail unless all of the arm's optimisations are seen at work, and none that it does not have."""
    arm, (ids, labels, process) = run.arm, run.batch()
    seen = operations(lambda: run.gradients(ids, labels), ctx.scratch / f"{arm.name}.json")
    _prove_format(ctx, run, seen)
    _prove_attention(ctx, run, seen)
    elsewhere = process != os.getpid()
    ctx.require(elsewhere == arm.asynchronous, f"{arm.name}: batches are prepared {'not ' * (not elsewhere)}elsewhere")
    eager = ABSORBED in seen
    ctx.require(eager != arm.compiled, f"{arm.name}: the model ran {'un' * eager}compiled, as its operations show")
    if arm.qk_norm:
        _prove_norms(ctx, run, ids)
    if arm.muon:
        _prove_muon(ctx, run)
    _prove_logits(ctx, run, ids)


def judge_losses(ctx: "Context", run: Run, losses: Sequence[float], baseline: Sequence[float], final: float) -> None:
    """Hold the losses before each step, and the first batch's after the last, against chance and the baseline's.

    Args:
        ctx: The check.
        run: Whose losses they are.
        losses: Before each step.
        baseline: The same of the run without optimisations.
        final: On the first batch, after the last step.
    """
    conditions = {"arm": run.arm.name}
    words: Any = run.model.words
    chance = math.log(words.num_embeddings)
    ctx.measure("loss_by_step", losses, unit="nat", along="step", conditions=conditions)
    away = abs(losses[0] - chance)
    ctx.measure("initial_loss_from_chance", away, unit="nat", at_most=START_WITHIN * chance, conditions=conditions)
    ctx.measure("final_loss", final, unit="nat", at_most=losses[0] - FALLEN, conditions=conditions)
    highest = (1 + START_WITHIN) * chance
    ctx.measure("highest_loss", max(losses), unit="nat", at_most=highest, conditions=conditions)
    if run.arm.same_arithmetic:
        gap = max(abs(one - other) for one, other in zip(losses, baseline, strict=True))
        ctx.measure("loss_gap_to_baseline", gap, unit="nat", at_most=LOSS_GAP, conditions=conditions)


def _prove_format(ctx: "Context", run: Run, seen: dict[str, set[str]]) -> None:
    formats = set().union(*(seen.get(name, set()) for name in MATMULS))
    wanted = BFLOAT16 if run.arm.bf16 else FLOAT32
    ctx.require(formats == {wanted}, f"{run.arm.name}: matrix products are of {sorted(formats)}, not of {wanted}")


def _prove_attention(ctx: "Context", run: Run, seen: dict[str, set[str]]) -> None:
    ran = [name for name in FUSED if name in seen]
    ctx.note(**{f"attention_{run.arm.name}": ran[0] if ran else "written out"})
    if not ran and run.arm.fused and ctx.device == "mps":
        # Where gradients are wanted, torch takes this device's attention apart itself.
        ctx.note(**{f"lacking_{run.arm.name}": "torch has no fused attention for training on this device"})
        return
    ctx.require(
        bool(ran) == run.arm.fused, f"{run.arm.name}: attention ran {'fused' if ran else 'operation by operation'}"
    )


def _prove_norms(ctx: "Context", run: Run, ids: "torch.Tensor") -> None:
    layers: Any = run.model.layers
    norms = [norm for layer in layers for norm in (layer.query_norm, layer.key_norm)]
    reached = [norm.weight.grad is not None and bool(norm.weight.grad.any()) for norm in norms]
    ctx.require(all(reached), f"{run.arm.name}: {reached.count(False)} norms of queries and keys have no gradient")
    sizes: list[float] = []

    def look(norm: Any, _: Any, normalised: "torch.Tensor") -> None:
        sizes.append(float((normalised / norm.weight).detach().float().square().mean(dim=-1).sqrt().sub(1).abs().max()))

    hooks = [norm.register_forward_hook(look) for norm in norms]
    run.plain_logits(ids)
    for hook in hooks:
        hook.remove()
    ctx.require(len(sizes) == len(norms), f"{run.arm.name}: {len(sizes)} of {len(norms)} norms were called")
    conditions = {"arm": run.arm.name}
    ctx.measure("norm_from_one", max(sizes), unit="1", at_most=RMS_WITHIN, conditions=conditions)


def _prove_muon(ctx: "Context", run: Run) -> None:
    import torch

    weight, optimizer = matrices(run.model)[0], run.optimizers[0]
    (settings,) = optimizer.param_groups
    before = weight.detach().cpu().double()
    optimizer.step()
    change = before * (1 - settings["lr"] * settings["weight_decay"]) - weight.detach().cpu().double()
    values = torch.linalg.svdvals(change / (LEARNING_RATE * 0.2 * max(weight.shape) ** 0.5))
    conditions = {"arm": run.arm.name}
    low, high = SINGULAR
    ctx.measure("median_singular_value", float(values.median()), unit="1", at_least=low, conditions=conditions)
    ctx.measure("largest_singular_value", float(values.max()), unit="1", at_most=high, conditions=conditions)


def _prove_logits(ctx: "Context", run: Run, ids: "torch.Tensor") -> None:
    own, plain = run.logits(ids), run.plain_logits(ids).detach()
    require_on(ctx, own)
    fmt = "bfloat16" if run.arm.bf16 else "float32"
    error = worst_error(own, plain.cpu().double(), float(plain.abs().max()), fmt)
    conditions = {"arm": run.arm.name, "dtype": fmt}
    ctx.measure("logit_error_in_eps", error, unit="1", at_most=LOGIT_EPS[fmt], conditions=conditions)
