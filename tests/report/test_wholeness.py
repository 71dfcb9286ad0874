"""Whoever touches a history is found, whatever they touch."""

import os
import shutil
from pathlib import Path

import pytest

from tests.report.histories import append, draft, files
from verify.errors import IntegrityError
from verify.report import history
from verify.report.canonical import seal, stored_text
from verify.report.head import head_bytes, read_head
from verify.report.place import sealed
from verify.report.read import read_report
from verify.report.wholeness import Asked, verify_history

MACHINE = "a" * 32
COUNT = 4


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A history of several reports."""
    for number in range(COUNT):
        append(tmp_path, number)
    return tmp_path / "reports/m2"


@pytest.fixture
def paths(folder: Path) -> list[Path]:
    """Its reports, by sequence."""
    return history.stored(folder.parents[1], "m2")


@pytest.fixture
def head(folder: Path) -> Path:
    """Its head."""
    return folder / f"{MACHINE}.head"


def errors(folder: Path, asked: Asked | None = None) -> list[str]:
    """The rules that found an error."""
    found = verify_history(folder.parents[1], asked or Asked())
    return [finding.rule for finding in found if finding.severity == "error"]


def rules(folder: Path, asked: Asked | None = None) -> list[str]:
    """The rules that found something."""
    return [finding.rule for finding in verify_history(folder.parents[1], asked or Asked())]


def test_what_was_written_is_whole(folder: Path, paths: list[Path]) -> None:
    seen: list[Path] = []
    assert rules(folder, Asked(seen=seen.append)) == []
    assert seen == paths
    assert verify_history(folder / "nothing") == []


def test_the_change_of_any_byte_of_any_report_is_found(paths: list[Path]) -> None:
    for path in paths:
        data = path.read_bytes()
        assert sealed(data, "it")["id"] == path.stem[-12:]
        for offset, byte in enumerate(data):
            with pytest.raises(IntegrityError, match="it"):
                sealed(data[:offset] + bytes([byte ^ 1 << offset % 8]) + data[offset + 1 :], "it")


def test_the_change_of_any_byte_of_the_head_is_found(folder: Path, head: Path) -> None:
    data = head.read_bytes()
    for offset, byte in enumerate(data):
        changed = data[:offset] + bytes([byte ^ 1 << offset % 8]) + data[offset + 1 :]
        head.write_bytes(changed)
        assert errors(folder), changed


@pytest.mark.parametrize("place", range(COUNT))
def test_a_changed_byte_is_named_with_its_file(folder: Path, paths: list[Path], place: int) -> None:
    data = paths[place].read_bytes()
    for offset in range(0, len(data), len(data) // 12):
        paths[place].write_bytes(data[:offset] + bytes([data[offset] ^ 1]) + data[offset + 1 :])
        found = [finding for finding in verify_history(folder.parents[1]) if finding.severity == "error"]
        assert f"reports/m2/{paths[place].name}" in [finding.subject for finding in found]


@pytest.mark.parametrize("place", range(COUNT))
def test_a_report_that_was_changed_and_sealed_again_is_found(folder: Path, paths: list[Path], place: int) -> None:
    report = read_report(paths[place], folder)
    changed = seal(report.model_copy(update={"platform": "another"}), report.sequence, report.predecessor)
    paths[place].write_text(stored_text(changed))
    assert "chain.changed" in errors(folder)
    with pytest.raises(IntegrityError):
        append(folder.parents[1], 99)


def test_keys_that_changed_places_are_found(folder: Path, paths: list[Path]) -> None:
    text = paths[1].read_text()
    one, other = '  "created": "2026-02-15T16:30:05Z",\n', '  "finished": "2026-02-15T16:41:37Z",\n'
    assert one + other in text
    paths[1].write_text(text.replace(one + other, other + one))
    assert errors(folder) == ["chain.changed", "history.damaged"]


@pytest.mark.parametrize("gone", [(0,), (1,), (3,), (2, 3), (1, 2, 3), (0, 1, 2, 3)])
def test_a_deleted_report_is_missed(folder: Path, paths: list[Path], gone: tuple[int, ...]) -> None:
    for place in gone:
        paths[place].unlink()
    assert "chain.cut" in errors(folder)
    for attempt in (lambda root: append(root, 99), lambda root: history.preflight(root, "m2")):
        with pytest.raises(IntegrityError, match="reports are here, its head ends with"):
            attempt(folder.parents[1])
    assert len(history.stored(folder.parents[1], "m2")) == COUNT - len(gone)


def test_a_report_that_took_anothers_place_is_found(folder: Path, paths: list[Path]) -> None:
    one, other = paths[1].read_bytes(), paths[2].read_bytes()
    paths[1].write_bytes(other)
    assert errors(folder).count("history.damaged") == 1
    paths[2].write_bytes(one)
    assert errors(folder).count("history.damaged") == 2


def test_a_second_report_of_one_number_is_found(folder: Path, paths: list[Path]) -> None:
    report = read_report(paths[1], folder)
    twin = seal(report.model_copy(update={"id": "f" * 12}), report.sequence, report.predecessor)
    (folder / history.file_name(twin)).write_text(stored_text(twin))
    assert {"chain.twice", "chain.changed"} <= set(errors(folder))


def test_a_report_that_was_added_without_its_head_is_told_once_and_refused_twice(folder: Path, head: Path) -> None:
    data = head.read_bytes()
    append(folder.parents[1], 98)
    head.write_bytes(data)
    assert rules(folder) == ["chain.unanchored"]
    append(folder.parents[1], 99)
    assert rules(folder) == []
    head.write_bytes(data)
    assert errors(folder) == ["chain.ahead"]
    with pytest.raises(IntegrityError, match="2 reports follow"):
        append(folder.parents[1], 100)


def test_what_a_crash_did_not_leave_is_not_counted_by_the_next_report(folder: Path) -> None:
    forged = seal(draft(98), COUNT + 1, "f" * 64)
    (folder / history.file_name(forged)).write_text(stored_text(forged))
    assert errors(folder) == ["chain.broken"]
    with pytest.raises(IntegrityError, match="appended to another report"):
        append(folder.parents[1], 99)


def test_a_chain_without_a_head_is_a_warning_and_the_next_report_makes_one(folder: Path, head: Path) -> None:
    head.unlink()
    assert (rules(folder), errors(folder)) == (["history.no_head"], [])
    append(folder.parents[1], 99)
    assert rules(folder) == []
    assert read_head(head, folder).count == COUNT + 1


def test_no_head_is_made_for_a_chain_that_is_not_whole(folder: Path, paths: list[Path], head: Path) -> None:
    head.unlink()
    data = paths[1].read_bytes()
    for change in (lambda: paths[1].write_bytes(data.replace(b"26.2", b"26.3")), paths[1].unlink):
        change()
        with pytest.raises(IntegrityError):
            append(folder.parents[1], 99)
        assert not head.exists()


def test_a_history_that_was_rolled_back_is_found_by_the_head_kept_elsewhere(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "before")
    append(folder.parents[1], 98)
    kept = read_head(folder / f"{MACHINE}.head", folder)
    append(folder.parents[1], 99)
    elsewhere = Asked(elsewhere=[kept])
    assert rules(folder, elsewhere) == []
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "before", folder)
    assert rules(folder) == []
    assert errors(folder, elsewhere) == ["chain.rolled_back"]
    append(folder.parents[1], 100)
    assert errors(folder, elsewhere) == ["chain.changed"]
    shutil.rmtree(folder)
    assert errors(folder, elsewhere) == ["chain.rolled_back"]


def test_the_head_or_report_of_another_machine_is_found(folder: Path, paths: list[Path], head: Path) -> None:
    for number in range(2):
        append(folder.parents[1], 50 + number, machine="b" * 32)
    assert rules(folder) == []
    other = head.with_name(f"{'b' * 32}.head")
    data = other.read_bytes()
    other.write_bytes(head.read_bytes())
    assert errors(folder) == ["history.head"]
    other.write_bytes(data.replace(b'"m2"', b'"m4"'))
    assert errors(folder) == ["history.head"]
    other.write_bytes(data)
    paths[3].write_text(paths[3].read_text().replace(MACHINE, "b" * 32))
    assert {"chain.cut", "chain.gap", "history.damaged"} <= set(errors(folder))


def test_links_and_pipes_are_named_and_nobody_waits_for_them(folder: Path, paths: list[Path], head: Path) -> None:
    elsewhere = folder.parents[1] / "elsewhere.json"
    paths[0].rename(elsewhere)
    paths[0].symlink_to(elsewhere)
    assert {"history.damaged", "history.stray", "chain.cut"} == set(errors(folder)) - {"chain.gap"}
    paths[0].unlink()
    os.mkfifo(paths[0])
    assert {"history.damaged", "history.stray", "chain.cut"} == set(errors(folder)) - {"chain.gap"}
    paths[0].unlink()
    paths[0].hardlink_to(elsewhere)
    assert errors(folder) == ["history.hard_link"]
    elsewhere.unlink()
    assert rules(folder) == []
    head.rename(elsewhere)
    head.symlink_to(elsewhere)
    assert {"history.head", "history.stray"} <= set(errors(folder))
    with pytest.raises(IntegrityError, match="symbolic link"):
        append(folder.parents[1], 99)


def test_the_temporary_name_that_a_killed_writer_left_is_no_second_name(folder: Path, paths: list[Path]) -> None:
    paths[0].with_name(f".{paths[0].name}.part").hardlink_to(paths[0])
    assert rules(folder) == []
    append(folder.parents[1], 99)
    assert paths[0].stat().st_nlink == 1


def test_a_link_instead_of_a_folder_is_found(folder: Path) -> None:
    folder.rename(folder.parents[1] / "elsewhere")
    folder.symlink_to(folder.parents[1] / "elsewhere")
    assert errors(folder) == ["history.folder"]


def test_what_does_not_belong_is_named_and_what_belongs_is_not(folder: Path, paths: list[Path]) -> None:
    (folder / "notes.json").write_text("{}")
    paths[0].with_suffix(".intoto.json").write_text("{}")
    (folder / "x.intoto.json").write_text("{}")
    found = [(finding.severity, finding.subject) for finding in verify_history(folder.parents[1])]
    assert found == [("warning", "reports/m2/notes.json"), ("warning", "reports/m2/x.intoto.json")]


@pytest.mark.parametrize("name", ["../m2", "..", "/m2", "a/../b", "", "M2"])
def test_no_name_in_a_head_leads_out_of_the_history(folder: Path, head: Path, name: str) -> None:
    whole = read_head(head, folder)
    head.write_bytes(head_bytes(whole.model_copy(update={"environment": name})))
    assert errors(folder) == ["history.head"]


def test_the_example_has_one_file_and_one_page_a_report(folder: Path) -> None:
    assert len(files(folder.parents[1])) == 2 * COUNT
