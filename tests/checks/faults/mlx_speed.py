"""MLX that is fast because it never computes, or something else, and slow where it should not be."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest.mock import patch

from tests.checks.faults.speed import short
from tests.checks.replaced import replaced

MATMUL = "benchmark/matmul.mlx_matrix_products_are_fast_and_right"
COPY = "benchmark/bandwidth.mlx_copies_are_fast_and_right"
TRIAD = "benchmark/bandwidth.mlx_triads_are_fast_and_none_is_left_out"
ACTIVATIONS = "benchmark/activations.mlx_activations_are_fast_and_right"
ATTENTION = "benchmark/attention_speed.mlx_attention_is_fast_and_right"
WAITS = "benchmark/kernel_launch.the_clock_waits_for_mlx"
NEVER = "the work was never evaluated"

CASES = [
    ("products_that_are_never_evaluated", MATMUL, "mlx", NEVER),
    ("products_of_shortened_numbers", MATMUL, "mlx", "error_in_eps"),
    ("a_small_product_that_waits", MATMUL, "mlx", "time_of_more_over_less"),
    ("copies_that_are_never_evaluated", COPY, "mlx", NEVER),
    ("a_copy_of_the_first_half", COPY, "mlx", "differs from the original"),
    ("triads_that_are_never_evaluated", TRIAD, "mlx", NEVER),
    ("every_other_triad_dropped", TRIAD, "mlx", "calls_left_out"),
    ("activations_that_are_never_evaluated", ACTIVATIONS, "mlx", NEVER),
    ("a_gelu_by_its_tanh", ACTIVATIONS, "mlx", "error_in_eps"),
    ("a_softmax_over_the_other_dimension", ACTIVATIONS, "mlx", "error_in_eps"),
    ("attention_that_is_never_evaluated", ATTENTION, "mlx", NEVER),
    ("attention_to_what_comes_after", ATTENTION, "mlx", "error_in_eps"),
    ("short_texts_that_wait", ATTENTION, "mlx", "time_of_more_over_less"),
    ("a_device_that_nobody_waits_for", WAITS, "mlx", "synchronised_over_read"),
    ("a_product_of_zeros", WAITS, "mlx", "the product sums to 0"),
]

Shortened = Callable[[], AbstractContextManager[dict[str, Any]]]
BUDGET = {"MLX_BUDGET_SECONDS": {"cpu": 0.1, "gpu": 0.1}}


def both(size: Any) -> dict[str, Any]:
    """One size for any kind of device that MLX computes on."""
    return {"cpu": size, "gpu": size}


def short_matmul() -> Any:
    from verify.checks.benchmark import matmul

    return short(matmul, MLX_SIZES=both((32, 128)), MLX_LLM_SHAPES=both(()), **BUDGET)


def short_bandwidth() -> Any:
    from verify.checks.benchmark import bandwidth

    return short(bandwidth, MLX_SIZES=both((2**16, 2**18)), **BUDGET)


def short_activations() -> Any:
    from verify.checks.benchmark import activations

    return short(activations, MLX_SIZES=both((64, 64)), **BUDGET)


def short_attention() -> Any:
    from verify.checks.benchmark import attention_speed

    return short(attention_speed, MLX_LENGTHS=both((32, 128)), **BUDGET)


def short_proof() -> Any:
    from verify.checks.benchmark import kernel_launch

    return short(kernel_launch)


def never_evaluated(shortened: Shortened) -> Callable[[], AbstractContextManager[Any]]:
    """What is to be evaluated while it is timed is not, until somebody looks at it: then it is right."""

    @contextmanager
    def fault() -> Iterator[Any]:
        from verify.checks.measures import timed

        def lazily(exact: Any, *words: Any, **settings: Any) -> Any:
            with nothing_evaluated():
                return exact(*words, **settings)

        with shortened() as changed, replaced(timed, "time_blocks", lazily):
            yield changed

    return fault


def nothing_evaluated() -> AbstractContextManager[Any]:
    import mlx.core as mx

    return patch.object(mx, "eval", lambda *_: None)


products_that_are_never_evaluated = never_evaluated(short_matmul)
copies_that_are_never_evaluated = never_evaluated(short_bandwidth)
triads_that_are_never_evaluated = never_evaluated(short_bandwidth)
activations_that_are_never_evaluated = never_evaluated(short_activations)
attention_that_is_never_evaluated = never_evaluated(short_attention)


@contextmanager
def products_of_shortened_numbers() -> Iterator[Any]:
    import mlx.core as mx

    def shortened(exact: Any, left: Any, right: Any) -> Any:
        return exact(left.astype(mx.bfloat16), right.astype(mx.bfloat16)).astype(left.dtype)

    with short_matmul() as changed, replaced(mx, "matmul", shortened):
        yield changed


@contextmanager
def a_small_product_that_waits() -> Iterator[Any]:
    import mlx.core as mx

    def waiting(exact: Any, left: Any, right: Any) -> Any:
        time.sleep(0.02 if len(left) == 32 else 0)
        return exact(left, right)

    with short_matmul() as changed, replaced(mx, "matmul", waiting):
        yield changed


@contextmanager
def a_copy_of_the_first_half() -> Iterator[Any]:
    import mlx.core as mx

    def halved(exact: Any, target: Any, update: Any, **where: Any) -> Any:
        return exact(target, update=update[: len(update) // 2], **where)

    with short_bandwidth() as changed, replaced(mx, "slice_update", halved):
        yield changed


@contextmanager
def every_other_triad_dropped() -> Iterator[Any]:
    import mlx.core as mx

    turns = itertools.cycle((True, False))

    def dropping(exact: Any, function: Any) -> Any:
        compiled = exact(function)
        return lambda total, added: compiled(total, added) if next(turns) else total

    with short_bandwidth() as changed, replaced(mx, "compile", dropping):
        yield changed


@contextmanager
def a_gelu_by_its_tanh() -> Iterator[Any]:
    from mlx import nn

    with short_activations() as changed, patch.object(nn, "gelu", nn.gelu_approx):
        yield changed


@contextmanager
def a_softmax_over_the_other_dimension() -> Iterator[Any]:
    import mlx.core as mx

    with short_activations() as changed, replaced(mx, "softmax", lambda exact, inputs, **_: exact(inputs, axis=0)):
        yield changed


@contextmanager
def attention_to_what_comes_after() -> Iterator[Any]:
    import mlx.core as mx

    def unmasked(exact: Any, *inputs: Any, scale: float, mask: str) -> Any:
        return exact(*inputs, scale=scale)

    with short_attention() as changed, replaced(mx.fast, "scaled_dot_product_attention", unmasked):
        yield changed


@contextmanager
def short_texts_that_wait() -> Iterator[Any]:
    import mlx.core as mx

    def waiting(exact: Any, query: Any, *inputs: Any, **settings: Any) -> Any:
        time.sleep(0.02 if query.shape[2] == 32 else 0)
        return exact(query, *inputs, **settings)

    with short_attention() as changed, replaced(mx.fast, "scaled_dot_product_attention", waiting):
        yield changed


@contextmanager
def a_device_that_nobody_waits_for() -> Iterator[Any]:
    import mlx.core as mx

    with short_proof() as changed, patch.object(mx, "synchronize", lambda: None):
        yield changed


@contextmanager
def a_product_of_zeros() -> Iterator[Any]:
    import mlx.core as mx

    with short_proof() as changed, replaced(mx, "matmul", lambda _, left, right: mx.zeros((len(left), right.shape[1]))):
        yield changed
