"""Models of MLX that are fast because they never compute, or leave something out, and weights that come otherwise."""

import importlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from tests.checks.faults.mlx_speed import BUDGET, NEVER, both, never_evaluated, nothing_evaluated
from tests.checks.faults.speed import short
from tests.checks.replaced import replaced

PLAIN = "benchmark/forward.plain_mlx_networks_are_fast_and_right"
TRAINING = "benchmark/training_throughput.mlx_training_is_fast_and_learns"
GENERATION = "benchmark/generation.mlx_generation_is_fast_and_right"
LOADING = "benchmark/loading.mlx_weights_load_at_the_rate_recorded_here"

CASES = [
    ("networks_that_are_never_evaluated", PLAIN, "mlx", NEVER),
    ("a_network_of_fewer_layers", PLAIN, "mlx", "parameters"),
    ("layers_in_bfloat16", PLAIN, "mlx", "error_in_eps"),
    ("steps_that_are_never_evaluated", TRAINING, "mlx", NEVER),
    ("an_optimiser_that_does_nothing", TRAINING, "mlx", "loss_left"),
    ("a_small_batch_that_waits", TRAINING, "mlx", "time_of_more_over_less"),
    ("a_cache_that_is_never_used", GENERATION, "mlx", "times_cheaper_with_cache"),
    ("keys_in_the_wrong_order", GENERATION, "mlx", "logprob_error_in_eps"),
    ("a_rope_base_that_gets_lost", GENERATION, "mlx", "logprob_error_in_eps"),
    ("a_token_drawn_by_chance", GENERATION, "mlx", "wrote other tokens"),
    ("weights_that_are_never_read", LOADING, "mlx", NEVER),
    ("weights_that_are_rounded_when_saved", LOADING, "mlx", "differing_weights"),
]


def short_forward() -> Any:
    from verify.checks.benchmark import forward

    return short(forward, MLX_MLPS=both(((3, 32), (4, 64))), MLX_BATCH=both(32), **BUDGET)


def short_training() -> Any:
    from verify.checks.benchmark import training_throughput
    from verify.checks.models.decoder_cost import DecoderCost

    model = DecoderCost(1, 32, 32, 1, 1, 64)
    return short(training_throughput, MLX_MODEL=both(model), MLX_TOKENS=both(8), BATCHES=(8, 16), **BUDGET)


def short_generation() -> Any:
    from verify.checks.benchmark import generation

    return short(generation, MLX_PROMPT_TOKENS=both(8), MLX_TOKENS=both(4), ROUNDS=2, BUDGET_SECONDS=60.0)


@contextmanager
def short_loading() -> Iterator[dict[str, Any]]:
    from verify.checks.benchmark import loading

    with patch.object(loading, "ROUNDS", {"warm": 1}), patch.object(loading, "MLX_MATRICES", both(2)):
        yield {"threads": 1}


@contextmanager
def weights_that_are_never_read() -> Iterator[Any]:
    with short_loading() as changed, nothing_evaluated():
        yield changed


@contextmanager
def a_network_of_fewer_layers() -> Iterator[Any]:
    from mlx import nn

    with short_forward() as changed, replaced(nn, "Sequential", lambda exact, *layers: exact(*layers[:-2])):
        yield changed


@contextmanager
def layers_in_bfloat16() -> Iterator[Any]:
    import mlx.core as mx
    from mlx.nn import Linear

    def brief(exact: Any, layer: Any, values: Any) -> Any:
        return exact(layer, values.astype(mx.bfloat16).astype(mx.float32))

    exact = Linear.__call__
    with (
        short_forward() as changed,
        patch.object(Linear, "__call__", lambda layer, values: brief(exact, layer, values)),
    ):
        yield changed


@contextmanager
def an_optimiser_that_does_nothing() -> Iterator[Any]:
    from mlx.optimizers import AdamW

    with short_training() as changed, patch.object(AdamW, "update", lambda *_: None):
        yield changed


@contextmanager
def a_small_batch_that_waits() -> Iterator[Any]:
    from mlx import nn

    def waiting(exact: Any, logits: Any, *words: Any, **settings: Any) -> Any:
        time.sleep(0.2 if len(logits) == 8 else 0)
        return exact(logits, *words, **settings)

    with short_training() as changed, replaced(nn.losses, "cross_entropy", waiting):
        yield changed


@contextmanager
def a_cache_that_is_never_used() -> Iterator[Any]:
    """Each token is computed from the whole text again, and nothing is kept but how long it is."""
    from mlx_lm.models.llama import Model

    exact, texts = Model.__call__, dict[str, Any]()

    def forgetful(model: Any, inputs: Any, cache: Any) -> Any:
        import mlx.core as mx

        whole = mx.concatenate([texts["before"], inputs], axis=1) if cache[0].offset else inputs
        texts["before"], cache[0].offset = whole, whole.shape[1]
        return exact(model, whole)

    with short_generation() as changed, patch.object(Model, "__call__", forgetful):
        yield changed


@contextmanager
def keys_in_the_wrong_order() -> Iterator[Any]:
    from mlx_lm.models.cache import KVCache

    def mixed(exact: Any, *arguments: Any) -> Any:
        keys, values = exact(*arguments)
        return keys[:, :, ::-1], values

    with short_generation() as changed, replaced(KVCache, "update_and_fetch", mixed):
        yield changed


@contextmanager
def a_rope_base_that_gets_lost() -> Iterator[Any]:
    from mlx_lm.models import llama

    def default(exact: Any, dims: int, base: float, *settings: Any) -> Any:
        return exact(dims, 10_000.0, *settings)

    with short_generation() as changed, replaced(llama, "initialize_rope", default):
        yield changed


@contextmanager
def a_token_drawn_by_chance() -> Iterator[Any]:
    import mlx.core as mx

    # The package has a function of this name too.
    generate = importlib.import_module("mlx_lm.generate")
    with short_generation() as changed, patch.object(generate, "greedy_sampler", mx.random.categorical):
        yield changed


@contextmanager
def weights_that_are_rounded_when_saved() -> Iterator[Any]:
    import mlx.core as mx

    def rounded(exact: Any, path: str, arrays: dict[str, Any]) -> None:
        exact(path, {name: array.astype(mx.bfloat16).astype(array.dtype) for name, array in arrays.items()})

    with short_loading() as changed, replaced(mx, "save_safetensors", rounded):
        yield changed


networks_that_are_never_evaluated = never_evaluated(short_forward)
steps_that_are_never_evaluated = never_evaluated(short_training)
