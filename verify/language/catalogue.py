"""The words of a language, from the files of its folder: ``labels.json`` for what is said, the others for messages.

JSON, because it is read in milliseconds; one entry a line, English first.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from verify.language.reader import ASIDE, JOINTS, Reader, reader_of
from verify.language.speech import Language

FOLDER = Path(__file__).resolve().parent
LABELS = "labels.json"
# Words of reports that stand in messages by themselves.
KEPT = (
    *("passed", "failed", "errored", "crashed", "timed_out", "timed out", "out_of_memory", "out of memory", "skipped"),
    *("certified", "conditional", "refused", "accepted", "inconclusive"),
    *("converged", "falling", "stable", "no oscillation", "generalises", "faster", "slower", "efficient"),
    *("memory efficient", "available", "supported", "works", "integrated", "tested", "compatible", "ready"),
    *("complete", "completed", "ticked"),
)


@cache
def labels(language: Language) -> Mapping[str, str]:
    """What `say` says, by its English."""
    return _read(FOLDER / language / LABELS)


@cache
def reader(language: Language) -> Reader:
    """What finds the template of a finished text; what came of a check is told in messages, too."""
    kept = {word: labels(language)[word.replace("_", " ")] for word in KEPT}
    return reader_of({**kept, **messages(language)}, {joint: labels(language)[joint] for joint in (*JOINTS, ASIDE)})


def messages(language: Language) -> Mapping[str, str]:
    """All templates of finished texts, by their English."""
    files = sorted(path for path in (FOLDER / language).glob("*.json") if path.name != LABELS)
    return {english: spoken for path in files for english, spoken in _read(path).items()}


def _read(path: Path) -> dict[str, str]:
    words: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return words
