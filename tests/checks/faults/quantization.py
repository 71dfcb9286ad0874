"""Quantisers that do nothing, too much or something else."""

import os
import sys
import tempfile
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.checks.replaced import replaced

FALLBACK = "functional/quantization.quantize_per_tensor_works_with_and_without_fallback"
DYNAMIC = "functional/quantization.int8_dynamic_keeps_the_outputs"
PRODUCTS = "functional/quantization.int8_products_are_exact"
INT8 = "functional/quantization.int8_weights_keep_the_outputs"
INT4 = "functional/quantization.int4_weights_keep_the_outputs"
NF4 = "functional/quantization.nf4_weights_are_the_nearest_levels"
MLX_WEIGHTS = "functional/quantization.mlx_weights_keep_to_their_steps"
MLX_LAYERS = "functional/quantization.mlx_quantises_every_layer"

CASES = [
    ("an_operator_that_fallback_alone_has", FALLBACK, "cpu", "FALLBACK=0: The operator 'aten::quantize_per_tensor'"),
    ("codes_that_are_off_by_one", FALLBACK, "cpu", "wrong_codes"),
    ("a_quantiser_that_does_nothing", DYNAMIC, "cpu", "error_to_predicted"),
    ("a_quantiser_that_zeroes", DYNAMIC, "cpu", "error_to_predicted"),
    ("activations_left_unquantised", DYNAMIC, "cpu", "error_to_predicted"),
    ("an_operator_that_is_not_there", PRODUCTS, "cpu", "aten::_int_mm"),
    ("sums_that_saturate", PRODUCTS, "cpu", "differing_elements"),
    ("weights_that_are_multiplied_unscaled", INT8, "cpu", "product_error_in_eps"),
    ("packed_halves_that_are_swapped", INT4, "cpu", "product_error_in_eps"),
    ("a_group_with_the_scale_of_another", INT4, "cpu", "product_error_in_eps"),
    ("an_nf4_that_does_nothing", NF4, "cpu", "error_to_predicted"),
    ("an_nf4_of_even_levels", NF4, "cpu", "beyond_the_nearest"),
    ("weights_that_come_back_whole", MLX_WEIGHTS, "mlx", "error_to_predicted"),
    ("groups_with_the_scale_of_another", MLX_WEIGHTS, "mlx", "error_in_steps"),
    ("a_layer_that_stays_as_it_is", MLX_LAYERS, "mlx", "layer 2 is Linear still"),
    ("a_layer_that_only_changes_its_name", MLX_LAYERS, "mlx", "error_to_predicted"),
]


@contextmanager
def an_operator_that_fallback_alone_has() -> Iterator[None]:
    with sitecustomize(
        "def gone(*_):\n"
        "    raise NotImplementedError(\"The operator 'aten::quantize_per_tensor' is not implemented\")\n"
        "if os.environ.get('PYTORCH_ENABLE_MPS_FALLBACK') != '1':\n"
        "    torch.quantize_per_tensor = gone\n"
    ):
        yield


@contextmanager
def codes_that_are_off_by_one() -> Iterator[None]:
    with sitecustomize(
        "exact = torch.quantize_per_tensor\n"
        "torch.quantize_per_tensor = lambda values, step, zero, dtype: exact(values, step, zero + 1, dtype)\n"
    ):
        yield


@contextmanager
def a_quantiser_that_does_nothing() -> Iterator[None]:
    with quantize_dynamic(lambda model: model):
        yield


@contextmanager
def a_quantiser_that_zeroes() -> Iterator[None]:
    import copy

    def zeroed(model: Any) -> Any:
        other = copy.deepcopy(model)
        other[0].weight.data.zero_()
        return other

    with quantize_dynamic(zeroed):
        yield


@contextmanager
def activations_left_unquantised() -> Iterator[None]:
    from torch.ao.nn.quantized.dynamic import Linear
    from torch.nn import functional

    def by_weights_alone(layer: Any, values: Any) -> Any:
        return functional.linear(values, layer.weight().dequantize(), layer.bias())

    with patch.object(Linear, "forward", by_weights_alone):
        yield


@contextmanager
def an_operator_that_is_not_there() -> Iterator[None]:
    import torch

    def gone(*_: Any) -> Any:
        raise NotImplementedError("The operator 'aten::_int_mm' is not currently implemented for the MPS device.")

    with patch.object(torch, "_int_mm", gone):
        yield


@contextmanager
def sums_that_saturate() -> Iterator[None]:
    import torch

    with replaced(torch, "_int_mm", lambda exact, *inputs: exact(*inputs).clamp(max=512 * 127 * 127)):
        yield


@contextmanager
def weights_that_are_multiplied_unscaled() -> Iterator[None]:
    import torch

    def unscaled(exact: Any, inputs: Any, codes: Any, scale: Any) -> Any:
        return exact(inputs, codes, torch.full_like(scale, float(scale.mean())))

    with replaced(torch.ops.aten, "_weight_int8pack_mm", unscaled):
        yield


@contextmanager
def packed_halves_that_are_swapped() -> Iterator[None]:
    import torch

    def swapped(exact: Any, codes: Any, tiles: int) -> Any:
        return exact(codes.reshape(len(codes), -1, 2).flip(2).reshape(codes.shape), tiles)

    with replaced(torch, "_convert_weight_to_int4pack_for_cpu", swapped):
        yield


@contextmanager
def a_group_with_the_scale_of_another() -> Iterator[None]:
    import torch

    def other(exact: Any, inputs: Any, packed: Any, group: int, both: Any) -> Any:
        return exact(inputs, packed, group, both.roll(1, dims=0))

    with replaced(torch.ops.aten, "_weight_int4pack_mm_for_cpu", other):
        yield


@contextmanager
def an_nf4_that_does_nothing() -> Iterator[None]:
    with bitsandbytes(lambda scaled: scaled):
        yield


@contextmanager
def an_nf4_of_even_levels() -> Iterator[None]:
    with bitsandbytes(lambda scaled: (scaled * 7.5).round() / 7.5):
        yield


@contextmanager
def weights_that_come_back_whole() -> Iterator[None]:
    import mlx.core as mx

    kept: list[Any] = []

    def keeping(exact: Any, weight: Any, **how: Any) -> Any:
        kept.append(weight)
        return exact(weight, **how)

    with replaced(mx, "quantize", keeping), replaced(mx, "dequantize", lambda *_, **__: kept[-1]):
        yield


@contextmanager
def groups_with_the_scale_of_another() -> Iterator[None]:
    import mlx.core as mx

    def other(exact: Any, weight: Any, **how: Any) -> Any:
        codes, scales, offsets = exact(weight, **how)
        return codes, mx.roll(scales, 1, axis=1), offsets

    with replaced(mx, "quantize", other):
        yield


@contextmanager
def a_layer_that_stays_as_it_is() -> Iterator[None]:
    from mlx import nn

    def but_the_last(exact: Any, model: Any, **how: Any) -> None:
        exact(model, class_predicate=lambda path, layer: hasattr(layer, "to_quantized") and "2" not in path, **how)

    with replaced(nn, "quantize", but_the_last):
        yield


@contextmanager
def a_layer_that_only_changes_its_name() -> Iterator[None]:
    from mlx import nn

    exact = nn.Linear.to_quantized

    def remembering(layer: Any, *arguments: Any, **how: Any) -> Any:
        quantized = exact(layer, *arguments, **how)
        quantized.whole = [layer]
        return quantized

    with (
        patch.object(nn.Linear, "to_quantized", remembering),
        patch.object(nn.QuantizedLinear, "__call__", lambda layer, values: layer.whole[0](values)),
    ):
        yield


@contextmanager
def quantize_dynamic(spoilt: Any) -> Iterator[None]:
    from torch.ao import quantization

    with replaced(quantization, "quantize_dynamic", lambda _, model, *__, **___: spoilt(model)):
        yield


@contextmanager
def bitsandbytes(rounded: Any) -> Iterator[None]:
    """A package in the place of bitsandbytes, which this environment does not have, with levels of its own."""

    def quantize_4bit(weight: Any, blocksize: int, quant_type: str) -> Any:
        blocks = weight.reshape(-1, blocksize)
        largest = blocks.abs().amax(dim=1, keepdim=True)
        return rounded(blocks / largest), types.SimpleNamespace(absmax=largest, shape=weight.shape)

    package, functional = types.ModuleType("bitsandbytes"), types.ModuleType("bitsandbytes.functional")
    functional.quantize_4bit = quantize_4bit  # type: ignore[attr-defined]
    functional.dequantize_4bit = lambda codes, state: (codes * state.absmax).reshape(state.shape)  # type: ignore[attr-defined]
    package.functional = functional  # type: ignore[attr-defined]
    with patch.dict(sys.modules, {"bitsandbytes": package, "bitsandbytes.functional": functional}):
        yield


@contextmanager
def sitecustomize(code: str) -> Iterator[None]:
    """Code that every Python process runs as it starts, as the check asks in processes of its own."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "sitecustomize.py").write_text(f"import os\nimport torch\n{code}", encoding="utf-8")
        with patch.dict(os.environ, {"PYTHONPATH": folder}):
            yield
