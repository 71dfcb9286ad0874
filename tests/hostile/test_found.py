"""Inputs that fuzzing found (fault 75), through every entry of the command line that reads their kind."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.fuzz.seeds import FOUND, found
from tests.fuzz.targets import TARGETS, tried
from tests.hostile.conftest import Project
from tests.hostile.ended import ended, is_plain, tree
from tests.hostile.endings import ending_of, require
from tests.hostile.entries import ENTRIES, Entry, Kind

# Which entries read what a target is given.
KINDS: Mapping[str, tuple[Kind, ...]] = {
    "report": ("report", "attested"),
    "sealed-report": ("report", "attested"),
    "head": ("head",),
    "lock": ("lock",),
    "toml": ("recipe",),
    "markdown": ("markdown",),
    "examples": ("examples",),
}
CASES = [(target, path) for target in TARGETS for path in found(target)]
READ = [
    (entry, path) for target, path in CASES for kind in KINDS.get(target, ()) for entry in ENTRIES if entry.kind == kind
]


def _id(value: object) -> str:
    return value.name if isinstance(value, Path) else " ".join(value.words("FILE")) if isinstance(value, Entry) else ""


@pytest.mark.parametrize(("target", "path"), CASES, ids=_id)
def test_what_fuzzing_found_stays_refused_in_words(target: str, path: Path) -> None:
    tried(TARGETS[target], path.read_bytes())


@pytest.mark.parametrize(("entry", "path"), READ, ids=_id)
def test_every_entry_stands_what_was_found(
    entry: Entry, path: Path, shared: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shared.root)
    given = shared.root / "given" / entry.file
    given.parent.mkdir(exist_ok=True)
    given.write_bytes(path.read_bytes())
    before = tree(shared.root)
    end = ended("--root", str(shared.root), *entry.words(str(given)))
    assert tree(shared.root) == before
    is_plain(end, exact=entry.exact)
    assert end.code in entry.exits
    require(path.with_suffix(".txt"), entry.words(entry.file), ending_of(end, shared.root))
    given.unlink()


def test_what_was_found_is_of_a_target() -> None:
    assert {path.name for path in FOUND.glob("*")} <= set(TARGETS)
