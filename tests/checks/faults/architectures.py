"""Architectures that start, learn or understand wrongly."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

STARTS = "functional/models.a_fresh_model_starts_at_chance"
GRADIENT = "functional/models.every_parameter_gets_its_gradient"
PARAPHRASE = "functional/models.the_encoder_tells_a_paraphrase_from_another_sentence"

CASES = [
    ("weights_that_start_too_large", STARTS, "cpu", "bert_loss_from_chance"),
    ("a_head_that_is_not_scaled", STARTS, "cpu", "t5_loss_from_chance"),
    ("a_loss_that_is_summed", STARTS, "cpu", "bert_loss_from_chance"),
    ("labels_that_are_smoothed", STARTS, "cpu", "error_in_eps"),
    ("labels_that_are_shifted_twice", STARTS, "cpu", "error_in_eps"),
    ("labels_that_are_not_shifted", STARTS, "cpu", "error_in_eps"),
    ("a_decoder_that_sees_its_labels", STARTS, "cpu", "error_in_eps"),
    ("a_block_without_gradient", GRADIENT, "cpu", "gpt2: no gradient reached transformer.wpe"),
    ("embeddings_that_are_frozen_at_zero", GRADIENT, "cpu", "has gradient 0"),
    ("gradients_a_thousandth_too_large", GRADIENT, "cpu", "error_in_eps"),
    ("weights_that_were_not_loaded", PARAPHRASE, "cpu", "margin"),
    ("a_mask_that_is_ignored", PARAPHRASE, "cpu", "error_in_eps"),
]


@contextmanager
def weights_that_start_too_large() -> Iterator[None]:
    import transformers

    exact = transformers.BertConfig
    with patch.object(transformers, "BertConfig", lambda **shape: exact(**shape, initializer_range=0.5)):
        yield


@contextmanager
def a_head_that_is_not_scaled() -> Iterator[None]:
    from transformers import T5Config

    exact = T5Config.__post_init__

    def unscaled(config: Any, **settings: Any) -> None:
        exact(config, **settings)
        config.scale_decoder_outputs = False

    with patch.object(T5Config, "__post_init__", unscaled):
        yield


@contextmanager
def a_loss_that_is_summed() -> Iterator[None]:
    with cross_entropy(reduction="sum"):
        yield


@contextmanager
def labels_that_are_smoothed() -> Iterator[None]:
    with cross_entropy(label_smoothing=0.1):
        yield


@contextmanager
def labels_that_are_shifted_twice() -> Iterator[None]:
    with causal_loss(lambda labels: {"labels": labels.roll(-1, dims=1)}):
        yield


@contextmanager
def labels_that_are_not_shifted() -> Iterator[None]:
    with causal_loss(lambda labels: {"labels": labels, "shift_labels": labels}):
        yield


@contextmanager
def a_decoder_that_sees_its_labels() -> Iterator[None]:
    from transformers.models.t5.modeling_t5 import T5PreTrainedModel

    with patch.object(T5PreTrainedModel, "_shift_right", lambda _, labels: labels.clamp(min=0)):
        yield


@contextmanager
def a_block_without_gradient() -> Iterator[None]:
    from transformers.models.gpt2.modeling_gpt2 import GPT2Block

    exact = GPT2Block.forward

    def cut(block: Any, hidden: Any, *others: Any, **settings: Any) -> Any:
        return exact(block, hidden.detach(), *others, **settings)

    with patch.object(GPT2Block, "forward", cut):
        yield


@contextmanager
def embeddings_that_are_frozen_at_zero() -> Iterator[None]:
    with embeddings(lambda vectors: vectors * 0):
        yield


@contextmanager
def gradients_a_thousandth_too_large() -> Iterator[None]:
    def steeper(vectors: Any) -> Any:
        if vectors.requires_grad:
            vectors.register_hook(lambda gradient: gradient * 1.001)
        return vectors

    with embeddings(steeper):
        yield


@contextmanager
def weights_that_were_not_loaded() -> Iterator[None]:
    import transformers

    def unlearnt(folder: Any, **_: Any) -> Any:
        return transformers.AutoModel.from_config(transformers.AutoConfig.from_pretrained(folder)).float()

    with patch.object(transformers.AutoModel, "from_pretrained", unlearnt):
        yield


@contextmanager
def a_mask_that_is_ignored() -> Iterator[None]:
    from transformers import BertModel

    exact = BertModel.forward

    def unmasked(model: Any, attention_mask: Any = None, **inputs: Any) -> Any:
        return exact(model, attention_mask=None, **inputs)

    with patch.object(BertModel, "forward", unmasked):
        yield


@contextmanager
def cross_entropy(**settings: Any) -> Iterator[None]:
    from torch.nn import functional

    exact = functional.cross_entropy

    def other(logits: Any, labels: Any, **usual: Any) -> Any:
        return exact(logits, labels, **{**usual, **settings})

    with patch.object(functional, "cross_entropy", other):
        yield


@contextmanager
def causal_loss(spoilt: Any) -> Iterator[None]:
    from transformers.loss.loss_utils import LOSS_MAPPING

    exact = LOSS_MAPPING["ForCausalLM"]

    def other(logits: Any, labels: Any, vocab_size: int, **_: Any) -> Any:
        return exact(logits, vocab_size=vocab_size, **spoilt(labels))

    with patch.dict(LOSS_MAPPING, {"ForCausalLM": other}):
        yield


@contextmanager
def embeddings(spoilt: Any) -> Iterator[None]:
    """Only in float32, so that the oracle stays what it is."""
    import torch
    from torch.nn import functional

    exact = functional.embedding

    def other(*arguments: Any, **settings: Any) -> Any:
        vectors = exact(*arguments, **settings)
        return spoilt(vectors) if vectors.dtype == torch.float32 else vectors

    with patch.object(functional, "embedding", other):
        yield
