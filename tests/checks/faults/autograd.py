"""Gradients that are a little wrong everywhere, or very wrong past a size."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

SLOPES = "functional/autograd.gradients_agree_with_finite_differences"
SIZES = "functional/autograd.gradients_agree_with_float64_at_every_size"

CASES = [
    ("gradients_a_thousandth_too_large", SLOPES, "cpu", "error_in_eps"),
    ("a_gradient_that_is_lost", SLOPES, "cpu", "no gradient reached embedding"),
    ("gradients_a_hundredth_too_large", SIZES, "cpu", "gradient_error_in_eps"),
    ("gradients_that_stop_at_16_bits", SIZES, "cpu", "gradient_error_in_eps"),
    ("rows_that_stop_at_15_bits", SIZES, "cpu", "result_error_in_eps"),
    ("token_ids_kept_in_16_bits", SIZES, "cpu", "result_error_in_eps"),
    ("the_last_of_the_vocabulary_ignored", SIZES, "cpu", "gradient_error_in_eps"),
    ("a_normalisation_without_numbers", SIZES, "cpu", "result_error_in_eps is not finite"),
    ("gradients_on_another_device", SIZES, "cpu", "asked for cpu, but the result is on meta"),
]

LAST = 50_176  # what 196 blocks of 256 threads reach of GPT-2's 50,257


@contextmanager
def gradients_a_thousandth_too_large() -> Iterator[None]:
    with results("cross_entropy", lambda loss: loss.register_hook(lambda gradient: gradient * 1.001)):
        yield


@contextmanager
def a_gradient_that_is_lost() -> Iterator[None]:
    from torch.nn import functional

    exact = functional.gelu
    with patch.object(functional, "gelu", lambda values: exact(values).detach()):
        yield


@contextmanager
def gradients_a_hundredth_too_large() -> Iterator[None]:
    with past_every_edge(), results("linear", lambda result: result.register_hook(lambda gradient: gradient * 1.01)):
        yield


@contextmanager
def gradients_that_stop_at_16_bits() -> Iterator[None]:
    import torch

    def short(gradient: Any) -> Any:
        return torch.cat([gradient[: 2**16], torch.zeros_like(gradient[2**16 :])])

    with past_every_edge(), results("embedding", lambda result: result.register_hook(short)):
        yield


@contextmanager
def rows_that_stop_at_15_bits() -> Iterator[None]:
    def short(result: Any) -> None:
        result.data[2**15 :] = 0

    with past_every_edge(), results("layer_norm", short):
        yield


@contextmanager
def token_ids_kept_in_16_bits() -> Iterator[None]:
    from torch.nn import functional

    exact = functional.embedding

    def wrapped(ids: Any, table: Any) -> Any:
        return exact(ids if table.element_size() == 8 else ids % 2**15, table)

    with past_every_edge(), patch.object(functional, "embedding", wrapped):
        yield


@contextmanager
def the_last_of_the_vocabulary_ignored() -> Iterator[None]:
    from torch.nn import functional

    exact = functional.cross_entropy

    def shorter(logits: Any, labels: Any) -> Any:
        if logits.element_size() == 8:
            return exact(logits, labels)
        return exact(logits[:, :LAST], labels.clamp(max=LAST - 1))

    with past_every_edge(50_257), patch.object(functional, "cross_entropy", shorter):
        yield


@contextmanager
def a_normalisation_without_numbers() -> Iterator[None]:
    import torch

    def spoilt(result: Any) -> None:
        result.data[-1, -1] = torch.nan

    with past_every_edge(), results("layer_norm", spoilt):
        yield


@contextmanager
def gradients_on_another_device() -> Iterator[None]:
    import torch

    exact = torch.autograd.grad

    def elsewhere(*arguments: Any) -> Any:
        return tuple(gradient.to("meta") for gradient in exact(*arguments))

    with past_every_edge(), patch.object(torch.autograd, "grad", elsewhere):
        yield


@contextmanager
def results(function: str, spoil: Callable[[Any], object]) -> Iterator[None]:
    """Spoil what a function returns in float32; the oracle's float64 stays as it is."""
    from torch.nn import functional

    exact = getattr(functional, function)

    def wrong(*arguments: Any) -> Any:
        result = exact(*arguments)
        if result.requires_grad and result.element_size() != 8:
            spoil(result)
        return result

    with patch.object(functional, function, wrong):
        yield


@contextmanager
def past_every_edge(size: int = 65_537) -> Iterator[None]:
    """One size alone, as the others cost time and would fail no better."""
    from verify.checks.functional import autograd

    with patch.object(autograd, "SIZES", (size,)):
        yield
