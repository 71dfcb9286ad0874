"""Reads a TOML file against a closed model; every complaint names the file, the line and the key."""

import difflib
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from verify.errors import UsageError
from verify.spec.files import read_bytes

MAX_BYTES: Final = 65_536
_HOW_TO_SAVE: Final = "save the file as UTF-8 with LF line endings and without a byte order mark"
_KEY: Final = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=\s*(.*)""")
_TABLE: Final = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_QUOTED: Final = re.compile(r'"(?:\\.|[^"\\])*"|' + r"'[^']*'")

Model = TypeVar("Model", bound=BaseModel)
Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Toml:
    """A TOML file as it was read.

    Attributes:
        where: Its path as messages print it.
        digest: SHA-256 of its bytes, 64 hexadecimal digits.
        text: Its text.
        data: Its tables.
    """

    where: str
    digest: str
    text: str
    data: Mapping[str, Any]


def read_toml(root: Path, path: Path) -> Toml:
    """Read a TOML file below ``root``, at most 64 KiB of it.

    Raises:
        UsageError: When it is missing, too large, not UTF-8 with LF line endings, or not TOML.
        StorageError: When the disk does not give it back.
    """
    where = path.relative_to(root).as_posix()
    raw = read_bytes(path, where, MAX_BYTES)
    text = _decoded(raw, where)
    return Toml(where, sha256(raw).hexdigest(), text, _parsed(text, where))


def validated(model: type[Model], toml: Toml, **more: object) -> Model:
    """Hold a file against its model.

    Args:
        model: A strict, closed pydantic model.
        toml: The file.
        more: Fields that come from elsewhere than the file.

    Raises:
        UsageError: Naming the line and key of the first thing wrong.
    """
    taken = [key for key in more if key in toml.data]
    if taken:
        raise _wrong(toml, (taken[0],), f"`{taken[0]}` is not a key here", "remove it")
    try:
        return model.model_validate({**toml.data, **more})
    except ValidationError as error:
        first = min(error.errors(), key=lambda found: _urgency(toml.text, found))
        raise _explained(_keys(model, more), toml, first) from None


def line_of(text: str, place: Sequence[str | int]) -> int:
    """Return the 1-based line of a key, or of the nearest table around it; 1 when nothing is found."""
    lines: dict[Place, int] = {}
    for known, line in _places(text):
        lines.setdefault(known, line)
    for length in range(len(place), 0, -1):
        found = lines.get(tuple(place[:length]))
        if found is not None:
            return found
    return 1


def _decoded(raw: bytes, where: str) -> str:
    if raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise UsageError(f"{where}:1: starts with a byte order mark", _HOW_TO_SAVE)
    if b"\r" in raw:
        line = raw[: raw.index(b"\r")].count(b"\n") + 1
        raise UsageError(f"{where}:{line}: has CR line endings", _HOW_TO_SAVE)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise UsageError(f"{where}:{line}: is not UTF-8", _HOW_TO_SAVE) from None


def _parsed(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        at = re.search(r" \(at line (\d+), column \d+\)", message)
        line = at[1] if at else str(text.count("\n") + 1)
        said = re.sub(r" \(at .*\)$", "", message)
        raise UsageError(f"{where}:{line}: is not TOML: {said}", "correct that line") from None
    except (RecursionError, ValueError) as error:
        said = "nested too deeply" if isinstance(error, RecursionError) else "a number is too long"
        raise UsageError(f"{where}:1: {said}", "a file of this kind is flat and small; restore it") from None


def _explained(known: Sequence[str], toml: Toml, error: Mapping[str, Any]) -> UsageError:
    place: Place = error["loc"]
    names = [str(part) for part in place if isinstance(part, str)]
    key = ".".join(names)
    if error["type"] == "missing":
        return _wrong(toml, place[:-1], f"`{key}` is missing", "add the key; its neighbours show how")
    if error["type"] == "extra_forbidden":
        return _wrong(toml, place, f"`{key}` is not a key here", _meant(names[-1], known))
    said = str(error["msg"]).removeprefix("Value error, ")
    return _wrong(toml, place, f"`{key}`: {said[:1].lower()}{said[1:]}", "correct that value")


def _urgency(text: str, error: Mapping[str, Any]) -> tuple[bool, int]:
    """A misspelt key is also a missing one: the misspelling comes first, then the order of lines."""
    return error["type"] == "missing", line_of(text, error["loc"])


def _wrong(toml: Toml, place: Place, said: str, hint: str) -> UsageError:
    return UsageError(f"{toml.where}:{line_of(toml.text, place)}: {said}", hint)


def _meant(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean `{near[0]}`?" if near else f"the keys are {', '.join(known)}"


def _keys(model: type[BaseModel], given: Collection[str]) -> list[str]:
    """Name the keys of a model, less those that are given otherwise, and of the models inside it."""
    schema = model.model_json_schema()
    own = [key for key in schema.get("properties", {}) if key not in given]
    return [*own, *(key for table in schema.get("$defs", {}).values() for key in table.get("properties", {}))]


def _places(text: str) -> Iterator[tuple[Place, int]]:
    """Yield every key and table with its line; tomllib tells no positions."""
    table: Place = ()
    counts: dict[str, int] = {}
    depth = 0
    for number, line in enumerate(text.splitlines(), 1):
        key = _KEY.match(line) if depth == 0 else None
        header = _TABLE.match(line) if depth == 0 and key is None else None
        if header:
            table = _table(header, counts)
            yield table, number
        elif key:
            parts = _parts(key[1])
            yield from (((*table, *parts[: length + 1]), number) for length in range(len(parts)))
        depth = max(0, depth + _opened(key[2] if key else "" if header else line))


def _table(header: re.Match[str], counts: dict[str, int]) -> Place:
    parts = _parts(header[2])
    if header[1] == "[":
        return parts
    name = header[2]
    counts[name] = counts.get(name, -1) + 1
    return (*parts, counts[name])


def _parts(dotted: str) -> Place:
    return tuple(part.strip("\"' ") for part in dotted.split("."))


def _opened(value: str) -> int:
    """Count the brackets that a line leaves open."""
    bare = _QUOTED.sub("", value).split("#", 1)[0]
    return sum(bare.count(sign) for sign in "[{") - sum(bare.count(sign) for sign in "]}")
