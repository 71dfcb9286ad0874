"""Hostile files of the project itself (faults 20, 21, 36): what configures a verb, and what a set-up leaves behind."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.hostile.conftest import Project
from tests.hostile.ended import ended, is_plain, tree
from tests.hostile.situations import SITUATIONS, remove
from verify.errors import Exit

RUN = ("run", "--environment", "m2")
STATUS = ("status", "--environment", "m2")
SETUP = ("setup", "m2")
AUDIT = ("audit", "--signatures")
UPGRADE = ("upgrade", "--environment", "cpu", "--lock-only", "--candidate", "lockfiles/linux-x86_64-cpu.txt")

# Each file, and the verbs that cannot do without it.
FILES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "policy/hardware.toml": (RUN, AUDIT, ("report", "validate")),
    "policy/known-issues.toml": (RUN,),
    "policy/certificate.toml": (AUDIT, ("attest", "--check")),
    "policy/allowed-signers.toml": (AUDIT, ("key", "list"), ("history", "prove")),
    "policy/gate.toml": (UPGRADE, ("audit", "GATE")),
    "policy/advisories.toml": (UPGRADE, ("audit", "written.md")),
    "envs/m2.toml": (RUN, SETUP, ("report", "convert", "written.md", "--environment", "m2")),
    "envs/platforms/macos-arm64.toml": (RUN,),
    "lockfiles/macos-arm64.txt": (RUN, STATUS),
}
# What a set-up left: where it cannot be read, there is no environment, or none that is whole.
STATE = (".environments/current", ".environments/builds/m2-1/verify-stamp.json", ".environments/history.sqlite")
READ_STATE = (("devices",), ("status",), ("history", "list"))
# A file that is missing, is no file, or has no end of it; and one that says another thing than it should.
TRIED = ("no file", "a folder", "a pipe", "a link to zeros", "a link to itself", "a gigabyte", "nothing in it",
         "UTF-16", "no UTF-8", "a NUL", "500 tables of TOML", "a number of TOML of 5,000 digits", "inf in TOML",
         "a key of TOML with escapes", "conflict markers", "aliases of YAML", "escapes as bytes")  # fmt: skip
WRONG = frozenset(Exit) - {Exit.HOLDS, Exit.INTERRUPTED}


@pytest.mark.parametrize("situation", TRIED)
@pytest.mark.parametrize("file", FILES)
def test_a_hostile_file_of_the_project_is_refused_in_words(
    file: str, situation: str, shared: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shared.root)
    monkeypatch.setenv("UV_OFFLINE", "1")
    (shared.root / "written.md").write_bytes(shared.sound["markdown"])
    path, kept = shared.root / file, tmp_path / "kept"
    sound = path.read_bytes()
    path.rename(kept)
    try:
        SITUATIONS[situation].put(path, sound)
        before = tree(shared.root)
        for words in FILES[file]:
            end = ended("--root", str(shared.root), *(str(shared.gate) if word == "GATE" else word for word in words))
            is_plain(end)
            # An empty list is a list, and what stands behind a mark of an empty file is nothing.
            assert end.code in WRONG or situation == "nothing in it", (words, end)
        assert tree(shared.root) == before
    finally:
        remove(path)
        kept.rename(path)


@pytest.mark.parametrize("situation", [*TRIED, "100,000 arrays", "a list", "null", "escapes of a terminal"])
@pytest.mark.parametrize("file", STATE)
def test_what_a_set_up_left_may_be_anything(file: str, situation: str, shared: Project, tmp_path: Path) -> None:
    path, kept = shared.root / file, tmp_path / "kept"
    ended("--root", str(shared.root), "history", "list")
    sound = path.read_bytes()
    path.rename(kept)
    try:
        SITUATIONS[situation].put(path, sound)
        before = tree(shared.root)
        for words in READ_STATE:
            is_plain(ended("--root", str(shared.root), *words))
        assert tree(shared.root) == before
    finally:
        remove(path)
        kept.rename(path)


def test_schemas_that_are_hostile_are_compared_and_never_followed(project: Project) -> None:
    for situation in map(SITUATIONS.__getitem__, ("a pipe", "a folder", "a link to zeros", "no UTF-8", "a gigabyte")):
        path = project.root / "schemas/report.v1.json"
        remove(path)
        situation.put(path, project.sound["config"])
        end = ended("--root", str(project.root), "schemas", "--check")
        is_plain(end)
        assert end.code in (Exit.REFUSED, Exit.INPUT_OUTPUT)
        remove(path)


def test_no_schema_is_written_through_a_link(project: Project) -> None:
    outside = project.root.parent / "outside.json"
    outside.write_text("mine")
    path = project.root / "schemas/report.v1.json"
    path.unlink()
    path.symlink_to(outside)
    end = ended("--root", str(project.root), "schemas")
    is_plain(end)
    assert outside.read_text() == "mine"


def test_no_gate_is_kept_behind_a_link(project: Project) -> None:
    outside = project.root.parent / "outside"
    outside.mkdir()
    shutil.rmtree(project.root / "reports/gates")
    (project.root / "reports/gates").symlink_to(outside)
    end = ended("--root", str(project.root), *(word for word in UPGRADE if word != "--lock-only"))
    is_plain(end)
    assert end.code == Exit.INTEGRITY, end
    assert list(outside.iterdir()) == []
