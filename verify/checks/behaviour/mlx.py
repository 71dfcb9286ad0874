"""Does MLX say and learn the same from the same files?"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from verify.checks.behaviour.exchange import exchange_of, read, reading, write
from verify.checks.behaviour.gaps import (
    compare_logits,
    compare_losses,
    compare_ways,
    fall_of,
    require_learnt,
    require_meaning,
)
from verify.checks.behaviour.logits import TINY_EPS
from verify.checks.behaviour.tiny_models import IDS, TOKENS, make, random_ids
from verify.checks.behaviour.training import LOSS_WITHIN, MOVED_WITHIN
from verify.checks.mlx_device import ready
from verify.probe.check import check
from verify.probe.context import Context

if TYPE_CHECKING:
    import mlx.core as mx
    import torch
    from mlx.nn import Module

# Torch draws the weights, and transformers writes them as a hub has them.
NEEDS = ("torch", "transformers", "mlx", "mlx-lm", "numpy", "safetensors")
KINDS = ("llama", "qwen2")
ADAPTER = "adapter.safetensors"
LORA = {"rank": 4, "scale": 2.0, "dropout": 0.0, "keys": ["self_attn.q_proj", "self_attn.v_proj", "mlp.down_proj"]}
SEQUENCES, STEPS = 4, 8
LEARNING_RATE = 0.02
FALL = 0.5


@check(needs=NEEDS, devices=["mlx"])
def mlx_gives_the_same_logits(ctx: Context) -> None:
    """Llama and Qwen2 of the same files give the same logits in MLX, at once and token by token with the cache.

    mlx-lm reads their configuration otherwise, or MLX computes a layer otherwise: what was trained before the upgrade
    says something else after it.
    """
    ready(ctx)
    exchange = exchange_of(ctx, mlx_gives_the_same_logits)
    material = exchange.material(lambda folder: _make(folder, ctx.seed))
    ids, logits = read(material / IDS)[0], dict[str, "torch.Tensor"]()
    for kind in KINDS:
        with reading(f"the model {kind}"):
            model = _loaded(material / kind)
        logits |= {f"{kind} {way}": found for way, found in _logits(model, ids).items()}
    exchange.leave_tensors("logits", logits)
    for kind in KINDS:
        once, cached = logits[f"{kind} at once"], logits[f"{kind} cached"]
        compare_logits(ctx, cached, once, TINY_EPS, {"model": kind, "against": "itself without the cache"})
    for name, found in logits.items():
        require_meaning(ctx, found, name)
        if exchange.kept:
            compare_logits(ctx, found, exchange.found_tensors("logits")[name], TINY_EPS, {"model": name})


@check(needs=NEEDS, devices=["mlx"], timeout_seconds=240)
def mlx_trains_the_same_adapters(ctx: Context) -> None:
    """Steps of AdamW in MLX from the same adapters of mlx-lm give the same losses and end at the same adapters.

    mlx-lm adapts other layers or at another scale, or MLX hands on other gradients: a recipe that was tuned before the
    upgrade trains otherwise after it.
    """
    ready(ctx)
    exchange = exchange_of(ctx, mlx_trains_the_same_adapters)
    material = exchange.material(lambda folder: _make(folder, ctx.seed))
    with reading("an adapter"):
        model = _adapted(material)
    start, losses = _adapters(model), _trained(model, read(material / IDS))
    ended = _adapters(model)
    exchange.leave("losses", losses)
    exchange.leave_tensors("ended", ended)
    require_learnt(ctx, losses, FALL)
    if exchange.kept:
        other = exchange.found("losses")
        compare_losses(ctx, losses, other, LOSS_WITHIN * fall_of(other), {})
        compare_ways(ctx, ended, exchange.found_tensors("ended"), start, MOVED_WITHIN)


def _make(folder: Path, seed: int) -> None:
    """Models, sequences, and adapters that are drawn: fresh ones add nothing."""
    import mlx.core as mx

    for kind in KINDS:
        make(folder / kind, kind, seed)
    write(folder / IDS, random_ids(seed, SEQUENCES, max(TOKENS)))
    adapters = _named(_fresh(folder))
    mx.random.seed(seed)
    drawn = {name: mx.random.normal(each.shape) * 0.1 for name, each in sorted(adapters.items())}
    mx.save_safetensors(str(folder / ADAPTER), drawn)


def _loaded(folder: Path) -> "Module":
    from mlx_lm.utils import load_model

    model, _ = load_model(folder)
    model.eval()
    return model


def _fresh(material: Path) -> "Module":
    """The first model with mlx-lm's adapters on all its layers."""
    from mlx_lm.tuner.utils import linear_to_lora_layers

    model = _loaded(material / KINDS[0])
    model.freeze()
    linear_to_lora_layers(model, len(model.layers), LORA)
    return model


def _adapted(material: Path) -> "Module":
    """The same with the adapters that were drawn; one that is missing or of another shape is refused."""
    import mlx.core as mx
    from mlx.utils import tree_unflatten

    model, saved = _fresh(material), mx.load(str(material / ADAPTER))
    here = {name: each.shape for name, each in _named(model).items()}
    if here != {name: each.shape for name, each in saved.items()}:
        raise ValueError(f"mlx-lm makes others: {sorted(here.keys() ^ saved.keys())[:5]}")
    model.update(tree_unflatten(list(saved.items())))
    return model


def _logits(model: "Module", ids: Sequence[int]) -> "dict[str, torch.Tensor]":
    """What the model finds for all tokens at once, and for the second half token by token."""
    import mlx.core as mx
    import numpy as np
    import torch
    from mlx_lm.models.cache import make_prompt_cache

    cache, half = make_prompt_cache(model), len(ids) // 2
    parts = [ids[:half], *([token] for token in ids[half:])]
    found = {
        "at once": model(mx.array([ids])),
        "cached": mx.concatenate([model(mx.array([part]), cache=cache) for part in parts], axis=1),
    }
    return {way: torch.from_numpy(np.array(logits[0])) for way, logits in found.items()}


def _trained(model: "Module", rows: Sequence[Sequence[int]]) -> list[float]:
    """The losses of steps on all sequences at once, in nats."""
    import mlx.core as mx
    from mlx import nn
    from mlx.optimizers import AdamW

    ids, optimizer, losses = mx.array(rows), AdamW(LEARNING_RATE), []

    def loss_of(model: "Module") -> "mx.array":
        return nn.losses.cross_entropy(model(ids[:, :-1]), ids[:, 1:], reduction="mean")

    for _ in range(STEPS):
        loss, gradients = nn.value_and_grad(model, loss_of)(model)
        optimizer.update(model, gradients)
        mx.eval(model.parameters(), optimizer.state)
        losses.append(float(loss.item()))
    return losses


def _named(model: "Module") -> "dict[str, mx.array]":
    from mlx.utils import tree_flatten

    return dict(tree_flatten(model.trainable_parameters()))


def _adapters(model: "Module") -> "dict[str, torch.Tensor]":
    """Copies of what is trained, by name, as torch has them."""
    import numpy as np
    import torch

    return {name: torch.from_numpy(np.array(each)) for name, each in _named(model).items()}
