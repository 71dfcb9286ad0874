"""Hostile files (faults 1 to 14, 20, 21, 35), through every option that names a file."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.conftest import Project
from tests.hostile.ended import ended, is_plain, tree
from tests.hostile.endings import BAD, ending_of, file_of, read, require
from tests.hostile.entries import ENTRIES, Entry, tries
from tests.hostile.situations import SITUATIONS, Situation, remove
from verify.errors import Exit


def _id(value: object) -> str:
    return f"{' '.join(value.words('FILE'))}" if isinstance(value, Entry) else str(value)


TRIED = [(entry, name) for entry in ENTRIES for number, name in enumerate(SITUATIONS) if tries(entry, number)]


@pytest.mark.parametrize(("entry", "situation"), TRIED, ids=_id)
def test_a_hostile_file_is_refused_in_words(
    entry: Entry, situation: str, shared: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shared.root)
    path, hostile = shared.root / "given" / entry.file, SITUATIONS[situation]
    sound = shared.sound[entry.kind]
    with _put(path, hostile, sound):
        before = tree(shared.root)
        end = ended("--root", str(shared.root), *entry.words(str(path)))
        assert tree(shared.root) == before
        is_plain(end, exact=entry.exact)
        if not path.is_file() or path.is_symlink() or path.stat().st_size != len(sound) or path.read_bytes() != sound:
            assert end.code in entry.exits, end
        if hostile.wrong == "missing":
            assert end.code in (Exit.INPUT_OUTPUT, Exit.USAGE, Exit.COULD_NOT_RUN), end
        require(file_of(situation), entry.words(entry.file), ending_of(end, shared.root))


def test_no_ending_is_kept_of_what_is_not_tried() -> None:
    tried = {(file_of(situation), " ".join(entry.words(entry.file))) for entry, situation in TRIED}
    assert {(path, words) for path in BAD.glob("*.txt") for words in read(path)} == tried


@contextlib.contextmanager
def _put(path: Path, hostile: Situation, sound: bytes) -> Iterator[None]:
    path.parent.mkdir(exist_ok=True)
    try:
        hostile.put(path, sound)
        if path.suffix == ".pem" and path.is_file() and not path.is_symlink():
            path.chmod(0o600)
        yield
    finally:
        # A link that stayed would be written through by the next case.
        remove(path)
