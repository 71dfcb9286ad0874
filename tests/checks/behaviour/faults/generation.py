"""A model that writes otherwise than it did."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.checks.replaced import replaced

GREEDY = "behaviour/generation.greedy_generation_writes_the_same"
SAMPLED = "behaviour/generation.sampled_generation_draws_the_same"

CASES = [
    ("a_cache_that_misleads", GREEDY, "cpu", "cached 0: "),
    ("an_end_that_comes_early", GREEDY, "cpu", "cached 0: ' Paris"),
    ("text_that_is_decoded_otherwise", GREEDY, "cpu", "cached 0: the ids are decoded to"),
    ("text_that_is_empty", GREEDY, "cpu", "cached 0: nothing was written"),
    ("tokens_that_are_as_likely_as_each_other", GREEDY, "cpu", "smallest_lead is"),
    ("another_temperature", SAMPLED, "cpu", "sampled"),
    ("sampling_that_ignores_the_seed", SAMPLED, "cpu", "one seed drew two continuations"),
    ("sampling_that_does_not_sample", SAMPLED, "cpu", "two seeds drew one continuation"),
]


@contextmanager
def logits_of(change: Any) -> Iterator[None]:
    """Logits that are changed, depending on how many tokens were read."""
    from transformers import LlamaForCausalLM

    def other(exact: Any, *inputs: Any, **settings: Any) -> Any:
        answer = exact(*inputs, **settings)
        answer.logits = change(answer.logits, settings["input_ids"].shape[1])
        return answer

    with replaced(LlamaForCausalLM, "forward", other):
        yield


@contextmanager
def generate(change: Any) -> Iterator[None]:
    """Generation with other settings than were asked for."""
    from transformers import LlamaForCausalLM

    def other(exact: Any, *inputs: Any, **settings: Any) -> Any:
        return exact(*inputs, **change(settings))

    with replaced(LlamaForCausalLM, "generate", other):
        yield


@contextmanager
def decoded(change: Any) -> Iterator[None]:
    """Text that is written otherwise."""
    from transformers import PreTrainedTokenizerBase

    def other(exact: Any, *inputs: Any, **settings: Any) -> Any:
        return change(exact(*inputs, **settings))

    with replaced(PreTrainedTokenizerBase, "decode", other):
        yield


@contextmanager
def a_cache_that_misleads() -> Iterator[None]:
    with logits_of(lambda logits, read: logits.roll(1, -1) if read == 1 else logits):
        yield


@contextmanager
def an_end_that_comes_early() -> Iterator[None]:
    with generate(lambda settings: {**settings, "max_new_tokens": settings["max_new_tokens"] - 1}):
        yield


@contextmanager
def text_that_is_decoded_otherwise() -> Iterator[None]:
    with decoded(str.strip):
        yield


@contextmanager
def text_that_is_empty() -> Iterator[None]:
    with decoded(lambda _: ""):
        yield


@contextmanager
def tokens_that_are_as_likely_as_each_other() -> Iterator[None]:
    def tied(logits: Any, _: int) -> Any:
        best = logits.topk(2)
        return logits.scatter(-1, best.indices[..., 1:], best.values[..., :1] - 1e-4)

    with logits_of(tied):
        yield


@contextmanager
def another_temperature() -> Iterator[None]:
    with generate(lambda settings: {**settings, "temperature": 2.0}):
        yield


@contextmanager
def sampling_that_ignores_the_seed() -> Iterator[None]:
    import transformers

    with replaced(transformers, "set_seed", lambda _exact, _seed: None):
        yield


@contextmanager
def sampling_that_does_not_sample() -> Iterator[None]:
    with generate(lambda settings: {**settings, "do_sample": False}):
        yield
