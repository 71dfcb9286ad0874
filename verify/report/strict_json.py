"""JSON as it was meant: one value of each name, finite numbers, characters that exist, nothing too deep."""

import json
import math
import re
from collections.abc import Iterator

from verify.errors import IntegrityError
from verify.report.fields import LARGEST

DEEPEST = 64
RESTORE = "restore the file from version control, or leave it out"

_TOKEN = re.compile(r'"(?:[^"\\]+|\\.)*+"?|[\[\]{}:]', re.DOTALL)
_LONGEST_INTEGER = 20


def parse(data: bytes, where: str) -> object:
    """The value that the bytes are.

    The standard library's reader lets the last of two equal names win, invents NaN, and gives up on depth with a
    recursion error; so depth and names are looked at before it runs, numbers and characters after.

    Args:
        data: UTF-8 without a byte order mark.
        where: What to call it when it is wrong.

    Raises:
        IntegrityError: It is not such a value; with the offset in characters, or the path of the field.
    """
    text = _decoded(data, where)
    problem = next(_misshapen(text), None)
    if problem:
        raise IntegrityError(f"{where}: {problem}", RESTORE)
    try:
        value = json.loads(text, parse_int=_integer)
    except json.JSONDecodeError as error:
        raise IntegrityError(f"{where}: {error.msg} at offset {error.pos}", RESTORE) from error
    problem = next(_impossible(value, "report"), None)
    if problem:
        raise IntegrityError(f"{where}: {problem}", RESTORE)
    return value


def _decoded(data: bytes, where: str) -> str:
    if data.startswith(b"\xef\xbb\xbf"):
        raise IntegrityError(f"{where}: starts with a byte order mark", RESTORE)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise IntegrityError(f"{where}: not UTF-8 at byte {error.start}", RESTORE) from error
    if not text.strip():
        raise IntegrityError(f"{where}: empty report", RESTORE)
    return text


def _misshapen(text: str) -> Iterator[str]:
    """What is wrong with nesting and names, one token after the other."""
    names: list[dict[str, int]] = []
    last, offset = "", 0
    for token in _TOKEN.finditer(text):
        match token.group():
            case "{" | "[":
                names.append({})
                if len(names) > DEEPEST:
                    yield f"nested deeper than {DEEPEST} at offset {token.start()}"
            case "}" | "]":
                del names[-1:]
            case ":" if names:
                first = names[-1].setdefault(last, offset)
                if first != offset:
                    yield f"{last!a} is named twice, at offsets {first} and {offset}"
            case word:
                last, offset = _name(word), token.start()


def _name(word: str) -> str:
    if "\\" not in word:
        return word[1:-1]
    try:
        return str(json.loads(word))
    except json.JSONDecodeError:
        return word


def _integer(digits: str) -> int:
    # Converting thousands of digits is refused by Python with an error of its own; the value is refused anyway.
    return int(digits) if len(digits) <= _LONGEST_INTEGER else LARGEST + 1


def _impossible(value: object, path: str) -> Iterator[str]:
    """Numbers and characters that no report can hold, with their place."""
    match value:
        case dict():
            for key, part in value.items():
                yield from _impossible(key, path)
                yield from _impossible(part, f"{path}.{key}")
        case list():
            for index, part in enumerate(value):
                yield from _impossible(part, f"{path}[{index}]")
        case str() if not _encodable(value):
            yield f"{path!a} holds a lone surrogate"
        case float() if not math.isfinite(value):
            yield f"{path!a} is not a finite number"
        case int() if abs(value) > LARGEST:
            yield f"{path!a} is beyond 2^53"


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
