"""What can stand where a file should: each with a name, and made anew in code where it is needed."""

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Put = Callable[[Path], object]
Change = Callable[[bytes], bytes]
# What is wrong: what the file says, what it is, or that there is none.
Wrong = Literal["content", "place", "missing"]

HUGE_BYTES = 2**30
_NUMBER = re.compile(rb": ?(-?[0-9][0-9.e+-]*)(?=[,\n}])")
_STRING = re.compile(rb'": ?"([^"]*)"')
_NAME = re.compile(rb'"([a-z_]+)": ?')
# Obeyed by terminals, or turning the text around; as JSON writes them.
ESCAPES = rb"\u001b[2J\u001b[31m\u202egnp.exe\u2066\u009b"


@dataclass(frozen=True, slots=True)
class Situation:
    """Something hostile in the place of a file.

    Attributes:
        wrong: What is.
        put: Puts it at a path, given what should lie there.
    """

    wrong: Wrong
    put: Callable[[Path, bytes], object]


def _content(change: Change) -> Situation:
    return Situation("content", lambda path, sound: path.write_bytes(change(sound)))


def _place(put: Put) -> Situation:
    return Situation("place", lambda path, _sound: put(path))


def _number(text: bytes) -> Change:
    """The sound bytes with another first number; in what has none, a field of its own."""

    def change(sound: bytes) -> bytes:
        made, count = _NUMBER.subn(b": " + text, sound, count=1)
        return made if count else b'{"value": ' + text + b"}"

    return change


def _string(text: bytes) -> Change:
    def change(sound: bytes) -> bytes:
        made, count = _STRING.subn(lambda _: b'": "' + text + b'"', sound, count=1)
        return made if count else b'{"value": "' + text + b'"}'

    return change


def _twice(sound: bytes) -> bytes:
    """The first field again, in front of itself."""
    name = _NAME.search(sound)
    return sound.replace(b"{", b'{"' + (name[1] if name else b"a") + b'": "fail", ', 1) if name else b'{"a": 1, "a": 2}'


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(HUGE_BYTES)


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _to_zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _to_a_file(path: Path) -> None:
    path.symlink_to(Path(__file__).resolve().parents[2] / "LICENSE")


def _to_nothing(path: Path) -> None:
    path.symlink_to("nowhere at all")


SITUATIONS: Mapping[str, Situation] = {
    "NaN": _content(_number(b"NaN")),
    "minus Infinity": _content(_number(b"-Infinity")),
    "1e999": _content(_number(b"1e999")),
    "a name twice": _content(_twice),
    "100,000 arrays": _content(lambda _: b"[" * 100_000),
    "100,000 objects": _content(lambda _: b'{"a":' * 100_000),
    "a number of 5,000 digits": _content(_number(b"9" * 5000)),
    "a number beyond 2^53": _content(_number(b"9007199254740993")),
    "a gigabyte": _place(_sparse),
    "nothing in it": _content(lambda _: b""),
    "blanks": _content(lambda _: b" \n\t\r\n"),
    "cut in the middle": _content(lambda sound: sound[: len(sound) // 2]),
    "one byte short": _content(lambda sound: sound[:-1] if sound.endswith(b"}") else sound[:-2]),
    "twice one after the other": _content(lambda sound: sound + sound),
    "a byte after its end": _content(lambda sound: sound + b"\x00"),
    "a byte order mark": _content(lambda sound: b"\xef\xbb\xbf" + sound),
    "UTF-16": _content(lambda sound: sound.decode("utf-8", "replace").encode("utf-16")),
    "no UTF-8": _content(lambda sound: sound[:20] + b"\xff\xfe\x80" + sound[20:]),
    "a lone surrogate": _content(_string(rb"\ud800")),
    "a NUL": _content(_string(rb"\u0000")),
    "escapes of a terminal": _content(_string(ESCAPES)),
    "escapes as bytes": _content(lambda sound: b"\x1b[2J\x1b]0;title\x07\xe2\x80\xae" + sound),
    "a text for a number": _content(_number(b'"12"')),
    "true for a number": _content(_number(b"true")),
    "an unknown field": _content(lambda sound: sound.replace(b"{", b'{"zz\\u001b": 1, ', 1)),
    "version 99": _content(lambda sound: re.sub(rb'"version": ?"[^"]+"', b'"version": "v99"', sound, count=1)),
    "no version": _content(lambda sound: re.sub(rb'"version": ?"[^"]+",?', b"", sound, count=1)),
    "a list": _content(lambda _: b"[1, 2]"),
    "a word": _content(lambda _: b'"report"'),
    "null": _content(lambda _: b"null"),
    "a reference to itself": _content(lambda _: b'{"$ref": "#", "$schema": "https://example.org/s"}'),
    "aliases of YAML": _content(lambda _: b"a: &a [x, x]\nb: &b [*a, *a]\nc: !!python/object:os.system [*b]\n"),
    "inf in TOML": _content(lambda _: b"longest_days = inf\nmodel = nan\n"),
    "500 tables of TOML": _content(lambda _: b"a = " + b"[" * 20_000),
    "a number of TOML of 5,000 digits": _content(lambda _: b"rank = " + b"9" * 5000 + b"\n"),
    "a key of TOML with escapes": _content(lambda _: b'"\\u001b[2J\\n\\u202e" = 1\n'),
    "conflict markers": _content(lambda sound: b"<<<<<<< HEAD\n" + sound + b"=======\n>>>>>>> theirs\n"),
    "CR line endings": _content(lambda sound: sound.replace(b"\n", b"\r\n")),
    "a byte turned over": _content(
        lambda sound: sound[:300] + bytes([sound[300] ^ 1]) + sound[301:] if sound[300:] else b"?"
    ),
    "a long line": _content(lambda _: b"x" * 2_000_000),
    "a pipe": _place(os.mkfifo),
    "a folder": _place(Path.mkdir),
    "a link to a file": _place(_to_a_file),
    "a link to zeros": _place(_to_zeros),
    "a link to itself": _place(_loop),
    "a link to nothing": _place(_to_nothing),
    "no file": Situation("missing", lambda _path, _sound: None),
}


def remove(path: Path) -> None:
    """Take away whatever was put there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def plain_json(value: object) -> bytes:
    """A small sound file of JSON."""
    return json.dumps(value, indent=2).encode() + b"\n"
