"""Hostile names (faults 11, 35 and 36): of files that lie there or are named, of folders, and in words of any kind."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.hostile.conftest import Project
from tests.hostile.ended import ended, is_plain, tree
from tests.hostile.entries import ENTRIES, FORMATS, Entry
from verify.errors import Exit

NAMES: Mapping[str, str] = {
    "a new line": "a\nerror: all is well\nb",
    "escapes": "\x1b[2J\x1b]0;t\x07\x9b",
    "turned around": "\u202egnp\u2066\u200b\u2028",
    "no UTF-8": os.fsdecode(b"\xff\xfe"),
    "250 letters": "x" * 245,
    "markup": "<script>`|a](b)&amp;",
    "an option": "-rf",
    "a device elsewhere": "CON",
    "blanks": " \t ",
}
# What no file can be called, or lies where nothing is to be written.
WORDS: Mapping[str, str] = {
    **NAMES,
    "300 letters": "x" * 300,
    "upwards": "../../x",
    "through a folder": "a/../../b",
    "absolute": "/etc/passwd",
    "a NUL": "a\0b",
    "nothing": "",
    "only a device": "/dev/zero",
}


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """A hostile name that a file can have."""
    return NAMES[request.param]


def test_a_stray_file_is_named_and_harmless(name: str, project: Project) -> None:
    for folder in (project.root / "reports", project.root / "reports/m2"):
        (folder / f"{name}.json").write_bytes(project.sound["report"])
        (folder / f"{name}-").mkdir()
    before = tree(project.root)
    for words in (
        ("report", "validate"),
        ("report", "validate", "--json"),
        ("history", "prove"),
        ("history", "prove", "--json"),
        ("history", "list"),
        ("run", "--environment", "m2"),
        *(("audit", "--signatures", "--format", form) for form in FORMATS),
    ):
        end = ended("--root", str(project.root), *words)
        is_plain(end)
        assert end.code in (Exit.HOLDS, Exit.REFUSED, Exit.COULD_NOT_RUN), end
    assert tree(project.root) == before


@pytest.mark.parametrize("form", FORMATS)
def test_a_folder_of_files_with_such_names_is_audited(form: str, project: Project) -> None:
    folder = project.root / "given"
    folder.mkdir()
    for name in NAMES.values():
        (folder / f"{name}.md").write_bytes(project.sound["markdown"])
        (folder / f"{name}.json").write_bytes(b"{")
    end = ended("--root", str(project.root), "audit", str(folder), "--format", form)
    is_plain(end)
    assert end.code == Exit.INTEGRITY
    if form in ("json", "sarif"):
        json.loads(end.told)
    if form == "junit":
        ET.fromstring(end.told)  # noqa: S314 - our own text


def _id(value: object) -> str:
    return " ".join(value.words("FILE")) if isinstance(value, Entry) else ascii(value)


@pytest.mark.parametrize("entry", ENTRIES, ids=_id)
def test_a_file_that_is_named_may_be_called_anything(entry: Entry, shared: Project) -> None:
    # What is sound would be asked of, for as long as all checks take.
    sound = b"{" if entry.option.startswith("run") else shared.sound[entry.kind]
    # What takes a process, or a lock to be read, is tried on fewer.
    called = ("escapes",) if entry.kind == "checks" else ("a new line", "escapes", "no UTF-8", "250 letters")
    for name in map(NAMES.__getitem__, called):
        for content in {sound, None} if entry.kind == "checks" else {sound, b"{", None}:
            path = shared.root / "given" / f"{name}{Path(entry.file).suffix}"
            path.parent.mkdir(exist_ok=True)
            if content is not None:
                path.write_bytes(content)
                path.chmod(0o600)
            end = ended("--root", str(shared.root), *entry.words(str(path)))
            is_plain(end, exact=entry.exact)
            path.unlink(missing_ok=True)


# Words that are no paths of files which are read.
SPOKEN = {
    "environment of run": ("run", "--environment", "{}"),
    "environment of status": ("status", "--environment", "{}"),
    "environment of history list": ("history", "list", "--environment", "{}"),
    "environment of history show": ("history", "show", "1", "--environment", "{}"),
    "environment of changes": ("history", "changes", "--environment", "{}", "--metric", "{}"),
    "environment of convert": ("report", "convert", "written.md", "--environment", "{}"),
    "environment of setup": ("setup", "{}"),
    "environment of upgrade": ("upgrade", "--environment", "{}", "--lock-only"),
    "report of history show": ("history", "show", "{}"),
    "report of history diff": ("history", "diff", "{}", "1"),
    "report of run": ("run", "--environment", "m2", "--changed-since", "{}"),
    "query": ("history", "sql", "{}"),
    "pattern": ("run", "--environment", "m2", "--select", "{}"),
    "package": ("upgrade", "--environment", "cpu", "--lock-only", "{}"),
    "platform": ("lock", "{}", "--check"),
    "signer": ("key", "make", "{}", "--environment", "m2"),
    "signer to retire": ("key", "retire", "{}"),
    "reason": ("key", "revoke", "ada", "--compromised", "no", "--reason", "{}"),
    "time": ("key", "make", "bob", "--environment", "m2", "--valid-from", "{}"),
    "environment of sbom": ("sbom", "{}"),
    "environment of prolog": ("prolog", "--environment", "{}", "--node", "{}"),
    "image": ("image", "arguments", "cpu", "--base", "{}"),
    "manifest": ("fleet", "manifest", "--kubernetes", "--environment", "cpu", "--nodes", "2", "--image", "{}"),
    "url": ("attest", "--check", "--url", "{}"),
    "model": ("fit", "--model", "{}"),
    "size": ("fit", "--memory", "{}"),
    "count": ("run", "--repeat", "{}"),
    "advisory": ("setup", "m2", "--despite", "{}"),
    "format": ("report", "show", "--format", "{}"),
    "root": ("--root", "{}", "status"),
    "verb": ("{}",),
}


@pytest.mark.parametrize("spoken", SPOKEN)
def test_any_word_is_answered_in_words(spoken: str, shared: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shared.root)
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(shared.root.parent / "config"))
    (shared.root / "written.md").write_bytes(shared.sound["markdown"])
    before = tree(shared.root)
    for word in ("../../x",) if spoken == "platform" else WORDS.values():
        words = [word if part == "{}" else part for part in SPOKEN[spoken]]
        end = ended(*(() if spoken == "root" else ("--root", str(shared.root))), *words)
        is_plain(end, exact=spoken == "environment of convert")
    assert tree(shared.root) == before


# Where something is written that a user names: below the project no key, and a name that cannot be is refused.
@pytest.mark.parametrize("word", WORDS)
def test_a_key_is_kept_where_it_may_be_or_not_at_all(word: str, project: Project, tmp_path: Path) -> None:
    before = tree(project.root)
    place = tmp_path / "out"
    place.mkdir()
    path = os.path.join(place, "sub", WORDS[word])  # noqa: PTH118 - as a shell would
    end = ended("--root", str(project.root), "key", "make", "bob", "--environment", "m2", "--out", path)
    is_plain(end)
    assert tree(project.root) == before


def test_a_project_may_lie_in_a_folder_of_any_name(name: str, tmp_path: Path, project: Project) -> None:
    root = tmp_path / name / "project"
    root.parent.mkdir()
    shutil.copytree(project.root, root, symlinks=True)
    for words in (("report", "validate"), ("history", "list"), ("audit",), ("run", "--environment", "m2"), ("fit",)):
        end = ended("--root", str(root), *words)
        is_plain(end)
        assert end.code in (Exit.HOLDS, Exit.REFUSED, Exit.COULD_NOT_RUN), end


def test_links_to_a_project_and_above_it_are_followed(project: Project, tmp_path: Path) -> None:
    (tmp_path / "way").symlink_to(project.root.parent)
    root = tmp_path / "way" / project.root.name
    assert ended("--root", str(root), "report", "validate").code == Exit.HOLDS
    report = root / project.reports[-1].relative_to(project.root)
    assert ended("--root", str(project.root), "report", "show", str(report)).code == Exit.HOLDS
