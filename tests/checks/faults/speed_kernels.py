"""Activations and attention that are fast because they are wrong, or slow where they should not be."""

import contextlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from tests.checks.faults.speed import short

ACTIVATIONS = "benchmark/activations.activations_are_fast_and_right"
ATTENTION = "benchmark/attention_speed.attention_is_fast_and_right"
GROWTH = "benchmark/sequence_length.attention_grows_with_the_square_at_most"
STACK = "benchmark/sequence_length.a_stack_of_blocks_grows_with_the_square_at_most"

CASES = [
    ("a_gelu_by_its_tanh", ACTIVATIONS, "cpu", "error_in_eps"),
    ("a_softmax_over_the_other_dimension", ACTIVATIONS, "cpu", "error_in_eps"),
    ("a_relu_that_leaks", ACTIVATIONS, "cpu", "error_in_eps"),
    ("attention_to_what_comes_after", ATTENTION, "cpu", "error_in_eps"),
    ("a_backend_that_nobody_asked_for", ATTENTION, "cpu", "asked for MATH, but FLASH_ATTENTION ran"),
    ("short_texts_that_wait", ATTENTION, "cpu", "time_of_more_over_less"),
    ("attention_that_takes_the_fourth_power", GROWTH, "cpu", "exponent is"),
    ("attention_that_always_takes_as_long", GROWTH, "cpu", "exponent is"),
    ("attention_to_what_comes_after_it", GROWTH, "cpu", "prefix_error_in_eps"),
    ("a_stack_that_always_takes_as_long", STACK, "cpu", "exponent is"),
    ("blocks_that_attend_to_what_comes_after", STACK, "cpu", "prefix_error_in_eps"),
]


def short_activations() -> Any:
    from verify.checks.benchmark import activations

    return short(activations, SIZES={"cpu": (64, 64)})


def short_attention() -> Any:
    from verify.checks.benchmark import attention_speed

    return short(attention_speed, LENGTHS={"cpu": (64, 256)})


def short_lengths() -> Any:
    from verify.checks.benchmark import sequence_length
    from verify.checks.models.block_stack import Blocks

    lengths = {"cpu": (64, 128, 256, 512, 1024)}
    return short(sequence_length, LENGTHS=lengths, BLOCKS={"cpu": Blocks(1, 128)})


@contextmanager
def attending(change: Any) -> Iterator[None]:
    """Attention as something makes it: of torch's own, and of its inputs and settings."""
    from torch.nn import functional

    exact = functional.scaled_dot_product_attention

    def changed(*inputs: Any, **settings: Any) -> Any:
        return change(exact, *inputs, **settings)

    with patch.object(functional, "scaled_dot_product_attention", changed):
        yield


def without_mask(exact: Any, *inputs: Any, **settings: Any) -> Any:
    return exact(*inputs, **{**settings, "is_causal": False, "attn_mask": None})


def after(seconds_of: Any) -> Any:
    """Attention that waits for so many seconds first, by the number of tokens."""

    def waiting(exact: Any, query: Any, *inputs: Any, **settings: Any) -> Any:
        time.sleep(seconds_of(query.shape[2]))
        return exact(query, *inputs, **settings)

    return waiting


@contextmanager
def a_gelu_by_its_tanh() -> Iterator[Any]:
    import torch

    exact = torch.ops.aten.gelu.out

    def by_tanh(inputs: Any, out: Any) -> Any:
        return exact(inputs, approximate="tanh", out=out)

    with short_activations() as changed, patch.object(torch.ops.aten.gelu, "out", by_tanh):
        yield changed


@contextmanager
def a_softmax_over_the_other_dimension() -> Iterator[Any]:
    import torch

    exact = torch.softmax
    with (
        short_activations() as changed,
        patch.object(torch, "softmax", lambda inputs, _, out: exact(inputs, 0, out=out)),
    ):
        yield changed


@contextmanager
def a_relu_that_leaks() -> Iterator[Any]:
    import torch

    exact = torch.clamp_min
    with (
        short_activations() as changed,
        patch.object(torch, "clamp_min", lambda inputs, _, out: exact(inputs, -1e-6, out=out)),
    ):
        yield changed


@contextmanager
def attention_to_what_comes_after() -> Iterator[Any]:
    with short_attention() as changed, attending(without_mask):
        yield changed


@contextmanager
def a_backend_that_nobody_asked_for() -> Iterator[Any]:
    from torch.nn import attention

    with (
        short_attention() as changed,
        patch.object(attention, "sdpa_kernel", lambda _: contextlib.nullcontext()),
    ):
        yield changed


@contextmanager
def short_texts_that_wait() -> Iterator[Any]:
    with short_attention() as changed, attending(after(lambda tokens: 0.02 if tokens < 100 else 0)):
        yield changed


@contextmanager
def attention_that_takes_the_fourth_power() -> Iterator[Any]:
    with short_lengths() as changed, attending(after(lambda tokens: 0.3 * (tokens / 1024) ** 4)):
        yield changed


@contextmanager
def attention_that_always_takes_as_long() -> Iterator[Any]:
    with short_lengths() as changed, attending(after(lambda _: 0.05)):
        yield changed


@contextmanager
def attention_to_what_comes_after_it() -> Iterator[Any]:
    with short_lengths() as changed, attending(without_mask):
        yield changed


a_stack_that_always_takes_as_long = attention_that_always_takes_as_long
blocks_that_attend_to_what_comes_after = attention_to_what_comes_after_it
