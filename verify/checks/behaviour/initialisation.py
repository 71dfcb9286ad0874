"""Does the same seed begin with the same weights? A changed initialiser is no fault, but repeats no earlier run."""

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from verify.checks.behaviour.exchange import Exchange, exchange_of
from verify.checks.behaviour.tiny_models import CONFIGS, unlearnt
from verify.checks.models.adapters import ALPHA, ATTENTION, RANK, digest
from verify.checks.models.tinynet import tinynet
from verify.probe.check import check
from verify.probe.context import Context

if TYPE_CHECKING:
    import torch

    Weights = Mapping[str, torch.Tensor]


@check(needs=["torch", "transformers", "safetensors"])
def the_same_seed_gives_the_same_initial_weights(ctx: Context) -> None:
    """A seed gives GPT-2, Llama, Qwen2, BERT and plain layers of torch the initial weights that it gave before.

    An initialiser changed, or draws in another order: models begin elsewhere, and no training from scratch repeats an
    earlier one. Accept it where only fine-tuning matters.
    """
    exchange = exchange_of(ctx, the_same_seed_gives_the_same_initial_weights)

    def begin(kind: str) -> "Weights":
        weights: Weights = unlearnt(ctx.scratch / kind, kind).state_dict()
        return weights

    models = {kind: functools.partial(begin, kind) for kind in CONFIGS}
    _hold(ctx, exchange, {**models, "layers": lambda: tinynet().state_dict()})


@check(needs=["torch", "transformers", "peft", "safetensors"])
def the_same_seed_gives_the_same_initial_adapters(ctx: Context) -> None:
    """A seed gives PEFT's adapters the initial weights that it gave before.

    An initialiser changed, or draws in another order: fine-tunes begin elsewhere, and none repeats an earlier one.
    """
    exchange = exchange_of(ctx, the_same_seed_gives_the_same_initial_adapters)

    def begin() -> "Weights":
        from peft import LoraConfig, get_peft_model, get_peft_model_state_dict

        config = LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=list(ATTENTION), task_type="CAUSAL_LM")
        model = get_peft_model(unlearnt(ctx.scratch / "llama", "llama"), config)
        weights: Weights = get_peft_model_state_dict(model)
        return weights

    _hold(ctx, exchange, {"adapter": begin})


def _hold(ctx: Context, exchange: Exchange, makers: "Mapping[str, Callable[[], Weights]]") -> None:
    """Hold what a seed gives against what it gave, and against what it gives again and another does not."""
    begun = {kind: _seeded(ctx.seed, make) for kind, make in makers.items()}
    for kind, weights in begun.items():
        exchange.leave_tensors(kind, weights)
    for kind, make in makers.items():
        first, again, other = digest(begun[kind].items()), _seeded(ctx.seed, make), _seeded(ctx.seed + 1, make)
        ctx.note(**{f"{kind}_sha256": first})
        ctx.require(digest(again.items()) == first, f"{kind}: one seed gave two beginnings")
        ctx.require(digest(other.items()) != first, f"{kind}: the seed is not used")
        if exchange.kept:
            _compare(ctx, kind, begun[kind], exchange.found_tensors(kind))


def _seeded(seed: int, make: "Callable[[], Weights]") -> "Weights":
    from transformers import set_seed

    set_seed(seed)
    return make()


def _compare(ctx: Context, kind: str, found: "Weights", other: "Weights") -> None:
    ctx.require(found.keys() == other.keys(), f"{kind} has other weights: {sorted(found.keys() ^ other.keys())[:5]}")
    shapes = [name for name in other if found[name].shape != other[name].shape]
    ctx.require(not shapes, f"{kind} has weights of other shapes: {shapes[:5]}")
    differing = sum(int((found[name] != other[name]).sum()) for name in other)
    gap = max(float((found[name].double() - other[name].double()).abs().max()) for name in other)
    conditions = {"model": kind}
    # Bit for bit: the same seed of the same generator, and no sum that could be taken in another order.
    ctx.measure("differing_weights", differing, unit="1", equals=0, conditions=conditions)
    ctx.measure("largest_gap", gap, unit="1", conditions=conditions)
