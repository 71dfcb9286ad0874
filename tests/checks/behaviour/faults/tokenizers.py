"""Tokenizers that read, write, save or lay out otherwise than they did."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.checks.replaced import replaced

IDS = "behaviour/tokenizers.the_same_text_gives_the_same_ids"
SAVED = "behaviour/tokenizers.a_tokenizer_that_was_saved_reads_as_before"
CHATS = "behaviour/tokenizers.chats_are_written_out_the_same"

CASES = [
    ("a_tokenizer_that_drops_a_space", IDS, "", "read, gpt2, ids, code"),
    ("a_tokenizer_that_gives_nothing", IDS, "", "gpt2 gives no ids for a text"),
    ("spaces_that_are_cleaned_up", IDS, "", "read, gpt2, decoded, whitespace"),
    ("padding_on_the_left", IDS, "", "read, gpt2, padded, short"),
    ("a_saved_token_that_is_cut_up", SAVED, "", "gpt2 cuts the added token up"),
    ("a_saved_vocabulary_of_another_size", SAVED, "", "gpt2, saved and loaded, entries: 50259, not 50258"),
    ("saved_files_that_cannot_be_read", SAVED, "", "gpt2-saved cannot be read here: TypeError: unknown format"),
    ("a_token_that_is_not_taken", SAVED, "", "gpt2 took 0 new tokens"),
    ("chats_without_their_last_line_break", CHATS, "", "chat, text, answer"),
    ("chats_that_lose_what_was_said", CHATS, "", "is not in the chat"),
    ("ids_that_are_handed_over_otherwise", CHATS, "", "chat, handed over as: a list of ids, not a mapping"),
]


@contextmanager
def changed(name: str, change: Any) -> Iterator[None]:
    from transformers import PreTrainedTokenizerBase

    with replaced(PreTrainedTokenizerBase, name, change):
        yield


def asked_of(change: Any) -> Any:
    """A call of a tokenizer with other text, one or many."""

    def call(exact: Any, tokenizer: Any, text: Any, **settings: Any) -> Any:
        other = change(tokenizer, text) if isinstance(text, str) else [change(tokenizer, each) for each in text]
        return exact(tokenizer, other, **settings)

    return call


@contextmanager
def a_tokenizer_that_drops_a_space() -> Iterator[None]:
    with changed("__call__", asked_of(lambda _, text: text.replace("  ", " "))):
        yield


@contextmanager
def a_tokenizer_that_gives_nothing() -> Iterator[None]:
    with changed("__call__", asked_of(lambda *_: "")):
        yield


@contextmanager
def spaces_that_are_cleaned_up() -> Iterator[None]:
    def cleaned(exact: Any, *inputs: Any, **settings: Any) -> Any:
        return exact(*inputs, **settings).replace(" .", ".")

    with changed("decode", cleaned):
        yield


@contextmanager
def padding_on_the_left() -> Iterator[None]:
    def left(exact: Any, tokenizer: Any, *inputs: Any, **settings: Any) -> Any:
        tokenizer.padding_side = "left"
        return exact(tokenizer, *inputs, **settings)

    with changed("__call__", left):
        yield


@contextmanager
def a_saved_token_that_is_cut_up() -> Iterator[None]:
    def cut(tokenizer: Any, text: str) -> str:
        return text.replace("<|v", "<| v") if "saved" in tokenizer.name_or_path else text

    with changed("__call__", asked_of(cut)):
        yield


@contextmanager
def opened(change: Any) -> Iterator[None]:
    """Tokenizers that were saved are opened otherwise."""
    from transformers import AutoTokenizer

    def read(exact: Any, folder: Any, **settings: Any) -> Any:
        tokenizer = exact(folder, **settings)
        if "saved" in folder.name:
            change(tokenizer)
        return tokenizer

    with replaced(AutoTokenizer, "from_pretrained", read):
        yield


@contextmanager
def a_saved_vocabulary_of_another_size() -> Iterator[None]:
    with opened(lambda tokenizer: tokenizer.add_tokens(["<|unasked|>"])):
        yield


@contextmanager
def saved_files_that_cannot_be_read() -> Iterator[None]:
    def refuse(_: Any) -> None:
        raise TypeError("unknown format")

    with opened(refuse):
        yield


@contextmanager
def a_token_that_is_not_taken() -> Iterator[None]:
    with changed("add_special_tokens", lambda *_: 0):
        yield


@contextmanager
def chats_without_their_last_line_break() -> Iterator[None]:
    def stripped(exact: Any, *inputs: Any, **settings: Any) -> Any:
        written = exact(*inputs, **settings)
        return written.rstrip("\n") if settings.get("add_generation_prompt") and isinstance(written, str) else written

    with changed("apply_chat_template", stripped):
        yield


@contextmanager
def chats_that_lose_what_was_said() -> Iterator[None]:
    def lost(exact: Any, tokenizer: Any, messages: Any, **settings: Any) -> Any:
        return exact(tokenizer, messages[:1], **settings)

    with changed("apply_chat_template", lost):
        yield


@contextmanager
def ids_that_are_handed_over_otherwise() -> Iterator[None]:
    def listed(exact: Any, *inputs: Any, **settings: Any) -> Any:
        written = exact(*inputs, **settings)
        return written if isinstance(written, str) else written["input_ids"]

    with changed("apply_chat_template", listed):
        yield
