"""Engines that read a checkpoint wrongly, or save it so that the other one does."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

AGREE = "functional/parity.the_engines_agree_on_logits"
SAVED = "functional/parity.a_checkpoint_that_transformers_saved_means_the_same_to_mlx"

CASES = [
    ("a_rope_base_a_hundredth_too_large", AGREE, "mlx", "error_of_mlx_in_eps"),
    ("weights_that_are_swapped", AGREE, "mlx", "error_of_mlx_in_eps"),
    ("a_tied_embedding_that_is_lost", AGREE, "mlx", "error_of_mlx_in_eps"),
    ("a_cache_that_forgets_how_long_it_is", AGREE, "mlx", "error_of_mlx_cached_in_eps"),
    ("weights_that_torch_rounds_to_float16", AGREE, "mlx", "error_of_torch_in_eps"),
    ("a_rope_base_that_is_not_read", SAVED, "mlx", "error_of_mlx_in_eps"),
    ("weights_that_are_rounded_when_saved", SAVED, "mlx", "error_of_unsaved_in_eps"),
    ("a_head_that_is_taken_for_the_embedding", SAVED, "mlx", "error_of_mlx_in_eps"),
]


@contextmanager
def a_rope_base_a_hundredth_too_large() -> Iterator[None]:
    from mlx_lm.models import qwen2

    exact = qwen2.initialize_rope
    with patch.object(qwen2, "initialize_rope", lambda size, base, **more: exact(size, base=base * 1.01, **more)):
        yield


@contextmanager
def weights_that_are_swapped() -> Iterator[None]:
    import mlx.core as mx

    exact = mx.load
    others = {"gate_proj": "up_proj", "up_proj": "gate_proj"}

    def swapped(path: str) -> dict[str, Any]:
        weights = exact(path)
        return {
            name: weights[".".join(others.get(part, part) for part in name.split("."))] if "layers.1." in name else one
            for name, one in weights.items()
        }

    with patch.object(mx, "load", swapped):
        yield


@contextmanager
def a_tied_embedding_that_is_lost() -> Iterator[None]:
    import mlx.core as mx
    from mlx.nn import Embedding

    exact = Embedding.as_linear
    with patch.object(Embedding, "as_linear", lambda layer, values: exact(type(layer)(*layer.weight.shape), values)):
        mx.random.seed(0)
        yield


@contextmanager
def a_cache_that_forgets_how_long_it_is() -> Iterator[None]:
    from mlx_lm.models import llama

    exact = llama.initialize_rope

    def forgetful(*arguments: Any) -> Any:
        rope = exact(*arguments)
        return lambda values, **_: rope(values)

    with patch.object(llama, "initialize_rope", forgetful):
        yield


@contextmanager
def weights_that_torch_rounds_to_float16() -> Iterator[None]:
    from transformers import AutoModelForCausalLM

    exact = AutoModelForCausalLM.from_pretrained
    with patch.object(AutoModelForCausalLM, "from_pretrained", lambda *a, **more: exact(*a, **more).half().float()):
        yield


@contextmanager
def mlx_reading(**config: Any) -> Iterator[None]:
    """MLX with the rope base read from where transformers 5 writes it, and with these settings instead of the file's.

    Reading it is no fault, it is what mlx-lm does for Qwen3 and not for Qwen2 and Llama. Without, the check fails
    for that alone, whatever else were wrong.
    """
    from mlx_lm.models.base import BaseModelArgs

    exact = BaseModelArgs.from_dict.__func__

    def read(kind: type[Any], told: dict[str, Any]) -> Any:
        return exact(kind, {**told, "rope_theta": told["rope_parameters"]["rope_theta"], **config})

    with patch.object(BaseModelArgs, "from_dict", classmethod(read)):
        yield


@contextmanager
def a_rope_base_that_is_not_read() -> Iterator[None]:
    with mlx_reading(rope_theta=10_000.0):
        yield


@contextmanager
def weights_that_are_rounded_when_saved() -> Iterator[None]:
    from transformers import PreTrainedModel

    exact = PreTrainedModel.save_pretrained

    def rounded(model: Any, folder: Any) -> None:
        copy = type(model)(model.config)
        copy.load_state_dict(model.state_dict())
        exact(copy.half().float(), folder)

    with mlx_reading(), patch.object(PreTrainedModel, "save_pretrained", rounded):
        yield


@contextmanager
def a_head_that_is_taken_for_the_embedding() -> Iterator[None]:
    with mlx_reading(tie_word_embeddings=True):
        yield
