import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.checks.finetune.examples import Example, examples_in, read_data
from verify.checks.finetune.recipe import Unusable

CHAT = {"messages": [{"role": "user", "content": "Where?"}, {"role": "assistant", "content": "Here."}]}


def written(path: Path, *rows: Any) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def test_chat_prompt_and_completion_and_text_are_read(tmp_path: Path) -> None:
    pair = {"prompt": "Where?", "completion": "Here."}
    conversational = {"prompt": CHAT["messages"][:1], "completion": CHAT["messages"][1:]}
    rows = [json.dumps(row) for row in (CHAT, pair, conversational, {"text": "It is here."})]
    chat, completion, both, text = examples_in([rows[0], "", *rows[1:]], "train.jsonl")
    assert chat == completion == both == Example(tuple(CHAT["messages"]), prompt=1)
    assert text == Example(text="It is here.")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "line 2 is no JSON"),
        ("[" * 100_000, "line 2 is no JSON"),
        ("3", "line 2 is none of"),
        ('{"text": ""}', "line 2 is none of .* or empty"),
        ('{"prompt": "a"}', "line 2 is none of"),
        ('{"prompt": "a", "completion": " "}', "line 2 is none of"),
        ('{"messages": []}', "line 2 does not end with a message of the assistant"),
        ('{"messages": [{"role": "user", "content": "a"}]}', "line 2 does not end with a message of the assistant"),
        ('{"messages": [{"role": "boss", "content": "a"}]}', "line 2, message 1 has no content or no role of"),
        ('{"messages": [{"role": "user"}]}', "line 2, message 1 has no content or no role of"),
        ('{"messages": ["hello"]}', "line 2, message 1"),
    ],
)
def test_a_bad_line_is_named_by_its_number(line: str, words: str) -> None:
    with pytest.raises(Unusable, match=f"train.jsonl, {words}"):
        list(examples_in(['{"text": "fine"}', line], "train.jsonl"))


def test_a_long_line_is_shown_in_part() -> None:
    with pytest.raises(Unusable) as refused:
        list(examples_in([json.dumps({"txt": "x" * 10_000})], "train.jsonl"))
    assert len(str(refused.value)) < 300


def test_some_examples_are_held_out_by_the_seed_and_none_is_lost(tmp_path: Path) -> None:
    data = written(tmp_path / "all.jsonl", *({"text": f"number {n}"} for n in range(50)))
    first, again, other = (read_data(data, None, seed) for seed in (1, 1, 2))
    assert first == again
    assert first.held_out != other.held_out
    assert len(first.held_out) == 5
    assert {*first.training, *first.held_out} == {Example(text=f"number {n}") for n in range(50)}
    assert not {*first.training} & {*first.held_out}
    assert first.split == "5 drawn by seed 1"


def test_a_validation_file_keeps_all_of_the_data_for_training(tmp_path: Path) -> None:
    data = written(tmp_path / "train.jsonl", *({"text": f"number {n}"} for n in range(20)))
    valid = written(tmp_path / "held.jsonl", CHAT)
    read = read_data(data, valid, 0)
    assert (len(read.training), len(read.held_out), read.split) == (20, 1, "a file of its own")


def test_a_folder_is_read_as_mlx_lm_reads_it(tmp_path: Path) -> None:
    written(tmp_path / "train.jsonl", CHAT, CHAT)
    assert len(read_data(tmp_path, None, 0).held_out) == 1
    written(tmp_path / "valid.jsonl", {"text": "held"})
    read = read_data(tmp_path, None, 0)
    assert (len(read.training), read.held_out, read.split) == (2, (Example(text="held"),), "the folder's own")


def test_the_digest_follows_the_examples_and_not_the_file(tmp_path: Path) -> None:
    one = read_data(written(tmp_path / "a.jsonl", CHAT, {"text": "x"}), None, 0)
    same = read_data(written(tmp_path / "b.jsonl", CHAT, {"text": "x", "id": 7}), None, 0)
    other = read_data(written(tmp_path / "c.jsonl", CHAT, {"text": "y"}), None, 0)
    assert one.digest == same.digest != other.digest


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "holds no example"), (b"\xff\xfe{", "is not UTF-8 at byte 0"), (b'{"text": "alone"}', "one example only")],
)
def test_a_file_without_enough_to_read_says_so(tmp_path: Path, content: bytes, words: str) -> None:
    data = tmp_path / "train.jsonl"
    data.write_bytes(content)
    with pytest.raises(Unusable, match=words):
        read_data(data, None, 0)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match=r"nowhere.jsonl does not exist"):
        read_data(tmp_path / "nowhere.jsonl", None, 0)
    with pytest.raises(Unusable, match=r"holds neither train.jsonl nor"):
        read_data(tmp_path, None, 0)


@given(st.lists(st.text(min_size=1).filter(str.strip), min_size=2, max_size=8))
def test_every_text_survives_its_way_through_the_file(texts: list[str]) -> None:
    lines = [json.dumps({"text": text}) for text in texts]
    assert [example.text for example in examples_in(lines, "t")] == texts
