"""Adapters that are too few, do nothing, move their base, or merge wrongly."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

COUNT = "lora/lora.gpt2_adapters_have_1179648_parameters"
LEARNS = "lora/lora.an_adapter_learns_an_invented_fact"
FROZEN = "lora/lora.training_an_adapter_leaves_the_base_alone"
RELOAD = "lora/lora.an_adapter_survives_a_new_process"
MERGE = "lora/lora.merging_keeps_the_logits"

CASES = [
    ("a_layer_without_adapters", COUNT, "", "trainable_parameters"),
    ("an_optimiser_that_does_nothing", LEARNS, "cpu", "was continued with"),
    ("generation_without_the_adapter", LEARNS, "cpu", "with the adapter"),
    ("an_adapter_that_cannot_be_disabled", LEARNS, "cpu", "without the adapter"),
    ("an_adapter_that_stands_still", FROZEN, "cpu", "the adapter did not move"),
    ("a_base_that_is_thawed", FROZEN, "cpu", "the base would be trained"),
    ("a_base_that_drifts", FROZEN, "cpu", "the base model's weights changed"),
    ("an_adapter_that_is_zeroed_when_saved", RELOAD, "cpu", "logit_gap"),
    ("adapters_that_are_swapped_when_saved", RELOAD, "cpu", "logit_gap"),
    ("an_adapter_without_effect", MERGE, "cpu", "would prove nothing"),
    ("a_merge_at_another_scale", MERGE, "cpu", "logit_gap"),
    ("a_merge_that_leaves_the_adapters", MERGE, "cpu", "adapters are left"),
]


@contextmanager
def a_layer_without_adapters() -> Iterator[None]:
    import peft

    exact = peft.LoraConfig

    def fewer(**settings: Any) -> Any:
        return exact(**{**settings, "target_modules": ["c_attn", "c_proj"]})

    with patch.object(peft, "LoraConfig", fewer):
        yield


@contextmanager
def an_optimiser_that_does_nothing() -> Iterator[None]:
    import torch

    from verify.checks.lora import lora

    with patch.object(torch.optim.AdamW, "step", lambda _: None), patch.object(lora, "STEPS", lora.TAIL):
        yield


an_adapter_that_stands_still = an_optimiser_that_does_nothing


@contextmanager
def generation_without_the_adapter() -> Iterator[None]:
    from peft import PeftModelForCausalLM

    exact = PeftModelForCausalLM.generate

    def unadapted(model: Any, *arguments: Any, **settings: Any) -> Any:
        with model.disable_adapter():
            return exact(model, *arguments, **settings)

    with patch.object(PeftModelForCausalLM, "generate", unadapted):
        yield


@contextmanager
def an_adapter_that_cannot_be_disabled() -> Iterator[None]:
    from contextlib import nullcontext

    from peft import PeftModel

    with patch.object(PeftModel, "disable_adapter", lambda _: nullcontext()):
        yield


@contextmanager
def a_base_that_is_thawed() -> Iterator[None]:
    import peft

    exact = peft.get_peft_model

    def thawed(*arguments: Any) -> Any:
        model = exact(*arguments)
        next(weight for weight in model.parameters() if not weight.requires_grad).requires_grad_()
        return model

    with patch.object(peft, "get_peft_model", thawed):
        yield


@contextmanager
def a_base_that_drifts() -> Iterator[None]:
    import peft
    import torch

    exact, step, models = peft.get_peft_model, torch.optim.AdamW.step, []

    def remembered(*arguments: Any) -> Any:
        models.append(exact(*arguments))
        return models[-1]

    def too_far(optimizer: Any) -> None:
        step(optimizer)
        next(weight for weight in models[-1].parameters() if not weight.requires_grad).data[0, 0] += 1e-3

    with patch.object(peft, "get_peft_model", remembered), patch.object(torch.optim.AdamW, "step", too_far):
        yield


@contextmanager
def an_adapter_that_is_zeroed_when_saved() -> Iterator[None]:
    from peft import PeftModel

    exact = PeftModel.save_pretrained

    def zeroed(model: Any, folder: Any) -> None:
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.data.zero_()
        exact(model, folder)

    with patch.object(PeftModel, "save_pretrained", zeroed):
        yield


@contextmanager
def adapters_that_are_swapped_when_saved() -> Iterator[None]:
    from peft import PeftModel

    exact = PeftModel.save_pretrained

    def swapped(model: Any, folder: Any) -> None:
        first, second = [weight for name, weight in model.named_parameters() if "q_proj.lora_B" in name][:2]
        first.data, second.data = second.data, first.data
        exact(model, folder)

    with patch.object(PeftModel, "save_pretrained", swapped):
        yield


@contextmanager
def an_adapter_without_effect() -> Iterator[None]:
    import torch

    with patch.object(torch, "randn", lambda shape, **_: torch.zeros(shape)):
        yield


@contextmanager
def a_merge_at_another_scale() -> Iterator[None]:
    from peft.tuners.lora import Linear

    exact = Linear.get_delta_weight
    with patch.object(Linear, "get_delta_weight", lambda layer, adapter: exact(layer, adapter) * 1.1):
        yield


@contextmanager
def a_merge_that_leaves_the_adapters() -> Iterator[None]:
    from peft.tuners.lora import LoraModel

    with patch.object(LoraModel, "merge_and_unload", lambda tuner, *_, **__: tuner.model):
        yield
