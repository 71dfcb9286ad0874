"""Float8 that is another format, or that is multiplied otherwise."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from tests.checks.replaced import replaced

ROUNDING = "functional/float8.rounding_to_float8_gives_the_nearest_number"
FLOAT8 = "functional/float8.float8_products_agree_with_float64"

CASES = [
    ("a_float8_that_is_bfloat16", ROUNDING, "cpu", "the result is torch.bfloat16"),
    ("a_float8_with_two_bits_of_fraction", ROUNDING, "cpu", "differing_codes"),
    ("a_float8_that_rounds_half_away", ROUNDING, "cpu", "differing_codes"),
    ("scales_that_are_ignored", FLOAT8, "cpu", "error is"),
    ("a_product_in_bfloat16", FLOAT8, "cpu", "error is"),
]


@contextmanager
def a_float8_that_is_bfloat16() -> Iterator[None]:
    with float8(lambda values, _: values.bfloat16()):
        yield


@contextmanager
def a_float8_with_two_bits_of_fraction() -> Iterator[None]:
    import torch

    with float8(lambda values, round_: round_(values.clamp(-448, 448).type(torch.float8_e5m2).float())):
        yield


@contextmanager
def a_float8_that_rounds_half_away() -> Iterator[None]:
    with float8(lambda values, round_: round_(values * (1 + 2.0**-20))):
        yield


@contextmanager
def scales_that_are_ignored() -> Iterator[None]:
    import torch

    def unscaled(exact: Any, *inputs: Any, scale_a: Any, scale_b: Any, out_dtype: Any) -> Any:
        return exact(*inputs, scale_a=torch.ones_like(scale_a), scale_b=scale_b, out_dtype=out_dtype)

    with replaced(torch, "_scaled_mm", unscaled):
        yield


@contextmanager
def a_product_in_bfloat16() -> Iterator[None]:
    import torch

    with replaced(torch, "_scaled_mm", lambda exact, *inputs, **how: exact(*inputs, **how).bfloat16().float()):
        yield


@contextmanager
def float8(spoilt: Any) -> Iterator[None]:
    import torch

    exact = torch.Tensor.to

    def converted(values: Any, *target: Any, **settings: Any) -> Any:
        if target == (torch.float8_e4m3fn,):
            return spoilt(values, lambda others: exact(others, torch.float8_e4m3fn))
        return exact(values, *target, **settings)

    with patch.object(torch.Tensor, "to", converted):
        yield
