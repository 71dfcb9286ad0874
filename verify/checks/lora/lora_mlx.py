"""Do mlx-lm's adapters train, leave their base alone, survive a new process, fuse, and speak?"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from verify.checks.finetune.engine import NEW_TOKENS, load_tokenizer
from verify.checks.finetune.mlx_engine import MlxEngine, adapters_of, open_mlx
from verify.checks.lora.qlora import frozen
from verify.checks.measures.precision import EPS
from verify.checks.mlx_device import ready
from verify.checks.models.adapters import digest
from verify.checks.models.tiny_course import (
    PROMPT,
    RECIPE,
    Told,
    all_at_once,
    checkpoint,
    course_of,
    for_mlx,
)
from verify.checks.models.tiny_decoder import state_rope_base
from verify.probe.check import check
from verify.probe.context import Context

if TYPE_CHECKING:
    import mlx.core as mx
    from mlx.nn import Module

# torch draws the model and writes it, as transformers does for everyone.
NEEDS = ("torch", "transformers", "peft", "mlx", "mlx-lm", "numpy")
# In ten steps eight short answers are learnt by heart to two thirds of the loss or less; a deaf adapter leaves all.
LOSS_FALLS_TO = 0.8
# Fusing adds the same products in another order: three layers of some dozen float32 roundings each, and their sums of
# up to 192 products, relative to the largest logit. Another scale or a lost layer is off by a hundred times that.
FUSED_EPS = 300.0
# What an adapter must change in the logits, of the largest, for comparing them to mean anything.
VISIBLE = 0.01
DEADLINE_SECONDS = 120.0
LOGITS, TEXT = "logits.safetensors", "text.txt"


@check(needs=NEEDS, devices=["mlx"], timeout_seconds=240)
def mlx_trains_the_adapter_and_not_its_base(ctx: Context) -> None:
    """The trainer of mlx-lm lowers the loss by adapters alone, and changes not one bit of the base model.

    A base that moves makes the adapter useless on any other copy of it: look for what else is trainable.
    """
    ready(ctx)
    folder, recipe = checkpoint(ctx.scratch / "qwen2", "qwen2", ctx.seed), for_mlx(RECIPE)
    engine, course, told = _opened(folder), course_of(recipe, folder, ctx.scratch / "checkpoints"), Told()
    strangers = [name for name in adapters_of(engine.model) if "lora_" not in name]
    ctx.require(not strangers, f"the base would be trained: {', '.join(strangers[:5])}")
    before, batch = digest(frozen(engine)), all_at_once(course)
    first = engine.loss([batch])
    engine.train(course, told.watcher())
    last = engine.loss([batch])
    ctx.measure("loss_by_iteration", told.losses, unit="nat", along="iteration", conditions={"rank": recipe.rank})
    ctx.derive("loss_left", "last / first", unit="1", at_most=LOSS_FALLS_TO, first=first, last=last)
    ctx.require(digest(frozen(engine)) == before, "the base model's weights changed while the adapter was trained")


@check(needs=NEEDS, devices=["mlx"], timeout_seconds=240)
def an_mlx_adapter_survives_a_new_process_and_speaks(ctx: Context) -> None:
    """An adapter folder that is given to mlx-lm in a new process gives the same logits and the same text.

    Weights, scale or layers were lost on their way through the folder: what was fine-tuned here says something else
    to whoever loads it.
    """
    import mlx.core as mx

    ready(ctx)
    engine = _stirred(ctx, rope_base_for_mlx=True)
    folder, adapter = ctx.scratch / "qwen2", ctx.scratch / "adapter"
    here, text = _logits(engine.model), engine.write(PROMPT)
    untaught = _opened(folder)
    _require_visible(ctx, here, _logits(untaught.model))
    ctx.require(untaught.write(PROMPT) != text, "the adapter does not change what is written: it would prove nothing")
    engine.save(adapter)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        pool.submit(keep_what_mlx_lm_says, folder, adapter, ctx.scratch).result(timeout=DEADLINE_SECONDS)
    there = mx.load(str(ctx.scratch / LOGITS))["logits"]
    ctx.measure("logit_gap", float(mx.abs(here - there).max()), unit="1", equals=0)
    said = (ctx.scratch / TEXT).read_text(encoding="utf-8")
    ctx.require(said == text, f"mlx-lm wrote {said!r} with the adapter's folder, and {text!r} was written here")


@check(needs=NEEDS, devices=["mlx"])
def fusing_keeps_the_logits(ctx: Context) -> None:
    """Fusing mlx-lm's adapters into their base model leaves the logits unchanged.

    A gap above the limit says that the fused model, which is what is handed on, is not the one that was trained.
    """
    import mlx.core as mx
    from mlx.utils import tree_unflatten

    ready(ctx)
    engine = _stirred(ctx)
    apart = _logits(engine.model)
    _require_visible(ctx, apart, _logits(_opened(ctx.scratch / "qwen2").model))
    # As mlx_lm.fuse does.
    fused = [(name, module.fuse()) for name, module in engine.model.named_modules() if hasattr(module, "fuse")]
    engine.model.update_modules(tree_unflatten(fused))
    left = [name for name, module in engine.model.named_modules() if "lora_a" in module]
    ctx.require(not left, f"adapters are left after fusing: {', '.join(left[:5])}")
    largest = float(mx.abs(apart).max())
    gap = float(mx.abs(apart - _logits(engine.model)).max())
    at_most = FUSED_EPS * EPS["float32"] * largest
    ctx.measure("logit_gap", gap, unit="1", at_most=at_most, conditions={"largest": largest, "layers": len(fused)})


def keep_what_mlx_lm_says(folder: Path, adapter: Path, place: Path) -> None:
    """In a process of its own, which knows nothing of our engine: mlx-lm's own loading, logits and words, in files."""
    import os

    os.environ["MLX_ENABLE_TF32"] = "0"
    import mlx.core as mx
    from mlx_lm import generate, load

    model, tokenizer = load(str(folder), adapter_path=str(adapter))
    mx.save_safetensors(str(place / LOGITS), {"logits": _logits(model)})
    text = generate(model, tokenizer, tokenizer.encode(PROMPT), max_tokens=NEW_TOKENS)
    (place / TEXT).write_text(text, encoding="utf-8")


def _opened(folder: Path) -> MlxEngine:
    recipe = for_mlx(RECIPE)
    engine = open_mlx(recipe, folder, load_tokenizer(folder, recipe))
    assert isinstance(engine, MlxEngine)  # noqa: S101 - tells the type
    return engine


def _stirred(ctx: Context, *, rope_base_for_mlx: bool = False) -> MlxEngine:
    """A model whose adapters change its logits, without training: fresh ones add nothing, as B is zero."""
    import mlx.core as mx
    from mlx.utils import tree_unflatten

    folder = checkpoint(ctx.scratch / "qwen2", "qwen2", ctx.seed)
    if rope_base_for_mlx:
        state_rope_base(folder)
    engine = _opened(folder)
    mx.random.seed(ctx.seed)
    drawn = [
        (name, mx.random.normal(each.shape) / 4) for name, each in adapters_of(engine.model).items() if "_b" in name
    ]
    engine.model.update(tree_unflatten(drawn))
    return engine


def _logits(model: "Module") -> "mx.array":
    """The logits of some tokens, evaluated; nothing is dropped out."""
    import mlx.core as mx

    model.eval()
    logits: mx.array = model(mx.array([list(range(20, 60))]))
    mx.eval(logits)
    return logits


def _require_visible(ctx: Context, adapted: "mx.array", without: "mx.array") -> None:
    import mlx.core as mx

    gap = float(mx.abs(adapted - without).max() / mx.abs(without).max())
    ctx.require(gap > VISIBLE, f"the adapter changes the logits by {gap:g} only: comparing them would prove nothing")
