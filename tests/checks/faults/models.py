"""Models that load, speak or spell wrongly."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

COUNT = "functional/transformers.gpt2_has_124439808_parameters"
SAVING = "functional/transformers.saving_and_loading_keeps_the_logits"
LOGITS = "functional/transformers.logits_agree_with_float64"
FRANCE = "functional/transformers.the_pretrained_model_knows_the_capital_of_france"
CACHE = "functional/transformers.generation_is_the_same_without_the_cache"
PROSE = "functional/transformers.pretrained_weights_predict_prose"
GOLDEN = "functional/tokenizers.gpt2_gives_the_golden_ids"
GPT2_TEXT = "functional/tokenizers.gpt2_text_survives_a_round_trip"
SMOLLM2_GOLDEN = "functional/tokenizers.smollm2_gives_the_golden_ids"
SMOLLM2_TEXT = "functional/tokenizers.smollm2_text_survives_a_round_trip"

CASES = [
    ("a_gpt2_of_eleven_layers", COUNT, "", "parameters"),
    ("weights_that_are_rounded_when_saved", SAVING, "cpu", "differing_logits"),
    ("layers_that_compute_in_bfloat16", LOGITS, "cpu", "error_in_eps"),
    ("weights_that_were_not_loaded", FRANCE, "cpu", "was continued with"),
    ("a_cache_that_mixes_up_its_keys", CACHE, "cpu", "without the cache"),
    ("a_cache_that_is_never_used", CACHE, "cpu", "with the cache the model read [5, 6,"),
    ("a_cache_that_cannot_be_left_out", CACHE, "cpu", "without the cache the model read [5, 1,"),
    ("attention_that_sees_no_order", PROSE, "cpu", "times_worse_shuffled"),
    ("weights_of_no_model", PROSE, "cpu", "perplexity"),
    ("an_empty_tokenizer", GOLDEN, "", "became []"),
    ("merges_in_another_order", GOLDEN, "", "not [15496"),
    ("merges_lost_beyond_ascii", GOLDEN, "", "'大型语言模型' became"),
    ("merges_lost_beyond_ascii_again", SMOLLM2_GOLDEN, "", "'大型语言模型' became"),
    ("an_empty_tokenizer_again", GPT2_TEXT, "", "from 0 ids"),
    ("a_tokenizer_that_lowers_case", GPT2_TEXT, "", "came back as"),
    ("a_decoder_that_drops_what_is_not_ascii", SMOLLM2_TEXT, "", "came back as"),
]


@contextmanager
def a_gpt2_of_eleven_layers() -> Iterator[None]:
    import transformers

    exact = transformers.GPT2Config
    with patch.object(transformers, "GPT2Config", lambda: exact(n_layer=11)):
        yield


@contextmanager
def weights_that_are_rounded_when_saved() -> Iterator[None]:
    import transformers

    exact = transformers.GPT2LMHeadModel.save_pretrained

    def rounded(model: Any, folder: Any) -> None:
        exact(model.bfloat16().float(), folder)

    with patch.object(transformers.GPT2LMHeadModel, "save_pretrained", rounded):
        yield


@contextmanager
def layers_that_compute_in_bfloat16() -> Iterator[None]:
    import torch
    from torch.nn import functional

    exact = functional.linear

    def short(values: Any, weight: Any, bias: Any = None) -> Any:
        if values.dtype == torch.float64:
            return exact(values, weight, bias)
        return exact(values.bfloat16(), weight.bfloat16(), bias).float()

    with patch.object(functional, "linear", short):
        yield


@contextmanager
def weights_that_were_not_loaded() -> Iterator[None]:
    import transformers

    def unlearnt(folder: Any, **_: Any) -> Any:
        return transformers.AutoModelForCausalLM.from_config(transformers.AutoConfig.from_pretrained(folder)).float()

    with patch.object(transformers.AutoModelForCausalLM, "from_pretrained", unlearnt):
        yield


weights_of_no_model = weights_that_were_not_loaded


@contextmanager
def a_cache_that_mixes_up_its_keys() -> Iterator[None]:
    from transformers.cache_utils import DynamicCache

    exact = DynamicCache.update

    def mixed(*arguments: Any, **settings: Any) -> Any:
        keys, values = exact(*arguments, **settings)
        return keys.flip(2), values

    with patch.object(DynamicCache, "update", mixed):
        yield


@contextmanager
def a_cache_that_is_never_used() -> Iterator[None]:
    with generation(use_cache=False):
        yield


@contextmanager
def a_cache_that_cannot_be_left_out() -> Iterator[None]:
    with generation(use_cache=True):
        yield


@contextmanager
def attention_that_sees_no_order() -> Iterator[None]:
    from transformers import LlamaForCausalLM

    exact = LlamaForCausalLM.forward

    def sorted_first(model: Any, input_ids: Any = None, labels: Any = None, **settings: Any) -> Any:
        ordered = input_ids.sort().values
        return exact(model, input_ids=ordered, labels=ordered, **settings)

    with patch.object(LlamaForCausalLM, "forward", sorted_first):
        yield


@contextmanager
def an_empty_tokenizer() -> Iterator[None]:
    import transformers

    exact = transformers.GPT2Tokenizer
    with patch.object(transformers, "GPT2Tokenizer", lambda vocab, merges: exact(vocab_file=vocab, merges_file=merges)):
        yield


an_empty_tokenizer_again = an_empty_tokenizer


@contextmanager
def merges_in_another_order() -> Iterator[None]:
    import tempfile
    from pathlib import Path

    import transformers

    exact = transformers.GPT2Tokenizer

    def reversed_merges(vocab: str, merges: str) -> Any:
        first, *lines = Path(merges).read_text(encoding="utf-8").splitlines()
        with tempfile.NamedTemporaryFile("w", suffix=".bpe", encoding="utf-8") as other:
            other.write("\n".join([first, *reversed(lines)]) + "\n")
            other.flush()
            return exact(vocab=vocab, merges=other.name)

    with patch.object(transformers, "GPT2Tokenizer", reversed_merges):
        yield


@contextmanager
def merges_lost_beyond_ascii() -> Iterator[None]:
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import PreTrainedTokenizerBase

    exact = PreTrainedTokenizerBase.__call__

    def byte_by_byte(tokenizer: Any, text: str, **settings: Any) -> Any:
        given = exact(tokenizer, text, **settings)
        if not text.isascii():
            ((letters, _),) = ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str(text)
            given["input_ids"] = tokenizer.convert_tokens_to_ids([*letters])
        return given

    with patch.object(PreTrainedTokenizerBase, "__call__", byte_by_byte):
        yield


merges_lost_beyond_ascii_again = merges_lost_beyond_ascii


@contextmanager
def a_tokenizer_that_lowers_case() -> Iterator[None]:
    import transformers
    from tokenizers import normalizers

    exact = transformers.GPT2Tokenizer

    def lowering(vocab: str, merges: str) -> Any:
        tokenizer = exact(vocab=vocab, merges=merges)
        tokenizer.backend_tokenizer.normalizer = normalizers.Lowercase()
        return tokenizer

    with patch.object(transformers, "GPT2Tokenizer", lowering):
        yield


@contextmanager
def a_decoder_that_drops_what_is_not_ascii() -> Iterator[None]:
    from transformers import PreTrainedTokenizerBase

    exact = PreTrainedTokenizerBase.decode

    def narrow(*arguments: Any, **settings: Any) -> str:
        return str(exact(*arguments, **settings)).encode("ascii", "ignore").decode()

    with patch.object(PreTrainedTokenizerBase, "decode", narrow):
        yield


@contextmanager
def generation(**otherwise: bool) -> Iterator[None]:
    """Generation with other settings than were asked for."""
    from transformers import GenerationMixin

    exact = GenerationMixin.generate

    def other(*inputs: Any, **settings: Any) -> Any:
        return exact(*inputs, **{**settings, **otherwise})

    with patch.object(GenerationMixin, "generate", other):
        yield
