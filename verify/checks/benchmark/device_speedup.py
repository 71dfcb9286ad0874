"""How many times as fast as this machine's processor does its accelerator train, at the same batch?"""

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from verify.checks.measures.pace import TURNS, Doubts, Pace, doubt_about, race, record_ratio
from verify.checks.measures.startup_and_rate import steps_for, totals_of
from verify.checks.torch_device import ready
from verify.probe.check import check
from verify.probe.context import Context, Note
from verify.probe.timing import half_width

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Size:
    """A model of Qwen2.5's architecture and what it is trained on; as it stands, Qwen2.5-0.5B."""

    layers: int = 24
    hidden: int = 896
    wide: int = 4864
    heads: int = 14
    key_heads: int = 2
    vocabulary: int = 151_936
    batch: int = 2
    tokens: int = 64


# The batch is small enough for the processor, and both have the same: a larger one on the accelerator alone would
# make a ratio of batches.
SIZE = Size()
RANK, ALPHA = 8, 16
LEARNING_RATE = 2e-4
# A step on a processor takes seconds; of an accelerator's, so many make one turn.
STEPS_PER_TURN = {"cpu": 1, "cuda": 8, "mps": 4}
# What a user asks: question and answer pairs, three times over.
SAMPLES, EPOCHS = (50, 100, 200), 3
# The devices sum in other orders: 24 layers of a dozen operations each leave 1e-5 of a logit. The mean over 126 words
# of random logits, of a spread of 0.6, is by 0.05 another for other weights or words. AdamW turns gradients that are
# rounding alone into whole steps, so that losses may part further later on.
FIRST_LOSS_GAP = 1e-3
LATER_LOSS_GAP = 1e-2
# A batch that is seen again and again is learnt, if slowly, in the steps that are made.
FALLEN = 0.01


@check(level="certify", needs=["torch", "transformers", "peft"], devices=["cuda", "mps"], timeout_seconds=600)
def lora_at_the_same_batch_is_timed_on_both_devices(ctx: Context) -> None:
    """LoRA on a model of Qwen2.5-0.5B's shape gives the same losses on processor and accelerator, and both are timed.

    Losses that part mean that one of the two computes something else, and the ratio compares two jobs. A ratio near
    one points at work that fell back to the processor, or at a batch too small to fill the device.
    """
    ready(ctx)
    sides = [_side(ctx, device) for device in ("cpu", ctx.device)]
    doubts = race(sides, ctx.device, TURNS)
    _judge(ctx, sides)
    for side, place in zip(sides, ("processor", "device"), strict=True):
        _record(ctx, side, place, doubts)
    processor, device = sides
    record_ratio(ctx, "speedup", device, processor, doubts=doubts, conditions=_conditions(ctx, device))


def _side(ctx: Context, device: str) -> Pace:
    """The same weights, adapter and batch on a device, ready for the first step."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(ctx.seed)
    settings: dict[str, Any] = {
        "hidden_size": SIZE.hidden,
        "intermediate_size": SIZE.wide,
        "num_hidden_layers": SIZE.layers,
        "num_attention_heads": SIZE.heads,
        "num_key_value_heads": SIZE.key_heads,
        "vocab_size": SIZE.vocabulary,
        "tie_word_embeddings": True,
        "use_cache": False,
    }
    # Dropout draws other numbers on each device: without it, the losses can be compared.
    adapter = LoraConfig(r=RANK, lora_alpha=ALPHA, lora_dropout=0.0, target_modules=["q_proj", "v_proj"])
    model: Any = get_peft_model(Qwen2ForCausalLM(Qwen2Config(**settings)), adapter).to(device).train()
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=LEARNING_RATE)
    random = torch.Generator().manual_seed(ctx.seed)
    ids = torch.randint(SIZE.vocabulary, (SIZE.batch, SIZE.tokens), generator=random).to(device)
    return Pace(device, STEPS_PER_TURN[device], partial(_step, model, optimizer, ids))


def _step(model: Any, optimizer: Any, ids: "torch.Tensor") -> "torch.Tensor":
    loss: torch.Tensor = model(input_ids=ids, labels=ids).loss
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


def _judge(ctx: Context, sides: list[Pace]) -> None:
    """The same job: losses that agree as far as both have gone, that start at chance, and that fall."""
    losses = [[float(loss) for loss in side.losses] for side in sides]
    gaps = [abs(one - other) for one, other in zip(*losses, strict=False)]
    ctx.measure("first_loss_gap", gaps[0], unit="nat", at_most=FIRST_LOSS_GAP)
    ctx.measure("later_loss_gap", max(gaps[1:]), unit="nat", at_most=LATER_LOSS_GAP, conditions={"steps": len(gaps)})
    chance = math.log(SIZE.vocabulary)
    for side, own in zip(sides, losses, strict=True):
        where = side.losses[0].device.type
        ctx.require(where == side.device, f"asked for {side.device}, but the loss is on {where}")
        conditions = {"on": side.device}
        away = abs(own[0] - chance)
        ctx.measure("initial_loss_from_chance", away, unit="nat", at_most=0.05 * chance, conditions=conditions)
        ctx.measure("final_loss", own[-1], unit="nat", at_most=own[0] - FALLEN, conditions=conditions)


def _record(ctx: Context, side: Pace, place: str, doubts: Doubts) -> None:
    conditions, own = _conditions(ctx, side), doubt_about(side.steady)
    doubt = doubts.steady or own
    ctx.measure("seconds_by_step", totals_of(side.seconds), unit="s", along="step", conditions=conditions)
    ctx.measure("seconds_per_step", side.steady, unit="s", conditions=conditions, inconclusive=doubt)
    width = half_width(side.steady)
    if math.isfinite(width):
        ctx.measure("seconds_per_step_half_width", width, unit="1", conditions=conditions, inconclusive=doubt)
    for samples in SAMPLES:
        _project(ctx, side, f"seconds_for_{samples}_samples_on_{place}", samples, doubts.whole or own)


def _project(ctx: Context, side: Pace, name: str, samples: int, doubt: str | None) -> None:
    """Start-up and steps on the fitted line, beyond what was run, so that an error of the pace grows with the steps.

    A device is made ready once a process. By how much another start-up would differ is not in the interval, and the
    condition says so.
    """
    cost, steps = side.cost, steps_for(samples, SIZE.batch, EPOCHS)
    reach = cost.per_step_error if steps > cost.step else -cost.per_step_error
    ends = {"": 0.0, "_low": -reach, "_high": reach}
    conditions = {**_conditions(ctx, side), "starts": 1}
    for end, error in ends.items():
        if math.isfinite(error):
            ctx.derive(
                name + end,
                "middle_total + (seconds_per_step + error) * (steps - middle_step)",
                conditions,
                unit="s",
                inconclusive=doubt,
                middle_total=cost.total,
                seconds_per_step=cost.per_step,
                error=error,
                steps=steps,
                middle_step=cost.step,
            )


def _conditions(ctx: Context, side: Pace) -> dict[str, Note]:
    return {
        "on": side.device,
        "model": f"Qwen2, {SIZE.layers} layers of {SIZE.hidden}, vocabulary {SIZE.vocabulary}, random weights",
        "adapter": f"LoRA of rank {RANK} on queries and values",
        "dtype": "float32",
        "batch": SIZE.batch,
        "tokens": SIZE.tokens,
        "epochs": EPOCHS,
        "threads": ctx.threads,
        "steps_per_sample": side.steps_per_turn,
    }
