"""Attention that sees too much, is scaled otherwise, or is another's."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

FORMULA = "functional/attention.every_backend_agrees_with_the_formula"
ASKED = "functional/attention.the_backend_that_ran_is_the_one_asked_for"

CASES = [
    ("a_causal_mask_that_is_off_by_one", FORMULA, "cpu", "output_error_in_eps"),
    ("a_padding_mask_that_is_ignored", FORMULA, "cpu", "output_error_in_eps"),
    ("scores_that_are_scaled_by_the_width", FORMULA, "cpu", "output_error_in_eps"),
    ("values_whose_gradient_is_scaled", FORMULA, "cpu", "gradient_error_in_eps"),
    ("a_choice_that_is_overruled", ASKED, "cpu", "asked for FLASH_ATTENTION (float32, causal), but MATH ran"),
    ("kernels_that_are_all_gone", ASKED, "cpu", "requests_answered"),
]


@contextmanager
def a_causal_mask_that_is_off_by_one() -> Iterator[None]:
    import torch

    def seeing_the_next(exact: Any, *inputs: Any, is_causal: bool = False, **settings: Any) -> Any:
        tokens = inputs[0].shape[-2]
        mask = {"attn_mask": torch.ones(tokens, tokens, dtype=torch.bool).tril(1)} if is_causal else settings
        return exact(*inputs, **mask)

    with attention(seeing_the_next):
        yield


@contextmanager
def a_padding_mask_that_is_ignored() -> Iterator[None]:
    with attention(lambda exact, *inputs, is_causal=False, **_: exact(*inputs, is_causal=is_causal)):
        yield


@contextmanager
def scores_that_are_scaled_by_the_width() -> Iterator[None]:
    def scaled(exact: Any, *inputs: Any, **settings: Any) -> Any:
        return exact(*inputs, scale=1 / inputs[0].shape[-1], **settings)

    with attention(scaled):
        yield


@contextmanager
def values_whose_gradient_is_scaled() -> Iterator[None]:
    def steeper(exact: Any, query: Any, key: Any, value: Any, **settings: Any) -> Any:
        return exact(query, key, value * 1.1 - (value * 0.1).detach(), **settings)

    with attention(steeper):
        yield


@contextmanager
def a_choice_that_is_overruled() -> Iterator[None]:
    import torch.nn.attention
    from torch.nn.attention import SDPBackend

    exact = torch.nn.attention.sdpa_kernel
    with patch.object(torch.nn.attention, "sdpa_kernel", lambda _: exact([SDPBackend.MATH])):
        yield


@contextmanager
def kernels_that_are_all_gone() -> Iterator[None]:
    def gone(*_: Any, **__: Any) -> Any:
        raise RuntimeError("No viable backend for scaled_dot_product_attention was found.")

    with attention(gone):
        yield


@contextmanager
def attention(spoilt: Any) -> Iterator[None]:
    from torch.nn import functional

    exact = functional.scaled_dot_product_attention

    def other(*inputs: Any, **settings: Any) -> Any:
        return spoilt(exact, *inputs, **settings)

    with patch.object(functional, "scaled_dot_product_attention", other):
        yield
