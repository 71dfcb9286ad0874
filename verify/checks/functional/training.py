"""Does training train, in every way in which it is done: in parts, recomputed, in short formats, and resumed?"""

import multiprocessing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from verify.checks.measures.precision import EPS, worst_error
from verify.checks.models.resumable import RESUMED_STEPS, SAVED_AT, fresh_run, resume
from verify.checks.models.small_llama import (
    VOCABULARY,
    gradients_and_peak_bytes,
    gradients_in_float64,
    gradients_of_trainer,
    small_llama,
)
from verify.checks.models.tinynet import (
    BATCH,
    CHANCE,
    LAST,
    LEARNT,
    STEPS,
    UNLEARNT,
    WIDTHS,
    always_the_same,
    first_step,
    judged,
    never_the_same,
    tinynet,
    trained,
)
from verify.checks.torch_device import ready
from verify.probe.check import check
from verify.probe.context import Context, Note

if TYPE_CHECKING:
    import torch

    Gradients = dict[str, "torch.Tensor"]

# Freshly initialised, the outputs are nearly equal: the loss starts at chance.
START_WITHIN = 0.05 * CHANCE
# The loss that training reports is the cross-entropy of its logits, rounded a dozen times.
LOSS_EPS = 64.0
# Guessing is right once in ten; over the last 20 batches of 32 it varies by 0.012, so a tenth more is eight times that.
GUESSED = 1 / WIDTHS[-1] + 0.1

# Tokens of each of eight sequences, so uneven that the mean over the means of four micro-batches is far from the
# mean over all tokens: https://github.com/huggingface/transformers/pull/34191.
LENGTHS = (17, 10, 4, 5, 3, 2, 11, 8)
MICRO_BATCHES = 4
ACCUMULATED_LAYERS = 2
# Two blocks of about twenty float32 operations, there and back, relative to the largest gradient of a parameter; a
# micro-batch that is weighted wrongly is off by a tenth, which is 1e6 eps.
ACCUMULATED_EPS = 256.0

# Recomputing repeats the same operations on the same numbers; only the order of sums over threads may differ.
RECOMPUTED_EPS = 64.0
LAYERS, SEQUENCES, TOKENS = 6, 8, 128
# What stays of each of six layers is its input, of about twenty tensors of that size, and all of one that is being
# recomputed: about a quarter. Half leaves room for logits and gradients.
MEMORY_LEFT = 0.5

SHORT_FORMATS = ("bfloat16", "float16")
# Inputs, weights and outputs of four layers are each rounded by half an eps at most, with random signs: below two.
SHORT_LOGITS_EPS = 4.0
# A rectifier whose input is rounded across zero gains or loses a whole gradient. About eps / 2 of them do, of random
# signs: the square root of that share of the gradient's norm, four times which a few heavy ones will not exceed.
SHORT_GRADIENT_EPS = {fmt: 4 * (EPS[fmt] / 2) ** 0.5 / EPS[fmt] for fmt in SHORT_FORMATS}
# The loss falls by 0.2 nat a step at most; gradients that are off by some percent lead or lag by less than a quarter.
SHORT_LOSS_GAP = 0.05

DEADLINE_SECONDS = 120.0


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
    on fresh random labels, or is not what the logits say, means that the loss itself is not to be believed.
    """
    ready(ctx)
    learnt, control = trained(ctx, always_the_same(ctx)), trained(ctx, never_the_same(ctx))
    fixed: dict[str, Note] = {"steps": STEPS, "batch": BATCH, "labels": "fixed"}
    ctx.measure("initial_loss_from_chance", abs(learnt.losses[0] - CHANCE), unit="nat", at_most=START_WITHIN)
    ctx.measure("loss_by_step", learnt.losses, unit="nat", along="step", conditions=fixed)
    loss, accuracy = judged(learnt.net, always_the_same(ctx)())
    ctx.measure("final_loss", loss, unit="nat", at_most=LEARNT, conditions=fixed)
    ctx.measure("final_accuracy", accuracy, unit="1", direction="higher", at_least=1, conditions=fixed)
    gap = abs(learnt.losses[-1] - loss) / CHANCE / EPS["float32"]
    ctx.measure("reported_loss_gap_in_eps", gap, unit="1", at_most=LOSS_EPS, conditions=fixed)
    fresh: dict[str, Note] = {"steps": STEPS, "averaged": LAST, "labels": "drawn anew each step"}
    mean = sum(control.losses[-LAST:]) / LAST
    ctx.measure("control_loss", mean, unit="nat", direction="higher", at_least=UNLEARNT, conditions=fresh)
    unseen = never_the_same(replace(ctx, seed=ctx.seed + 1))
    accuracy = sum(judged(control.net, unseen())[1] for _ in range(LAST)) / LAST
    ctx.measure("control_accuracy", accuracy, unit="1", at_most=GUESSED, conditions=fresh)


@check(needs=["torch"], devices=["cpu", "cuda", "mps"])
def the_same_seed_gives_the_same_losses(ctx: Context) -> None:
    """Training twice from one seed gives the same losses, bit for bit, and another seed gives others.

    Runs that do not repeat cannot be compared: look for an operation without a deterministic implementation.
    """
    ready(ctx)
    first, second = (trained(ctx, always_the_same(ctx)).losses for _ in range(2))
    other = trained(ctx, always_the_same(ctx), seed=ctx.seed + 1).losses
    differing = sum(one != two for one, two in zip(first, second, strict=True))
    ctx.measure("differing_losses", differing, unit="1", equals=0, conditions={"steps": STEPS})
    ctx.require(first != other, "another seed gave the same losses: the seed is not used")


@check(needs=["torch", "transformers", "accelerate"], devices=["cpu", "cuda", "mps"], timeout_seconds=240)
def four_micro_batches_give_the_gradients_of_one_batch(ctx: Context) -> None:
    """Transformers' Trainer makes the same gradients of four micro-batches as of one batch, and as float64.

    Short sequences weigh too much, or gradients are not summed: do not accumulate gradients with this pair of
    transformers and accelerate.
    """
    ready(ctx)
    exact = gradients_in_float64(ctx, ACCUMULATED_LAYERS, LENGTHS)
    for count in (1, MICRO_BATCHES):
        gradients = gradients_of_trainer(ctx, ACCUMULATED_LAYERS, LENGTHS, count)
        ctx.require(gradients.keys() == exact.keys(), f"{len(gradients)} of {len(exact)} parameters have a gradient")
        conditions: dict[str, Note] = {"micro_batches": count, "sequences": len(LENGTHS), "tokens": sum(LENGTHS)}
        gap = _widest_gap(gradients, exact)
        ctx.measure("gradient_error_in_eps", gap, unit="1", at_most=ACCUMULATED_EPS, conditions=conditions)


@check(needs=["torch", "transformers"], devices=["cpu", "cuda", "mps"])
def checkpointing_gives_the_same_gradients_with_less_memory(ctx: Context) -> None:
    """Activation checkpointing of a Llama gives the same gradients, dropout included, from half of the memory or less.

    Other gradients mean that dropout was drawn anew when activations were recomputed; the same memory, that nothing
    was recomputed: models will not fit where they should.
    """
    import torch

    device, random = ready(ctx), torch.Generator().manual_seed(ctx.seed)
    ids = torch.randint(VOCABULARY, (SEQUENCES, TOKENS), generator=random).to(device)
    model = small_llama(ctx, LAYERS, dropout=0.1).to(device)
    kept, kept_bytes = gradients_and_peak_bytes(ctx, model, ids, ctx.seed)
    other, _ = gradients_and_peak_bytes(ctx, model, ids, ctx.seed + 1)
    model.activation_checkpointing_enable()
    recomputed, recomputed_bytes = gradients_and_peak_bytes(ctx, model, ids, ctx.seed)
    visible = _widest_gap(other, kept) > RECOMPUTED_EPS
    ctx.require(visible, "another seed gives the same gradients: without dropout comparing them would prove little")
    ctx.measure("gradient_gap_in_eps", _widest_gap(recomputed, kept), unit="1", at_most=RECOMPUTED_EPS)
    ctx.measure("peak_memory", kept_bytes, unit="B", conditions={"activations": "kept"})
    ctx.measure("peak_memory", recomputed_bytes, unit="B", conditions={"activations": "recomputed"})
    ratio = "recomputed / kept"
    ctx.derive("memory_left", ratio, unit="1", at_most=MEMORY_LEFT, recomputed=recomputed_bytes, kept=kept_bytes)


@check(needs=["torch"], devices=["cpu", "cuda", "mps"])
def autocast_computes_in_the_short_format(ctx: Context) -> None:
    """Under autocast every layer computes in bfloat16 or float16, and the gradients come back in float32, unscaled.

    Layers that stay in float32 train slowly and take twice the memory; gradients that are off by the scale mean that
    GradScaler does not divide.
    """
    import torch

    ready(ctx)
    exact = first_step(ctx, None)
    for fmt in SHORT_FORMATS:
        step, short = first_step(ctx, fmt), getattr(torch, fmt)
        ctx.require(step.formats == {short}, f"autocast to {fmt} computed in {step.formats}")
        conditions: dict[str, Note] = {"dtype": fmt}
        # What the format of the result does not tell: whether the product itself was of rounded numbers. Then it is
        # nearer to the product of the rounded inputs and weights than to that of the float32 ones.
        rounded, unrounded = (step.error_of_first_layer(dtype) for dtype in (short, torch.float32))
        ctx.measure("error_if_inputs_are_rounded", rounded / unrounded, unit="1", at_most=1, conditions=conditions)
        for name, limit in (("logits", SHORT_LOGITS_EPS), ("gradients", SHORT_GRADIENT_EPS[fmt])):
            own, theirs = getattr(step, name), getattr(exact, name)
            gap = float((own - theirs).norm() / theirs.norm()) / EPS[fmt]
            ctx.measure(f"{name}_gap_in_eps", gap, unit="1", at_most=limit, conditions=conditions)


@check(needs=["torch"], devices=["cpu", "cuda", "mps"])
def short_formats_learn_as_float32_does(ctx: Context) -> None:
    """Under autocast to bfloat16 or float16 TinyNet learns as fast as in float32, and nothing from random labels.

    A loss that stays or leaps means that steps are skipped or gradients lost: train in float32 on this device.
    """
    ready(ctx)
    reference = trained(ctx, always_the_same(ctx)).losses
    for fmt in SHORT_FORMATS:
        conditions: dict[str, Note] = {"dtype": fmt}
        learnt = trained(ctx, always_the_same(ctx), fmt=fmt)
        ctx.measure("loss_by_step", learnt.losses, unit="nat", along="step", conditions=conditions)
        gaps = [abs(one - other) for one, other in zip(learnt.losses, reference, strict=True)]
        ctx.measure("largest_loss_gap", max(gaps), unit="nat", at_most=SHORT_LOSS_GAP, conditions=conditions)
        loss, _ = judged(learnt.net, always_the_same(ctx)())
        ctx.measure("final_loss", loss, unit="nat", at_most=LEARNT, conditions=conditions)
        control = trained(ctx, never_the_same(ctx), fmt=fmt).losses
        mean = sum(control[-LAST:]) / LAST
        ctx.measure("control_loss", mean, unit="nat", direction="higher", at_least=UNLEARNT, conditions=conditions)


@check(needs=["torch"], devices=["cpu", "cuda", "mps"], timeout_seconds=240)
def a_resumed_run_continues_as_if_never_stopped(ctx: Context) -> None:
    """Training that is saved, and resumed in a new process, gives the losses and weights of a run that went on.

    Weights, moments, schedule or random state did not survive: no interrupted run of this stack can be continued.
    """
    import torch

    ready(ctx)
    torch.manual_seed(ctx.seed)
    run, path, continued = fresh_run(ctx), ctx.scratch / "checkpoint.pt", ctx.scratch / "continued.pt"
    for step in range(1, SAVED_AT[-1] + 1):
        run.step()
        if step in SAVED_AT:
            torch.save(run.state(), path)
    losses = [run.step() for _ in range(RESUMED_STEPS)]
    fresh = replace(ctx, measurements=[], notes={}, broken=[])
    process = multiprocessing.get_context("spawn").Process(target=resume, args=(fresh, path, continued), daemon=True)
    process.start()
    process.join(DEADLINE_SECONDS)
    process.kill()
    process.join()
    ctx.require(process.exitcode == 0, f"the new process ended with {process.exitcode}")
    found = torch.load(continued, weights_only=True)
    conditions: dict[str, Note] = {"saved_at": SAVED_AT[-1], "steps": RESUMED_STEPS}
    # Bit for bit on every device: the same kernels see the same numbers, as in the_same_seed_gives_the_same_losses.
    differing = sum(one != other for one, other in zip(losses, found["losses"], strict=True))
    ctx.measure("differing_losses", differing, unit="1", equals=0, conditions=conditions)
    ended = {name: weight.cpu() for name, weight in run.net.state_dict().items()}
    differing = sum(int((found["weights"][name] != weight).sum()) for name, weight in ended.items())
    ctx.measure("differing_weights", differing, unit="1", equals=0, conditions=conditions)


def _widest_gap(gradients: "Gradients", exact: "Gradients") -> float:
    """The worst error of any parameter's gradient, relative to the largest element of that gradient."""
    return max(worst_error(gradients[name], slope, slope.abs().max()) for name, slope in exact.items())
