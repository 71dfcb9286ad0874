"""How the command must end for each case of tests/bad: the exit code and both lines, word for word.

After an intended change: ``UPDATE_BAD=1 pytest tests/hostile/test_files.py tests/hostile/test_found.py``, then read
the difference.
"""

import os
import platform
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.hostile.ended import Ended

CHECKOUT = Path(__file__).resolve().parents[2]
BAD = CHECKOUT / "tests" / "bad"
DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
UPDATE = "UPDATE_BAD" in os.environ
# Some words are those of Python's parsers and of the system, which change from one to the other.
SAME_WORDS = (sys.version_info[:2], platform.system()) == ((3, 11), "Linux")


@dataclass(frozen=True, slots=True)
class Ending:
    """How the command ended.

    Attributes:
        code: Its exit code.
        lines: The error and the hint; none where it ended without an error.
    """

    code: int
    lines: tuple[str, ...]


def ending_of(end: Ended, root: Path) -> Ending:
    """What is kept of an ending, with the project's folder and the digests of its keys left out."""
    told = tuple(
        DIGEST.sub("DIGEST", line.replace(str(root), "PROJECT").replace(str(CHECKOUT), "CHECKOUT"))
        for line in end.said[-2:]
    )
    return Ending(end.code, told if told[:1] and told[0].startswith("error: ") else ())


def file_of(situation: str) -> Path:
    """Where the endings of a situation are kept."""
    letters = (letter if letter.isalnum() else "-" for letter in situation.replace("^", " to the ").lower())
    return BAD / f"{''.join(letters)}.txt"


def require(path: Path, line: Sequence[str], ending: Ending) -> None:
    """Hold how a command line ended against what is kept of it.

    Args:
        path: Where that is kept.
        line: The command line, with the hostile file by its name.
        ending: How it ended.
    """
    words = " ".join(line)
    if UPDATE:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text_of({**(read(path) if path.exists() else {}), words: ending}), encoding="utf-8")
    kept = read(path)[words]
    assert kept.code == ending.code
    assert kept.lines == ending.lines or not SAME_WORDS
    assert bool(kept.lines) == bool(ending.lines)


def text_of(endings: Mapping[str, Ending]) -> str:
    """Endings that are alike stand together, above the command lines that end so."""
    alike: dict[Ending, list[str]] = {}
    for words, ending in sorted(endings.items()):
        alike.setdefault(ending, []).append(words)
    blocks = ["\n".join([f"exit {ending.code}", *ending.lines, *(f"  {w}" for w in alike[ending])]) for ending in alike]
    return "\n\n".join(blocks) + "\n"


def read(path: Path) -> dict[str, Ending]:
    """What `text_of` wrote."""
    found = {}
    for block in path.read_text(encoding="utf-8").strip("\n").split("\n\n"):
        first, *rest = block.splitlines()
        ending = Ending(int(first.removeprefix("exit ")), tuple(line for line in rest if not line.startswith("  ")))
        found.update({line[2:]: ending for line in rest if line.startswith("  ")})
    return found
