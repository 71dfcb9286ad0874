"""Adapters of mlx-lm that stand still, move their base, get lost on their way, or fuse wrongly."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

LEARNS = "lora/lora_mlx.mlx_trains_the_adapter_and_not_its_base"
SURVIVES = "lora/lora_mlx.an_mlx_adapter_survives_a_new_process_and_speaks"
FUSES = "lora/lora_mlx.fusing_keeps_the_logits"

CASES = [
    ("a_base_that_is_not_frozen", LEARNS, "mlx", "the base would be trained"),
    ("an_mlx_base_that_drifts", LEARNS, "mlx", "weights changed"),
    ("mlx_adapters_that_stand_still", LEARNS, "mlx", "loss_left"),
    ("mlx_adapters_that_are_rounded_when_saved", SURVIVES, "mlx", "logit_gap"),
    ("a_scale_that_is_lost_when_saved", SURVIVES, "mlx", "mlx-lm wrote"),
    ("words_that_are_sampled", SURVIVES, "mlx", "mlx-lm wrote"),
    ("mlx_adapters_without_effect", FUSES, "mlx", "would prove nothing"),
    ("a_fuse_at_another_scale", FUSES, "mlx", "logit_gap"),
    ("a_fuse_that_leaves_the_adapters", FUSES, "mlx", "adapters are left"),
]


@contextmanager
def a_base_that_is_not_frozen() -> Iterator[None]:
    from mlx.nn import Module

    with patch.object(Module, "freeze", lambda module, **_: module):
        yield


@contextmanager
def an_mlx_base_that_drifts() -> Iterator[None]:
    from mlx.optimizers import AdamW

    exact = AdamW.update

    def too_far(optimizer: Any, model: Any, gradients: Any) -> None:
        exact(optimizer, model, gradients)
        norm = model.layers[0].input_layernorm
        norm.weight = norm.weight * 1.001

    with patch.object(AdamW, "update", too_far):
        yield


@contextmanager
def mlx_adapters_that_stand_still() -> Iterator[None]:
    from mlx.optimizers import AdamW

    with patch.object(AdamW, "apply_single", lambda _optimizer, _gradient, parameter, _state: parameter):
        yield


@contextmanager
def mlx_adapters_that_are_rounded_when_saved() -> Iterator[None]:
    import mlx.core as mx

    exact = mx.save_safetensors

    def rounded(path: str, arrays: dict[str, Any], *more: Any) -> None:
        exact(path, {name: each.astype(mx.float16).astype(mx.float32) for name, each in arrays.items()}, *more)

    with patch.object(mx, "save_safetensors", rounded):
        yield


@contextmanager
def a_scale_that_is_lost_when_saved() -> Iterator[None]:
    from verify.checks.finetune import mlx_engine

    exact = mlx_engine.MlxEngine.save

    def lost(engine: Any, folder: Any) -> None:
        with patch.object(
            mlx_engine, "_lora", lambda recipe, keys: {"rank": recipe.rank, "keys": list(keys)} | DEFAULTS
        ):
            exact(engine, folder)

    with patch.object(mlx_engine.MlxEngine, "save", lost):
        yield


# What mlx-lm takes unless it is told.
DEFAULTS = {"scale": 20.0, "dropout": 0.0}


@contextmanager
def words_that_are_sampled() -> Iterator[None]:
    """In this process; the one that loads the folder is as it was."""
    import mlx_lm
    from mlx_lm.sample_utils import make_sampler

    exact, drawn = mlx_lm.generate, make_sampler(temp=2.0)
    with patch.object(mlx_lm, "generate", lambda *a, **settings: exact(*a, sampler=drawn, **settings)):
        yield


@contextmanager
def mlx_adapters_without_effect() -> Iterator[None]:
    import mlx.core as mx

    with patch.object(mx.random, "normal", lambda shape, **_: mx.zeros(shape)):
        yield


@contextmanager
def a_fuse_at_another_scale() -> Iterator[None]:
    from mlx_lm.tuner.lora import LoRALinear

    exact = LoRALinear.fuse

    def stronger(layer: Any) -> Any:
        layer.scale *= 1.01
        return exact(layer)

    with patch.object(LoRALinear, "fuse", stronger):
        yield


@contextmanager
def a_fuse_that_leaves_the_adapters() -> Iterator[None]:
    from mlx_lm.tuner.lora import LoRALinear

    with patch.object(LoRALinear, "fuse", lambda layer: layer):
        yield
