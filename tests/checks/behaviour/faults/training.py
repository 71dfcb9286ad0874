"""Trainings that go another way, or tell otherwise of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from tests.checks.replaced import replaced

LOOP = "behaviour/training.a_bare_loop_trains_the_same_model"
TRAINER = "behaviour/training.the_trainer_trains_the_same_model"
ADAPTERS = "behaviour/training.adapters_are_trained_the_same"

CASES = [
    ("weights_that_decay_more", LOOP, "cpu", "weight_gap_to_the_way"),
    ("a_step_that_is_a_thousandth_longer", LOOP, "cpu", "largest_loss_gap"),
    ("a_loss_over_more_tokens", LOOP, "cpu", "largest_loss_gap"),
    ("an_optimiser_that_does_nothing", LOOP, "cpu", "nat only"),
    ("gradients_that_are_not_clipped", TRAINER, "cpu", "largest_loss_gap"),
    ("a_schedule_that_stays", TRAINER, "cpu", "weight_gap_to_the_way"),
    ("data_in_another_order", TRAINER, "cpu", "largest_loss_gap"),
    ("a_step_that_is_left_out", TRAINER, "cpu", "19 steps were taken, not 20"),
    ("a_scale_that_is_lost", ADAPTERS, "cpu", "largest_loss_gap"),
    ("an_adapter_that_stays_frozen", ADAPTERS, "cpu", "others were trained: ['base_model.model"),
    ("an_adapter_that_cannot_be_read", ADAPTERS, "cpu", "an adapter cannot be read here: TypeError: corda_config"),
]


@contextmanager
def adamw(**settings: Any) -> Iterator[None]:
    """Torch's AdamW with other defaults; what is said is multiplied by them."""
    import torch

    def other(exact: Any, weights: Any, lr: float) -> Any:
        return exact(weights, lr * settings.get("longer", 1.0), weight_decay=settings.get("weight_decay", 0.01))

    with replaced(torch.optim, "AdamW", other):
        yield


@contextmanager
def weights_that_decay_more() -> Iterator[None]:
    with adamw(weight_decay=0.02):
        yield


@contextmanager
def a_step_that_is_a_thousandth_longer() -> Iterator[None]:
    with adamw(longer=1.001):
        yield


@contextmanager
def a_loss_over_more_tokens() -> Iterator[None]:
    """As transformers 4.57 had it under its Trainer: each row's first token is counted, and not predicted."""
    from transformers import LlamaForCausalLM

    def smaller(exact: Any, *inputs: Any, **settings: Any) -> Any:
        answer = exact(*inputs, **settings)
        answer.loss = answer.loss * 15 / 16
        return answer

    with replaced(LlamaForCausalLM, "forward", smaller):
        yield


@contextmanager
def an_optimiser_that_does_nothing() -> Iterator[None]:
    import torch

    with patch.object(torch.optim.AdamW, "step", lambda _, closure=None: None):  # noqa: ARG005
        yield


@contextmanager
def arguments(**settings: Any) -> Iterator[None]:
    """The Trainer's arguments with other defaults."""
    import transformers

    def other(exact: Any, **said: Any) -> Any:
        return exact(**{**said, **settings})

    with replaced(transformers, "TrainingArguments", other):
        yield


@contextmanager
def gradients_that_are_not_clipped() -> Iterator[None]:
    with arguments(max_grad_norm=0.0):
        yield


@contextmanager
def a_schedule_that_stays() -> Iterator[None]:
    with arguments(lr_scheduler_type="constant"):
        yield


@contextmanager
def data_in_another_order() -> Iterator[None]:
    with arguments(data_seed=1):
        yield


@contextmanager
def a_step_that_is_left_out() -> Iterator[None]:
    with arguments(max_steps=19):
        yield


@contextmanager
def loaded(change: Any) -> Iterator[None]:
    """Adapters that are otherwise after loading."""
    from peft import PeftModel

    def other(exact: Any, *inputs: Any, **settings: Any) -> Any:
        model = exact(*inputs, **settings)
        change(model)
        return model

    with replaced(PeftModel, "from_pretrained", other):
        yield


@contextmanager
def a_scale_that_is_lost() -> Iterator[None]:
    from peft.tuners.lora import LoraLayer

    def forget(model: Any) -> None:
        for layer in model.modules():
            if isinstance(layer, LoraLayer):
                layer.scaling = {"default": 1.0}

    with loaded(forget):
        yield


@contextmanager
def an_adapter_that_stays_frozen() -> Iterator[None]:
    def freeze(model: Any) -> None:
        for name, weight in model.named_parameters():
            if "v_proj" in name:
                weight.requires_grad = False

    with loaded(freeze):
        yield


@contextmanager
def an_adapter_that_cannot_be_read() -> Iterator[None]:
    def refuse(_: Any) -> None:
        raise TypeError("corda_config is not known")

    with loaded(refuse):
        yield
