"""Reading what to train on: chat, prompt and completion, or text, one JSON object a line, as mlx-lm and TRL read it."""

import hashlib
import itertools
import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from verify.checks.finetune.recipe import HELD_OUT_AT_MOST, HELD_OUT_SHARE, Unusable
from verify.probe.regular import regular

FORMATS = '{"messages": [...]}, {"prompt": ..., "completion": ...} or {"text": ...}'
ROLES = frozenset({"system", "user", "assistant", "tool", "developer"})
SHOWN = 60
LONGEST_LINE = 16 * 1024 * 1024

Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Example:
    """One example; a prompt and its completion are a conversation of two messages.

    Attributes:
        messages: A conversation; none for plain text.
        prompt: How many of the messages come before the answer.
        text: Plain text; empty for a conversation.
    """

    messages: tuple[Message, ...] = ()
    prompt: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Data:
    """What is trained on, and what is held out.

    Attributes:
        training: In the order of the file.
        held_out: Never trained on.
        digest: SHA-256 of all that was read.
        split: How the two were told apart.
    """

    training: tuple[Example, ...]
    held_out: tuple[Example, ...]
    digest: str
    split: str


def read_data(data: Path, valid: Path | None, seed: int) -> Data:
    """The examples of a recipe, the held-out ones apart.

    Raises:
        Unusable: A file is missing, or one of its lines is no example; the text names the line.
    """
    training = _subset(data, "train")
    held_out, split = _given(data, valid)
    total = hashlib.sha256()
    for part in (training, held_out):
        total.update(_digest(part).encode())
    if not held_out:
        training, held_out, split = _parted(training, seed)
    return Data(tuple(training), tuple(held_out), total.hexdigest(), split)


def examples_in(lines: Iterable[str], name: str) -> Iterator[Example]:
    """The examples of a JSONL file; empty lines are passed over.

    Raises:
        Unusable: A line is none; the text names it.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{name}, line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise Unusable(f"{where} is no JSON ({error}): {_short(line)}") from error
        if "\\u" in line and not _encodable(json.dumps(row, ensure_ascii=False)):
            raise Unusable(f"{where} holds a lone surrogate, which no tokenizer takes: {_short(line)}")
        yield example_of(row, where)


def example_of(row: Any, where: str) -> Example:
    """The example that a row of any of the formats is.

    Raises:
        Unusable: It is of none of them.
    """
    match row:
        case {"messages": list() as messages}:
            said = _conversation(messages, where)
            return Example(said, prompt=len(said) - 1)
        case {"prompt": list() as prompt, "completion": list() as completion}:
            return Example(_conversation([*prompt, *completion], where), prompt=len(prompt))
        case {"prompt": str() as prompt, "completion": str() as completion} if prompt.strip() and completion.strip():
            asked, answered = {"role": "user", "content": prompt}, {"role": "assistant", "content": completion}
            return Example((asked, answered), prompt=1)
        case {"text": str() as text} if text.strip():
            return Example(text=text)
    raise Unusable(f"{where} is none of {FORMATS}, or empty: {_short(json.dumps(row, ensure_ascii=False))}")


def _conversation(messages: Sequence[Any], where: str) -> tuple[Message, ...]:
    for number, message in enumerate(messages, start=1):
        match message:
            case {"role": str() as role, "content": str()} if role in ROLES:
                continue
        raise Unusable(
            f"{where}, message {number} has no content or no role of {', '.join(sorted(ROLES))}: "
            f"{_short(json.dumps(message, ensure_ascii=False))}"
        )
    if not messages or messages[-1]["role"] != "assistant":
        raise Unusable(f"{where} does not end with a message of the assistant: there is nothing to learn to answer")
    return tuple(messages)


def _given(data: Path, valid: Path | None) -> tuple[tuple[Example, ...], str]:
    """Held-out examples that somebody chose; none where nobody did."""
    if valid is not None:
        return _subset(valid, "valid"), "a file of its own"
    if data.is_dir() and _has(data, "valid"):
        return _subset(data, "valid"), "the folder's own"
    return (), ""


def _subset(place: Path, name: str) -> tuple[Example, ...]:
    if not place.exists():
        raise Unusable(f"{place} does not exist: name a JSONL file or a folder")
    if place.is_dir() and not (place / f"{name}.jsonl").exists():
        found = tuple(_saved(place, name))
    else:
        file = place / f"{name}.jsonl" if place.is_dir() else place
        try:
            with open(file, encoding="utf-8", opener=regular) as lines:
                found = tuple(examples_in(_lines(lines, file.name), file.name))
        except OSError as error:
            raise Unusable(f"{file} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise Unusable(f"{file} is not UTF-8 at byte {error.start}: save it as UTF-8") from error
    if not found:
        raise Unusable(f"{place} holds no example of {FORMATS}")
    return found


def _lines(file: TextIO, name: str) -> Iterator[str]:
    """The lines of a file, one in memory at a time, so that none may be endless."""
    for number in itertools.count(1):
        line = file.readline(LONGEST_LINE + 1)
        if len(line) > LONGEST_LINE:
            raise Unusable(f"{name}, line {number} has more than {LONGEST_LINE:,} characters")
        if not line:
            return
        yield line


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _has(folder: Path, name: str) -> bool:
    return (folder / f"{name}.jsonl").exists() or (folder / name / "state.json").exists()


def _saved(folder: Path, name: str) -> Iterator[Example]:
    """The rows of a folder that ``datasets`` saved: one dataset, or one of several by its name."""
    place = folder / name if (folder / name / "state.json").exists() else folder
    if not (place / "state.json").exists():
        raise Unusable(f"{folder} holds neither {name}.jsonl nor what datasets' save_to_disk writes")
    import datasets

    for number, row in enumerate(datasets.load_from_disk(str(place))):
        known = {key: value for key, value in row.items() if value is not None}
        yield example_of(known, f"{folder.name}, row {number}")


def _parted(examples: Sequence[Example], seed: int) -> tuple[tuple[Example, ...], tuple[Example, ...], str]:
    """Some held out, chosen by the seed; both parts in the order of the file."""
    if len(examples) < 2:  # noqa: PLR2004 - one to train on, one to hold out
        raise Unusable("one example only: give held-out ones by --valid, or more of them")
    count = min(HELD_OUT_AT_MOST, max(1, round(HELD_OUT_SHARE * len(examples))))
    chosen = set(random.Random(seed).sample(range(len(examples)), count))  # noqa: S311 - a split is no secret
    training = tuple(example for place, example in enumerate(examples) if place not in chosen)
    return training, tuple(examples[place] for place in sorted(chosen)), f"{count} drawn by seed {seed}"


def _digest(examples: Iterable[Example]) -> str:
    total = hashlib.sha256()
    for example in examples:
        plain = [list(map(dict, example.messages)), example.prompt, example.text]
        total.update(json.dumps(plain, sort_keys=True).encode())
    return total.hexdigest()


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}…"
