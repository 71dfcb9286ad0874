"""Adapters that are something else after they were loaded."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.checks.replaced import replaced

SAVED = "behaviour/adapters.adapters_that_were_saved_mean_the_same"

CASES = [
    ("a_scale_that_is_lost_on_loading", SAVED, "cpu", "logit_gap"),
    ("weights_that_are_lost_on_loading", SAVED, "cpu", "differing_likeliest_tokens"),
    ("a_merge_that_leaves_the_adapter_out", SAVED, "cpu", "logit_gap"),
    ("a_field_that_is_not_known", SAVED, "cpu", "the adapter dora cannot be read here: TypeError: use_dora"),
    ("adapters_that_add_nothing", SAVED, "cpu", "the adapter lora changes the logits by 0 only"),
]


@contextmanager
def loaded(change: Any) -> Iterator[None]:
    """Adapters that are otherwise after loading."""
    from peft import PeftModel

    def other(exact: Any, base: Any, folder: Any) -> Any:
        model = exact(base, folder)
        change(model, folder.name)
        return model

    with replaced(PeftModel, "from_pretrained", other):
        yield


@contextmanager
def a_scale_that_is_lost_on_loading() -> Iterator[None]:
    from peft.tuners.lora import LoraLayer

    def forget(model: Any, name: str) -> None:
        for layer in model.modules():
            if name == "rslora" and isinstance(layer, LoraLayer):
                layer.scaling = {"default": 2.0}

    with loaded(forget):
        yield


@contextmanager
def weights_that_are_lost_on_loading() -> Iterator[None]:
    def forget(model: Any, _: str) -> None:
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.data.zero_()

    with loaded(forget):
        yield


@contextmanager
def a_merge_that_leaves_the_adapter_out() -> Iterator[None]:
    from peft.tuners.lora import LoraModel

    with replaced(LoraModel, "merge_and_unload", lambda _exact, model: model.unload()):
        yield


@contextmanager
def a_field_that_is_not_known() -> Iterator[None]:
    def refuse(_: Any, name: str) -> None:
        if name == "dora":
            raise TypeError("use_dora is not known")

    with loaded(refuse):
        yield


@contextmanager
def adapters_that_add_nothing() -> Iterator[None]:
    import torch

    with replaced(torch, "randn", lambda exact, *inputs, **settings: 0 * exact(*inputs, **settings)):
        yield
