"""Memory that is lost, kept or never taken, and operations that quietly run elsewhere."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

RELEASED = "functional/memory.memory_is_released"
PAST = "functional/memory.an_allocation_past_the_limit_raises_and_the_process_goes_on"
FALLBACK = "functional/fallback.no_training_operation_falls_back_to_the_cpu"

CASES = [
    ("a_graph_that_every_step_keeps", RELEASED, "cpu", "growth_per_step"),
    ("an_optimiser_that_outlives_its_model", RELEASED, "cpu", "left_per_round"),
    ("a_cache_that_is_never_emptied", RELEASED, "mlx", "kept"),
    ("an_allocation_that_succeeds_on_paper", PAST, "cpu", "seemed to succeed"),
    ("an_error_that_says_nothing", PAST, "cpu", "does not speak of memory"),
    ("a_failure_that_keeps_memory", PAST, "cpu", "memory_lost"),
    ("a_product_that_is_wrong_after_a_failure", PAST, "cpu", "wrong_elements"),
    ("an_operation_that_falls_back", FALLBACK, "cpu", "aten::gelu 4 times"),
    ("a_training_that_is_not_seen", FALLBACK, "cpu", "the ledger did not see"),
]


@contextmanager
def a_graph_that_every_step_keeps() -> Iterator[None]:
    import torch

    exact, kept = torch.Tensor.backward, []

    def keeping(loss: Any) -> None:
        kept.append(loss)
        exact(loss, retain_graph=True)

    with patch.object(torch.Tensor, "backward", keeping):
        yield


@contextmanager
def an_optimiser_that_outlives_its_model() -> Iterator[None]:
    import torch

    exact, kept = torch.optim.AdamW.__init__, []

    def keeping(optimizer: Any, parameters: Any) -> None:
        kept.append(optimizer)
        exact(optimizer, parameters)

    with patch.object(torch.optim.AdamW, "__init__", keeping):
        yield


@contextmanager
def a_cache_that_is_never_emptied() -> Iterator[None]:
    import mlx.core as mx

    with patch.object(mx, "clear_cache", lambda: None):
        yield
    mx.clear_cache()


@contextmanager
def an_allocation_that_succeeds_on_paper() -> Iterator[None]:
    import torch

    exact = torch.empty
    with patch.object(torch, "empty", lambda size, **settings: exact(1, **settings).expand(size)):
        yield


@contextmanager
def an_error_that_says_nothing() -> Iterator[None]:
    def failing(_: Any) -> None:
        raise RuntimeError("error 12")

    with after_a_failure(failing):
        yield


@contextmanager
def a_failure_that_keeps_memory() -> Iterator[None]:
    import torch

    kept = []
    with after_a_failure(lambda _: kept.append(torch.ones(8 * 2**20))):
        yield


@contextmanager
def a_product_that_is_wrong_after_a_failure() -> Iterator[None]:
    import torch

    exact, failures = torch.Tensor.__matmul__, list[RuntimeError]()
    wrong = patch.object(torch.Tensor, "__matmul__", lambda left, right: exact(left, right) + bool(failures))
    with wrong, after_a_failure(failures.append):
        yield


@contextmanager
def an_operation_that_falls_back() -> Iterator[None]:
    from torch.nn import functional

    exact = functional.gelu

    def fallen(*words: Any, **settings: Any) -> Any:
        for _ in range(2):
            warnings.warn(
                "The operator 'aten::gelu' is not currently supported on the MPS backend and will fall back to run on "
                "the CPU. This may have performance implications.",
                stacklevel=2,
            )
        return exact(*words, **settings)

    with patch.object(functional, "gelu", fallen):
        yield


@contextmanager
def a_training_that_is_not_seen() -> Iterator[None]:
    from torch.utils import _python_dispatch

    with patch.object(_python_dispatch, "TorchDispatchMode", Unseeing):
        yield


class Unseeing:
    """Takes the place of the mode that sees every operation."""

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


@contextmanager
def after_a_failure(do: Any) -> Iterator[None]:
    """Have torch do something more when an allocation fails."""
    import torch

    exact = torch.empty

    def failing(*words: Any, **settings: Any) -> Any:
        try:
            return exact(*words, **settings)
        except RuntimeError as error:
            do(error)
            raise

    with patch.object(torch, "empty", failing):
        yield
