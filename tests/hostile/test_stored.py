"""A history that was tampered with (faults 1 to 14, 22 to 26, 28, 35), through every verb that reads it."""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.hostile.conftest import MACHINE, Project, small
from tests.hostile.ended import ended, is_plain, tree
from tests.hostile.entries import FORMATS
from tests.hostile.situations import SITUATIONS, remove
from verify.errors import Exit
from verify.report.canonical import seal, stored_text

Spoil = Callable[[Project], object]

# What reads the history as a whole; of some verbs with the newest report alone, or with its index.
READERS: Mapping[str, tuple[str, ...]] = {
    "report show": ("report", "show"),
    "report validate": ("report", "validate"),
    "report validate --json": ("report", "validate", "--json"),
    "report convert": ("report", "convert"),
    "history list": ("history", "list"),
    "history show": ("history", "show", "3", "--environment", "m2"),
    "history diff": ("history", "diff", "1", "3", "--environment", "m2"),
    "history sql": ("history", "sql", "SELECT * FROM results"),
    "history changes": ("history", "changes"),
    "history html": ("history", "html"),
    "history prove": ("history", "prove"),
    "history prove --json": ("history", "prove", "--json"),
    **{f"audit {form}": ("audit", "--format", form) for form in FORMATS},
    "audit --signatures": ("audit", "--signatures"),
    "attest": ("attest", "--check"),
    "status": ("status", "--environment", "m2"),
    "prolog": ("prolog", "--environment", "m2"),
    "run": ("run", "--environment", "m2"),
    "run --changed-since": ("run", "--environment", "m2", "--changed-since", "3"),
}
# Those that must find whatever was done to the history; a run does so before it takes long.
PROVERS = ("report validate", "history prove", "audit text", "audit json", "run")


def _at(number: int) -> Callable[[Project], Path]:
    return lambda project: project.reports[number]


# A file of the history, and who has to find that it is not what was written.
PLACES: Mapping[str, tuple[Callable[[Project], Path], tuple[str, ...]]] = {
    "first report": (_at(0), PROVERS),
    "last report": (_at(-1), (*PROVERS, "report show", "history show", "attest")),
    "head": (lambda project: project.reports[0].parent / f"{MACHINE}.head", ("history prove", "audit text", "run")),
    "signed head": (
        lambda project: project.reports[0].parent / f"{MACHINE}.head.dsse",
        ("history prove", "audit text"),
    ),
    "attestation": (lambda project: project.reports[-1].with_suffix(".intoto.json"), ("attest", "audit --signatures")),
}
# Of what is wrong with a file's content, all was tried on files that are named; here one of each kind is.
TRIED = ("NaN", "a name twice", "100,000 arrays", "a gigabyte", "nothing in it", "cut in the middle", "no UTF-8",
         "escapes of a terminal", "a byte turned over", "version 99", "a pipe", "a folder", "a link to a file",
         "a link to zeros", "a link to itself")  # fmt: skip


@pytest.mark.parametrize("situation", TRIED)
@pytest.mark.parametrize("place", PLACES)
def test_a_hostile_file_in_the_history_is_found_by_all_who_read_it(
    place: str, situation: str, shared: Project, tmp_path: Path
) -> None:
    path_of, finders = PLACES[place]
    path, kept = path_of(shared), tmp_path / "kept"
    sound = path.read_bytes()
    path.rename(kept)
    try:
        SITUATIONS[situation].put(path, sound)
        if (
            path.is_file()
            and not path.is_symlink()
            and path.stat().st_size == len(sound)
            and path.read_bytes() == sound
        ):
            pytest.skip("there is no such thing in it")
        before = tree(shared.root)
        for name in finders:
            end = ended("--root", str(shared.root), *READERS[name])
            is_plain(end)
            assert end.code == Exit.INTEGRITY, (name, end)
        assert tree(shared.root) == before
    finally:
        remove(path)
        kept.rename(path)


def flipped(number: int) -> Spoil:
    """Change a byte of a report."""

    def spoil(project: Project) -> None:
        data = bytearray(project.reports[number].read_bytes())
        data[len(data) // 2] ^= 1
        project.reports[number].write_bytes(data)

    return spoil


def swapped(project: Project) -> None:
    """Let two reports change places."""
    one, two = (path.read_bytes() for path in project.reports[:2])
    project.reports[0].write_bytes(two)
    project.reports[1].write_bytes(one)


def cut(project: Project) -> None:
    """Take the last report away, with all that lies beside it."""
    for path in project.reports[-1].parent.glob(f"{project.reports[-1].stem}*"):
        path.unlink()


def resealed(project: Project) -> None:
    """Write another last report in the place of the one that is there, with a digest that is right."""
    told = json.loads(project.reports[-1].read_bytes())
    better = small(2, finished="2026-02-15T16:50:00Z")
    project.reports[-1].write_text(stored_text(seal(better, told["sequence"], told["predecessor"])))


def to_itself(project: Project) -> None:
    """Make the folder of all reports a link that leads back to itself."""
    shutil.rmtree(project.root / "reports")
    (project.root / "reports").symlink_to("reports")


def elsewhere(project: Project) -> None:
    """Keep the history in another place, behind a link."""
    (project.root / "reports/m2").rename(project.root.parent / "m2")
    (project.root / "reports/m2").symlink_to(project.root.parent / "m2")


SPOILT: Mapping[str, Spoil] = {
    "a byte of the first turned over": flipped(0),
    "a byte of the last turned over": flipped(-1),
    "the second gone": lambda project: project.reports[1].unlink(),
    "two in each other's place": swapped,
    "one there twice": lambda project: shutil.copy(project.reports[0], _named(project, "f" * 12)),
    "the tail cut": cut,
    "the last written anew": resealed,
    "a hard link to the first": lambda project: os.link(project.reports[0], project.root / "another name"),
    "reports are a link to themselves": to_itself,
    "the history behind a link": elsewhere,
}


def _named(project: Project, id_: str) -> Path:
    return project.reports[0].with_name(f"20260215T163005Z-{id_}.json")


@pytest.mark.parametrize("spoilt", SPOILT)
def test_who_tampers_with_the_history_is_found(spoilt: str, project: Project) -> None:
    SPOILT[spoilt](project)
    before = tree(project.root)
    ends = {name: ended("--root", str(project.root), *words) for name, words in READERS.items()}
    for name, end in ends.items():
        is_plain(end, exact=name == "report convert")
    finders = [name for name in PROVERS if spoilt in SEEN_BY.get(name, SPOILT)]
    assert {name: ends[name].code for name in finders} == dict.fromkeys(finders, Exit.INTEGRITY)
    assert tree(project.root) == before


# A verb that does not look at heads, or at links of files, says nothing of them.
SEEN_BY: Mapping[str, frozenset[str]] = {
    "report validate": frozenset(SPOILT) - {"the tail cut", "the last written anew", "a hard link to the first"},
    "run": frozenset(SPOILT) - {"a hard link to the first"},
}


def test_an_older_history_with_its_head_is_found_by_a_head_that_was_kept_elsewhere(project: Project) -> None:
    kept = project.root.parent / "kept.head"
    shutil.copy(project.reports[0].parent / f"{MACHINE}.head", kept)
    shutil.rmtree(project.root / "reports/m2")
    again = made_again(project)
    assert ended("--root", str(again.root), "history", "prove").code == Exit.HOLDS
    for words in (("history", "prove", "--head", str(kept)), ("audit", "--head", str(kept))):
        end = ended("--root", str(again.root), *words)
        is_plain(end)
        assert end.code == Exit.INTEGRITY, end


def made_again(project: Project) -> Project:
    """The project with the first of its reports alone, in a history that is right by itself."""
    from tests.cli.conftest import keep

    return Project(project.root, (keep(project.root, small(0)),), project.gate, project.key, project.sound)


def test_a_clock_that_went_back_is_told_and_stops_nothing(project: Project) -> None:
    from tests.cli.conftest import keep

    keep(project.root, small(9, created="2026-01-15T16:30:05Z", finished="2026-01-15T16:41:37Z"))
    end = ended("--root", str(project.root), "history", "prove")
    assert end.code == Exit.HOLDS
    assert "chain.clock" in end.told
    assert ended("--root", str(project.root), "run", "--environment", "m2").code == Exit.COULD_NOT_RUN
