"""Does a fine-tune mean the same to PEFT and to mlx-lm?"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from verify.checks.finetune.engine import Engine, load_tokenizer
from verify.checks.finetune.mlx_engine import MlxEngine, adapters_of, open_mlx
from verify.checks.finetune.peft_engine import PeftEngine, open_peft
from verify.checks.lora.adapters import sizes_of
from verify.checks.measures.precision import EPS
from verify.checks.mlx_device import ready
from verify.checks.models.configs import config_named
from verify.checks.models.tiny_course import RECIPE, Told, checkpoint, course_of, for_mlx
from verify.checks.models.tiny_decoder import KINDS
from verify.probe.check import check
from verify.probe.context import Context, Note

if TYPE_CHECKING:
    import numpy as np
    import torch

    Adapters = dict[str, "np.ndarray[tuple[int, ...], np.dtype[np.float32]]"]

# The last blocks only, several passes a step of which each has other targets, and a scale that is nobody's default.
COURSE = replace(RECIPE, iterations=8, layers=2, accumulate=2, scale=3.0)
# Before anything was trained: as logits of the engines, where a layer has 50 eps of the largest, and a loss is a mean.
FIRST_LOSS_EPS = 64.0
# How far the adapters moved may differ by so much of itself, in the root mean square. In float32, AdamW's 1 - 0.999 is
# off by up to half an eps of 1, which is 500 eps of itself, and a step by half of that; later it is off by less.
# Gradients of three blocks are off by less still, but where one is nearly nothing a step is as large as any.
MOVED_WITHIN = 500 * EPS["float32"]
# Losses follow the product of two factors that moved: twice that, of what they fell by.
LOSS_WITHIN = 2 * MOVED_WITHIN


@check(needs=["torch", "transformers", "peft", "mlx", "mlx-lm", "numpy"], devices=["mlx"], timeout_seconds=300)
def both_engines_train_the_same_adapters(ctx: Context) -> None:
    """From the same weights, adapters and course, PEFT and mlx-lm find the same losses and end with the same adapters.

    Where the first loss differs, one engine reads the model or the batches wrongly; where later ones do, it trains
    other layers, at another scale, or steps otherwise.
    """
    import torch

    ready(ctx)
    torch.set_num_threads(ctx.threads)
    for kind in KINDS:
        folder = checkpoint(ctx.scratch / kind, kind, ctx.seed)
        of_torch, of_mlx = _opened(folder)
        _require_the_recipe(ctx, folder, of_torch, of_mlx)
        start = _carried(of_mlx, of_torch)
        losses = [
            _losses(engine, folder, ctx.scratch / f"{kind}-{engine.opened.device}") for engine in (of_torch, of_mlx)
        ]
        _compare_losses(ctx, kind, *losses)
        _compare_adapters(ctx, kind, start, _adapters_of_torch(of_torch), _adapters_of_mlx(of_mlx))


def _opened(folder: Path) -> tuple[PeftEngine, MlxEngine]:
    tokenizer = load_tokenizer(folder, COURSE)
    of_torch, of_mlx = open_peft(COURSE, "cpu", folder, tokenizer), open_mlx(for_mlx(COURSE), folder, tokenizer)
    assert isinstance(of_torch, PeftEngine)  # noqa: S101 - tells the type
    assert isinstance(of_mlx, MlxEngine)  # noqa: S101 - the same
    return of_torch, of_mlx


def _carried(of_mlx: MlxEngine, of_torch: PeftEngine) -> "Adapters":
    """Give PEFT the adapters that MLX drew; what they are."""
    import torch

    drawn = _adapters_of_mlx(of_mlx)
    with torch.no_grad():
        for name, weight in _lora(of_torch):
            weight.copy_(torch.from_numpy(drawn[name].T.copy()))
    return drawn


def _require_the_recipe(ctx: Context, folder: Path, *engines: Engine) -> None:
    """Both have the adapters that the recipe asks for, by the formula, in the last blocks."""
    sizes = sizes_of(config_named(str(folder)))
    expected = COURSE.layers * COURSE.rank * sum(sum(sizes[name]) for name in COURSE.target_modules)
    for engine in engines:
        opened = engine.opened
        ctx.require(opened.trainable == expected, f"{opened.device} trains {opened.trainable} numbers, not {expected}")


def _losses(engine: Engine, folder: Path, checkpoints: Path) -> list[float]:
    told, recipe = Told(), COURSE if engine.opened.device == "cpu" else for_mlx(COURSE)
    engine.train(course_of(recipe, folder, checkpoints), told.watcher())
    return told.losses


def _compare_losses(ctx: Context, kind: str, of_torch: list[float], of_mlx: list[float]) -> None:
    conditions: dict[str, Note] = {"model": kind, "iterations": len(of_torch)}
    ctx.require(
        len(of_torch) == len(of_mlx) == COURSE.iterations, f"{len(of_torch)} and {len(of_mlx)} losses were told"
    )
    ctx.measure("loss_of_peft", of_torch, unit="nat", along="iteration", conditions=conditions)
    ctx.measure("loss_of_mlx", of_mlx, unit="nat", along="iteration", conditions=conditions)
    fallen = max(of_torch) - min(of_torch)
    ctx.require(fallen > 1, f"the loss fell by {fallen:g} nat only: losses that stand still are easily the same")
    gaps = [abs(one - other) for one, other in zip(of_torch, of_mlx, strict=True)]
    first = gaps[0] / of_torch[0] / EPS["float32"]
    ctx.measure("first_loss_gap_in_eps", first, unit="1", at_most=FIRST_LOSS_EPS, conditions=conditions)
    ctx.measure("loss_gap", max(gaps), unit="nat", at_most=LOSS_WITHIN * fallen, conditions=conditions)


def _compare_adapters(ctx: Context, kind: str, start: "Adapters", of_torch: "Adapters", of_mlx: "Adapters") -> None:
    import numpy as np

    ctx.require(set(of_torch) == set(of_mlx), f"layers that only one engine adapts: {set(of_torch) ^ set(of_mlx)}")
    apart = {
        name: float(np.linalg.norm(of_torch[name] - of_mlx[name]) / np.linalg.norm(of_torch[name] - start[name]))
        for name in start
    }
    worst = max(apart, key=lambda name: apart[name])
    conditions = {"model": kind, "adapter": worst}
    ctx.measure("adapter_gap_to_its_way", apart[worst], unit="1", at_most=MOVED_WITHIN, conditions=conditions)


def _adapters_of_mlx(engine: MlxEngine) -> "Adapters":
    import numpy as np

    return {name: np.array(each) for name, each in adapters_of(engine.model).items()}


def _adapters_of_torch(engine: PeftEngine) -> "Adapters":
    """By MLX's names, and turned as MLX has them."""
    return {name: weight.detach().numpy().T.copy() for name, weight in _lora(engine)}


def _lora(engine: PeftEngine) -> "list[tuple[str, torch.Tensor]]":
    found = []
    for name, weight in engine.model.named_parameters():
        layer, _, factor = name.removeprefix("base_model.model.").partition(".lora_")
        if factor:
            found.append((f"{layer}.lora_{factor[0].lower()}", weight))
    return found
