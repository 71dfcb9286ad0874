"""MLX and mlx-lm that compute, read or train otherwise than they did."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from tests.checks.replaced import replaced

LOGITS = "behaviour/mlx.mlx_gives_the_same_logits"
ADAPTERS = "behaviour/mlx.mlx_trains_the_same_adapters"

CASES = [
    ("mlx_logits_a_thousandth_off", LOGITS, "mlx", "logit_gap is 0.001"),
    ("a_rotary_base_that_mlx_lm_misses", LOGITS, "mlx", "differing_likeliest_tokens"),
    ("a_cache_that_misleads_mlx", LOGITS, "mlx", "logit_gap"),
    ("a_model_that_mlx_lm_does_not_know", LOGITS, "mlx", "the model llama cannot be read here: ValueError: Model type"),
    ("mlx_logits_that_are_all_equal", LOGITS, "mlx", "the logits of qwen2 at once are all equal"),
    ("the_scale_that_mlx_lm_takes_unless_told", ADAPTERS, "mlx", "largest_loss_gap"),
    ("layers_that_mlx_lm_leaves_out", ADAPTERS, "mlx", "cannot be read here: ValueError: mlx-lm makes others"),
    ("a_step_of_mlx_that_is_a_thousandth_longer", ADAPTERS, "mlx", "weight_gap_to_the_way"),
    ("an_mlx_optimiser_that_does_nothing", ADAPTERS, "mlx", "nat only"),
]


@contextmanager
def logits_of(change: Any) -> Iterator[None]:
    """Logits of Qwen2 that are changed; it is told whether the cache was used."""
    from mlx_lm.models.qwen2 import Model

    def other(exact: Any, model: Any, ids: Any, cache: Any = None) -> Any:
        return change(exact(model, ids, cache=cache), cache is not None)

    with replaced(Model, "__call__", other):
        yield


@contextmanager
def mlx_logits_a_thousandth_off() -> Iterator[None]:
    with logits_of(lambda logits, _: logits + 1e-3):
        yield


@contextmanager
def a_cache_that_misleads_mlx() -> Iterator[None]:
    with logits_of(lambda logits, cached: logits * 1.001 if cached else logits):
        yield


@contextmanager
def mlx_logits_that_are_all_equal() -> Iterator[None]:
    with logits_of(lambda logits, _: logits * 0):
        yield


@contextmanager
def a_rotary_base_that_mlx_lm_misses() -> Iterator[None]:
    from mlx_lm.models import llama

    def forgetful(exact: Any, dims: int, _base: float, *more: Any, **settings: Any) -> Any:
        return exact(dims, 10_000.0, *more, **settings)

    with replaced(llama, "initialize_rope", forgetful):
        yield


@contextmanager
def a_model_that_mlx_lm_does_not_know() -> Iterator[None]:
    from mlx_lm import utils

    def refuse(_exact: Any, _folder: Any) -> None:
        raise ValueError("Model type llama not supported.")

    with replaced(utils, "load_model", refuse):
        yield


@contextmanager
def the_scale_that_mlx_lm_takes_unless_told() -> Iterator[None]:
    from mlx_lm.tuner.lora import LoRALinear

    exact = LoRALinear.from_base
    with patch.object(LoRALinear, "from_base", staticmethod(lambda linear, r, **_: exact(linear, r=r))):
        yield


@contextmanager
def layers_that_mlx_lm_leaves_out() -> Iterator[None]:
    from mlx_lm.tuner import utils

    def fewer(exact: Any, model: Any, layers: int, config: Any) -> None:
        exact(model, layers - 1, config)

    with replaced(utils, "linear_to_lora_layers", fewer):
        yield


@contextmanager
def a_step_of_mlx_that_is_a_thousandth_longer() -> Iterator[None]:
    from mlx import optimizers

    with replaced(optimizers, "AdamW", lambda exact, rate: exact(1.001 * rate)):
        yield


@contextmanager
def an_mlx_optimiser_that_does_nothing() -> Iterator[None]:
    from mlx.optimizers import AdamW

    with patch.object(AdamW, "apply_single", lambda _optimizer, _gradient, parameter, _state: parameter):
        yield
