"""Adapters in other places, of another rank, at another scale, or beside a base that is not in four bits."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

COUNT = "lora/adapters.adapters_are_counted_by_their_formula"
SCALE = "lora/adapters.the_product_is_scaled_as_the_recipe_says"
MLX_SCALE = "lora/adapters.mlx_scales_the_product_as_the_recipe_says"
QLORA = "lora/qlora.adapters_learn_beside_four_bits"
MLX_QLORA = "lora/qlora.mlx_adapters_learn_beside_four_bits"

CASES = [
    ("adapters_on_every_block", COUNT, "", "blocks"),
    ("adapters_on_the_first_blocks", COUNT, "", "have adapters, not"),
    ("adapters_of_twice_the_rank", COUNT, "", "trainable_of_qwen2_5_14b"),
    ("a_scale_by_the_root_of_the_rank", SCALE, "cpu", "scale is 5.65"),
    ("a_scale_that_is_not_listened_to", SCALE, "cpu", "scale is 2 "),
    ("a_product_that_is_rounded", SCALE, "cpu", "error_in_eps"),
    ("the_scale_that_mlx_lm_takes_unless_told", MLX_SCALE, "mlx", "scale is 20"),
    ("a_product_that_mlx_rounds", MLX_SCALE, "mlx", "error_in_eps"),
    ("queries_that_stay_as_they_were", QLORA, "cpu", "not in four bits: 0.q_proj"),
    ("a_deaf_adapter", QLORA, "cpu", "loss_left"),
    ("a_base_without_gradients", QLORA, "cpu", "loss_gap_to_unpacked"),
    ("scales_that_drift", QLORA, "cpu", "the base changed"),
    ("an_mlx_base_without_gradients", MLX_QLORA, "mlx", "loss_gap_to_unpacked"),
    ("weights_in_eight_bits", MLX_QLORA, "mlx", "bytes for"),
    ("an_mlx_optimiser_that_does_nothing", MLX_QLORA, "mlx", "loss_left"),
    ("mlx_scales_that_drift", MLX_QLORA, "mlx", "the base changed"),
]


@contextmanager
def lora_config(change: Any) -> Iterator[None]:
    """PEFT with other settings than were asked for."""
    import peft

    exact = peft.LoraConfig
    with patch.object(peft, "LoraConfig", lambda **settings: exact(**change(settings))):
        yield


@contextmanager
def adapters_on_every_block() -> Iterator[None]:
    with lora_config(lambda settings: {**settings, "layers_to_transform": None}):
        yield


@contextmanager
def adapters_on_the_first_blocks() -> Iterator[None]:
    def first(settings: dict[str, Any]) -> dict[str, Any]:
        last = settings["layers_to_transform"]
        return {**settings, "layers_to_transform": last and list(range(len(last)))}

    with lora_config(first):
        yield


@contextmanager
def adapters_of_twice_the_rank() -> Iterator[None]:
    with lora_config(lambda settings: {**settings, "r": 2 * settings["r"]}):
        yield


@contextmanager
def a_scale_by_the_root_of_the_rank() -> Iterator[None]:
    with lora_config(lambda settings: {**settings, "use_rslora": True}):
        yield


@contextmanager
def a_scale_that_is_not_listened_to() -> Iterator[None]:
    with lora_config(lambda settings: {**settings, "lora_alpha": 16}):
        yield


@contextmanager
def a_product_that_is_rounded() -> Iterator[None]:
    from peft.tuners.lora import Linear

    exact = Linear.forward

    def rounded(layer: Any, values: Any, *more: Any, **settings: Any) -> Any:
        return exact(layer, values.half().float(), *more, **settings)

    with patch.object(Linear, "forward", rounded):
        yield


@contextmanager
def the_scale_that_mlx_lm_takes_unless_told() -> Iterator[None]:
    from mlx_lm.tuner.lora import LoRALinear

    exact = LoRALinear.from_base
    with patch.object(LoRALinear, "from_base", staticmethod(lambda linear, r, **_: exact(linear, r=r))):
        yield


@contextmanager
def a_product_that_mlx_rounds() -> Iterator[None]:
    import mlx.core as mx
    from mlx_lm.tuner.lora import LoRALinear

    def rounded(layer: Any, values: Any) -> Any:
        product = (values @ layer.lora_a).astype(mx.float16).astype(mx.float32) @ layer.lora_b
        return layer.linear(values) + layer.scale * product

    with patch.object(LoRALinear, "__call__", rounded):
        yield


@contextmanager
def never_repacked() -> Iterator[None]:
    """The library as on processors without AVX512-BF16.

    On those with it, a base that was asked once is repacked for good into a layout without gradients, and the check
    fails for that alone, whatever else were wrong.
    """
    # By its name, as it is on no other platform than that of CUDA.
    modules = importlib.import_module("bitsandbytes.nn.modules")
    with patch.object(modules, "has_avx512bf16", lambda: False):
        yield


@contextmanager
def queries_that_stay_as_they_were() -> Iterator[None]:
    from transformers import BitsAndBytesConfig

    exact = BitsAndBytesConfig.__init__

    def but_queries(config: Any, **settings: Any) -> None:
        exact(config, **settings, llm_int8_skip_modules=["q_proj", "lm_head"])

    with never_repacked(), patch.object(BitsAndBytesConfig, "__init__", but_queries):
        yield


@contextmanager
def a_deaf_adapter() -> Iterator[None]:
    import torch

    with never_repacked(), patch.object(torch.optim.AdamW, "step", lambda _, closure=None: None):  # noqa: ARG005
        yield


@contextmanager
def a_base_without_gradients() -> Iterator[None]:
    bitsandbytes = importlib.import_module("bitsandbytes")
    exact = bitsandbytes.matmul_4bit

    def cut(values: Any, *more: Any, **settings: Any) -> Any:
        return exact(values.detach(), *more, **settings)

    with never_repacked(), patch.object(bitsandbytes, "matmul_4bit", cut):
        yield


@contextmanager
def an_mlx_base_without_gradients() -> Iterator[None]:
    import mlx.core as mx

    exact = mx.quantized_matmul
    with patch.object(mx, "quantized_matmul", lambda values, *a, **more: exact(mx.stop_gradient(values), *a, **more)):
        yield


@contextmanager
def scales_that_drift() -> Iterator[None]:
    import peft
    import torch

    exact, step, models = peft.get_peft_model, torch.optim.AdamW.step, []

    def remembered(*arguments: Any) -> Any:
        models.append(exact(*arguments))
        return models[-1]

    def too_far(optimizer: Any, closure: Any = None) -> None:
        step(optimizer, closure)
        states = (getattr(weight, "quant_state", None) for weight in models[0].parameters())
        next(state for state in states if state is not None).absmax[0] += 1

    remembering, drifting = (
        patch.object(peft, "get_peft_model", remembered),
        patch.object(torch.optim.AdamW, "step", too_far),
    )
    with never_repacked(), remembering, drifting:
        yield


@contextmanager
def weights_in_eight_bits() -> Iterator[None]:
    from mlx import nn

    exact = nn.quantize
    with patch.object(nn, "quantize", lambda model, group, _bits, **more: exact(model, group, 8, **more)):
        yield


@contextmanager
def an_mlx_optimiser_that_does_nothing() -> Iterator[None]:
    from mlx.optimizers import AdamW

    with patch.object(AdamW, "apply_single", lambda _optimizer, _gradient, parameter, _state: parameter):
        yield


@contextmanager
def mlx_scales_that_drift() -> Iterator[None]:
    from mlx.optimizers import AdamW

    exact = AdamW.update

    def too_far(optimizer: Any, model: Any, gradients: Any) -> None:
        exact(optimizer, model, gradients)
        layer = model.layers[0].mlp.up_proj
        if "scales" in layer:
            layer.scales = layer.scales * 1.001

    with patch.object(AdamW, "update", too_far):
        yield
