"""Devices that lie, and arithmetic that is a little wrong."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

DEVICE = "functional/devices.the_device_computes"
MATMUL = "functional/tensors.matmul_agrees_with_float64"
FUNCTIONS = "functional/tensors.elementwise_functions_agree_with_float64"
REDUCTIONS = "functional/tensors.reductions_agree_with_float64"

CASES = [
    ("a_device_that_is_not_there", DEVICE, "cuda", "torch offers no cuda here"),
    ("a_gpu_whose_work_is_done_on_the_cpu", DEVICE, "cuda", "asked for cuda, but the result is on cpu"),
    ("a_product_that_is_slightly_off", DEVICE, "cpu", "error_in_eps"),
    ("mlx_on_the_cpu_of_a_mac", DEVICE, "mlx", "mlx computes on the CPU although this is a Mac"),
    ("float32_products_in_bfloat16", MATMUL, "cpu", "error_in_eps"),
    ("one_wrong_element_in_a_million", MATMUL, "cpu", "error_in_eps"),
    ("sums_of_products_in_the_short_format", MATMUL, "cpu", "error_in_eps"),
    ("functions_that_drop_what_is_negative", FUNCTIONS, "cpu", "error_in_eps"),
    ("a_tanh_that_overflows", FUNCTIONS, "cpu", "error_in_eps"),
    ("gelu_by_its_approximation", FUNCTIONS, "cpu", "error_in_eps"),
    ("no_number_past_16_bits", FUNCTIONS, "cpu", "error_in_eps"),
    ("sums_that_stop_at_16_bits", REDUCTIONS, "cpu", "error_in_eps"),
    ("sums_of_nothing_in_bfloat16", REDUCTIONS, "cpu", "error_in_eps"),
    ("sums_in_the_short_format", REDUCTIONS, "cpu", "error_in_eps"),
    ("norms_in_float16", REDUCTIONS, "cpu", "error_in_eps"),
]


@contextmanager
def a_device_that_is_not_there() -> Iterator[None]:
    import torch

    with patch.object(torch.cuda, "is_available", return_value=False):
        yield


@contextmanager
def a_gpu_whose_work_is_done_on_the_cpu() -> Iterator[None]:
    import torch

    with ExitStack() as stack:
        stack.enter_context(patch.object(torch.cuda, "is_available", return_value=True))
        stack.enter_context(patch.object(torch.Tensor, "to", lambda tensor, *_: tensor))
        yield


@contextmanager
def a_product_that_is_slightly_off() -> Iterator[None]:
    with products(lambda exact, *_: exact * (1 + 1e-4)):
        yield


@contextmanager
def mlx_on_the_cpu_of_a_mac() -> Iterator[None]:
    import mlx.core as mx

    before = mx.default_device()
    mx.set_default_device(mx.Device(mx.cpu))
    with patch.object(sys, "platform", "darwin"):
        yield
    mx.set_default_device(before)


@contextmanager
def float32_products_in_bfloat16() -> Iterator[None]:
    import torch

    def shortened(exact: Any, left: Any, right: Any) -> Any:
        return torch.mm(left.bfloat16(), right.bfloat16()).float() if left.dtype == torch.float32 else exact

    with products(shortened):
        yield


@contextmanager
def one_wrong_element_in_a_million() -> Iterator[None]:
    import torch

    def spoilt(exact: Any, left: Any, right: Any) -> Any:
        if left.dtype == torch.float16:
            exact[997, 3] += 16
        return exact

    with products(spoilt):
        yield


@contextmanager
def sums_of_products_in_the_short_format() -> Iterator[None]:
    import torch

    def grown(exact: Any, left: Any, right: Any) -> Any:
        if left.dtype == torch.float32:
            return exact
        first = exact[:100].zero_()
        for column, row in zip(left[:100].unbind(1), right.unbind(0), strict=True):
            first += column[:, None] * row
        return exact

    with products(grown):
        yield


@contextmanager
def functions_that_drop_what_is_negative() -> Iterator[None]:
    import torch

    def dropping(exact: Any) -> Any:
        def positive(values: Any) -> Any:
            return torch.where(values < 0, 0, exact(values))

        return positive

    with ExitStack() as stack:
        for name in ("gelu", "silu"):
            function = getattr(torch.nn.functional, name)
            stack.enter_context(patch.object(torch.nn.functional, name, dropping(function)))
        yield


@contextmanager
def a_tanh_that_overflows() -> Iterator[None]:
    """By its formula, in the format itself."""
    import torch

    def by_formula(values: Any) -> Any:
        grown = (2 * values).exp()
        return (grown - 1) / (grown + 1)

    with patch.object(torch, "tanh", by_formula):
        yield


@contextmanager
def gelu_by_its_approximation() -> Iterator[None]:
    from torch.nn import functional

    exact = functional.gelu

    def approximate(values: Any) -> Any:
        return exact(values, approximate="none" if values.element_size() == 8 else "tanh")

    with patch.object(functional, "gelu", approximate):
        yield


@contextmanager
def no_number_past_16_bits() -> Iterator[None]:
    import torch

    exact = torch.exp

    def broken(values: Any) -> Any:
        result = exact(values)
        if result.dtype != torch.float64:
            result[2**16 :] = torch.nan
        return result

    with patch.object(torch, "exp", broken):
        yield


@contextmanager
def sums_that_stop_at_16_bits() -> Iterator[None]:
    import torch

    exact = torch.Tensor.sum

    def short(values: Any, **how: Any) -> Any:
        return exact(values if values.element_size() == 8 else values[..., : 2**16], **how)

    with patch.object(torch.Tensor, "sum", short):
        yield


@contextmanager
def sums_of_nothing_in_bfloat16() -> Iterator[None]:
    import torch

    with reductions("sum", lambda exact, values: exact * (values.dtype != torch.bfloat16)):
        yield


@contextmanager
def sums_in_the_short_format() -> Iterator[None]:
    import torch

    def grown(exact: Any, values: Any) -> Any:
        if values.dtype == torch.float32:
            return exact
        total = torch.zeros_like(exact)
        for column in values.unbind(-1):
            total += column
        return total

    with reductions("sum", grown):
        yield


@contextmanager
def norms_in_float16() -> Iterator[None]:
    with reductions("norm", lambda exact, _: exact.half().to(exact.dtype)):
        yield


@contextmanager
def reductions(name: str, spoil: Any) -> Iterator[None]:
    import torch

    exact = getattr(torch.Tensor, name)

    def wrong(values: Any, **how: Any) -> Any:
        result = exact(values, **how)
        return result if values.dtype == torch.float64 else spoil(result, values)

    with patch.object(torch.Tensor, name, wrong):
        yield


@contextmanager
def products(spoil: Any) -> Iterator[None]:
    import torch

    exact = torch.Tensor.__matmul__

    def wrong(left: Any, right: Any) -> Any:
        result = exact(left, right)
        return result if left.dtype == torch.float64 else spoil(result, left, right)

    with patch.object(torch.Tensor, "__matmul__", wrong):
        yield
