"""MLX with a function that is gone, or that does something else."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

FORMULAS = "functional/mlx.adam_and_adamw_follow_their_formulas"

CASES = [
    ("a_function_that_was_renamed", "functional/mlx.the_names_that_training_uses_exist", "mlx", "load_adapters"),
    ("a_seed_that_is_ignored", "functional/mlx.random_numbers_repeat_and_are_normal", "mlx", "gave other numbers"),
    ("numbers_that_are_too_wide", "functional/mlx.random_numbers_repeat_and_are_normal", "mlx", "deviation_from_1"),
    ("a_layer_that_is_slightly_off", "functional/mlx.a_linear_layer_agrees_with_float64", "mlx", "error_in_eps"),
    ("gradients_a_thousandth_too_large", "functional/mlx.gradients_agree_with_torch", "mlx", "gradient_error_in_eps"),
    ("an_optimiser_that_does_nothing", "functional/mlx.an_optimiser_lowers_the_loss", "mlx", "loss_left"),
    ("products_in_tf32", "functional/mlx.a_linear_layer_agrees_with_float64", "mlx", "error_in_eps"),
    ("descent_by_the_gradient_alone", FORMULAS, "mlx", "error_in_eps"),
    ("a_second_moment_that_is_forgotten", FORMULAS, "mlx", "error_in_eps"),
    ("no_bias_correction", FORMULAS, "mlx", "error_in_eps"),
    ("weight_decay_inside_the_gradient", FORMULAS, "mlx", "error_in_eps"),
    ("weights_that_are_rounded_when_saved", "functional/mlx.saving_and_loading_keeps_every_bit", "mlx", "differing"),
]


@contextmanager
def a_function_that_was_renamed() -> Iterator[None]:
    from mlx_lm.tuner import utils

    with patch.object(utils, "load_adapters"):
        del utils.load_adapters
        yield


@contextmanager
def a_seed_that_is_ignored() -> Iterator[None]:
    import mlx.core as mx

    with patch.object(mx.random, "seed", lambda _: None):
        yield


@contextmanager
def numbers_that_are_too_wide() -> Iterator[None]:
    import mlx.core as mx

    exact = mx.random.normal
    with patch.object(mx.random, "normal", lambda shape: exact(shape) * 1.05):
        yield


@contextmanager
def a_layer_that_is_slightly_off() -> Iterator[None]:
    from mlx.nn import Linear

    exact = Linear.__call__
    with patch.object(Linear, "__call__", lambda layer, values: exact(layer, values) * (1 + 1e-4)):
        yield


@contextmanager
def products_in_tf32() -> Iterator[None]:
    """What a GPU does when it is allowed to: all but 10 of the fraction's bits are dropped before multiplying."""
    import mlx.core as mx
    from mlx.nn import Linear

    def shortened(array: Any) -> Any:
        return (array.view(mx.uint32) & 0xFFFFE000).view(mx.float32)

    def wrong(layer: Any, values: Any) -> Any:
        return shortened(values) @ shortened(layer.weight).T + layer.bias

    with patch.object(Linear, "__call__", wrong):
        yield


@contextmanager
def gradients_a_thousandth_too_large() -> Iterator[None]:
    import mlx.core as mx

    exact = mx.value_and_grad

    def wrong(function: Any, argnums: Any) -> Any:
        def called(*arguments: Any) -> Any:
            value, gradients = exact(function, argnums=argnums)(*arguments)
            return value, [gradient * 1.001 for gradient in gradients]

        return called

    with patch.object(mx, "value_and_grad", wrong):
        yield


@contextmanager
def an_optimiser_that_does_nothing() -> Iterator[None]:
    from mlx.optimizers import Adam

    with patch.object(Adam, "update", lambda *_: None):
        yield


@contextmanager
def descent_by_the_gradient_alone() -> Iterator[None]:
    from mlx import optimizers

    with patch.object(optimizers, "Adam", lambda learning_rate, **_: optimizers.SGD(learning_rate)):
        yield


@contextmanager
def a_second_moment_that_is_forgotten() -> Iterator[None]:
    import mlx.core as mx

    def forgetting(exact: Any, optimizer: Any, gradient: Any, parameter: Any, state: Any) -> Any:
        state["v"] = mx.zeros_like(parameter)
        return exact(optimizer, gradient, parameter, state)

    with steps("Adam", forgetting):
        yield


@contextmanager
def no_bias_correction() -> Iterator[None]:
    def uncorrected(exact: Any, optimizer: Any, *arguments: Any) -> Any:
        optimizer.bias_correction = False
        return exact(optimizer, *arguments)

    with steps("Adam", uncorrected):
        yield


@contextmanager
def weight_decay_inside_the_gradient() -> Iterator[None]:
    from mlx.optimizers import Adam

    def coupled(_: Any, optimizer: Any, gradient: Any, parameter: Any, state: Any) -> Any:
        return Adam.apply_single(optimizer, gradient + optimizer.weight_decay * parameter, parameter, state)

    with steps("AdamW", coupled):
        yield


@contextmanager
def steps(optimizer: str, spoil: Any) -> Iterator[None]:
    from mlx import optimizers

    kind = getattr(optimizers, optimizer)
    exact = kind.apply_single
    with patch.object(kind, "apply_single", lambda *arguments: spoil(exact, *arguments)):
        yield


@contextmanager
def weights_that_are_rounded_when_saved() -> Iterator[None]:
    import mlx.core as mx

    exact = mx.save_safetensors

    def rounded(path: str, arrays: dict[str, Any]) -> None:
        exact(path, {name: array.astype(mx.float16).astype(array.dtype) for name, array in arrays.items()})

    with patch.object(mx, "save_safetensors", rounded):
        yield
