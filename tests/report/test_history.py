"""Reports are kept whole, in order, and for good."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from tests.report.histories import append, draft, files, fine, whole
from verify.errors import IntegrityError, StorageError, UsageError, VerifyError
from verify.judge.finding import error, warning
from verify.render import markdown
from verify.report import history
from verify.report.canonical import stored_text
from verify.report.chain import verify_chain
from verify.report.read import read_report
from verify.report.v2 import Finding
from verify.report.versions import AnyReport


def test_a_report_is_kept_with_its_markdown_beside_it(tmp_path: Path) -> None:
    path = append(tmp_path)
    assert path == tmp_path / "reports/m2/20260215T163005Z-000000000000.json"
    assert files(tmp_path) == ["20260215T163005Z-000000000000.json", "20260215T163005Z-000000000000.md"]
    assert path.with_suffix(".md").read_text() == markdown.render(read_report(path, tmp_path))


def test_each_report_names_its_predecessor(tmp_path: Path) -> None:
    for number in range(3):
        append(tmp_path, number)
    reports = whole(tmp_path)
    assert [report.sequence for report in reports] == [1, 2, 3]
    assert [report.predecessor for report in reports] == [None, reports[0].digest, reports[1].digest]


def test_each_machine_has_a_chain_of_its_own(tmp_path: Path) -> None:
    for number in range(4):
        append(tmp_path, number, machine="ab"[number % 2] * 32)
    assert [report.sequence for report in whole(tmp_path)] == [1, 1, 2, 2]
    last = history.latest(tmp_path, "m2", "a" * 32)
    assert last is not None
    assert last.id == f"{2:012x}"


def test_the_last_of_any_machine_is_the_newest(tmp_path: Path) -> None:
    assert history.latest(tmp_path, "m2") is None
    for number, machine in enumerate("aab"):
        append(tmp_path, number, machine=machine * 32)
    last = history.latest(tmp_path, "m2")
    assert last is not None
    assert last.machine == "b" * 32
    assert history.environments(tmp_path) == ["m2"]


def test_order_is_by_sequence_when_the_clock_went_back(tmp_path: Path) -> None:
    append(tmp_path, 1)
    earlier = draft(2).model_copy(update={"created": "2020-01-01T00:00:00Z"})
    history.append(tmp_path, earlier, render=markdown.render, audit=fine)
    append(tmp_path, 3)
    reports = [read_report(path, tmp_path) for path in history.stored(tmp_path, "m2")]
    assert [report.sequence for report in reports] == [2, 1, 3]
    assert [finding.rule for finding in verify_chain(reports)] == ["chain.clock"]


def test_a_report_is_never_overwritten(tmp_path: Path) -> None:
    kept = append(tmp_path, 1).read_bytes()
    with pytest.raises(IntegrityError, match="exists"):
        append(tmp_path, 1)
    assert [path.read_bytes() for path in history.stored(tmp_path, "m2")] == [kept]
    assert len(files(tmp_path)) == 2


def test_a_report_that_contradicts_itself_is_not_written(tmp_path: Path) -> None:
    def audit(_: AnyReport) -> Sequence[Finding]:
        return [warning("a.b", "c", "d"), error("counts.differ", "counts", "4 stated, 5 listed")]

    with pytest.raises(IntegrityError, match=r"counts\.differ: counts: 4 stated, 5 listed"):
        history.append(tmp_path, draft(), render=markdown.render, audit=audit)
    assert files(tmp_path) == []


def test_the_audit_sees_the_report_as_it_will_be_kept(tmp_path: Path) -> None:
    seen: list[AnyReport] = []

    def audit(report: AnyReport) -> Sequence[Finding]:
        seen.append(report)
        return [warning("a.b", "c", "d")]

    path = history.append(tmp_path, draft(), render=markdown.render, audit=audit)
    assert seen == [read_report(path, tmp_path)]


def test_a_report_that_is_none_is_not_written(tmp_path: Path) -> None:
    wrong = draft().model_copy(update={"planned": ("a.b",)})
    with pytest.raises(IntegrityError, match="the new report"):
        history.append(tmp_path, wrong, render=markdown.render, audit=fine)
    assert files(tmp_path) == []


def test_a_damaged_report_is_found_before_the_long_checks(tmp_path: Path) -> None:
    path = append(tmp_path)
    path.write_bytes(path.read_bytes()[:-100])
    for attempt in (lambda: history.preflight(tmp_path, "m2"), lambda: append(tmp_path, 1)):
        with pytest.raises(IntegrityError, match=r"reports/m2/.*json is damaged"):
            attempt()


def test_nothing_is_chained_to_a_report_that_was_changed(tmp_path: Path) -> None:
    path = append(tmp_path)
    path.write_text(path.read_text().replace("macOS 26.2", "macOS 26.3"))
    with pytest.raises(IntegrityError, match="digest"):
        append(tmp_path, 1)
    with pytest.raises(IntegrityError, match="digest"):
        history.preflight(tmp_path, "m2")


@pytest.mark.parametrize("name", ["../m2", "/m2", "m2/../..", "", ".", "M2", "CON", "m2\n", "m\0", "é", "x" * 300])
def test_no_name_leads_out_of_the_history(tmp_path: Path, name: str) -> None:
    for attempt in (history.preflight, history.stored, history.latest):
        with pytest.raises(UsageError) as caught:
            attempt(tmp_path, name)
        assert "\n" not in caught.value.message
    assert list(tmp_path.iterdir()) == []


def test_no_link_leads_out_of_the_history(tmp_path: Path) -> None:
    outside, project = tmp_path / "outside", tmp_path / "project"
    outside.mkdir()
    (project / "reports").mkdir(parents=True)
    (project / "reports/m2").symlink_to(outside)
    with pytest.raises(IntegrityError, match="symbolic link"):
        append(project)
    (project / "reports/m2").unlink()
    (project / "reports/m2").mkdir()
    (project / "reports/m2/.lock").symlink_to(outside / "file")
    with pytest.raises(StorageError):
        append(project)
    assert list(outside.iterdir()) == []


def test_a_file_where_a_folder_should_be_is_a_refusal(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("")
    with pytest.raises(VerifyError) as caught:
        history.preflight(tmp_path, "m2")
    assert caught.value.exit == 5
    for attempt in (history.environments, history.strays, lambda root: history.stored(root, "m2")):
        with pytest.raises(IntegrityError, match="reports is no folder"):
            attempt(tmp_path)


def test_other_files_beside_reports_are_left_alone(tmp_path: Path) -> None:
    append(tmp_path)
    for name in ("README.md", "notes.json"):
        (tmp_path / "reports/m2" / name).write_text("mine")
    append(tmp_path, 1)
    assert len(history.stored(tmp_path, "m2")) == 2
    assert (tmp_path / "reports/m2/notes.json").read_text() == "mine"


def test_the_stored_text_is_what_lies_on_the_disk(tmp_path: Path) -> None:
    path = append(tmp_path)
    assert path.read_text() == stored_text(read_report(path, tmp_path))


def test_a_report_under_another_name_or_in_another_place_is_refused(tmp_path: Path) -> None:
    first, second = append(tmp_path, 1), append(tmp_path, 2)
    assert history.read_stored(second, tmp_path).sequence == 2
    text = second.read_bytes()
    second.write_bytes(first.read_bytes())
    first.write_bytes(text)
    attempts = (lambda: history.read_stored(first, tmp_path), lambda: history.latest(tmp_path, "m2"))
    for attempt in (*attempts, lambda: append(tmp_path, 3), lambda: history.chain_of(tmp_path, "m2", "a" * 32)):
        with pytest.raises(IntegrityError, match="belongs at reports/m2/"):
            attempt()


def test_a_chain_that_was_renamed_or_moved_is_refused(tmp_path: Path) -> None:
    path = append(tmp_path)
    later = path.rename(path.with_name("20991121T000000Z-000000000000.json"))
    with pytest.raises(IntegrityError, match=path.name):
        history.read_stored(later, tmp_path)
    later.rename(path)
    path.parent.rename(tmp_path / "reports/cuda")
    with pytest.raises(IntegrityError, match="belongs at reports/m2/"):
        history.latest(tmp_path, "cuda")


def test_a_chain_is_in_the_order_of_its_sequence(tmp_path: Path) -> None:
    for number, machine in ((3, "a"), (2, "b"), (1, "a")):
        append(tmp_path, number, machine=machine * 32)
    assert [report.id for report in history.chain_of(tmp_path, "m2", "a" * 32)] == [f"{3:012x}", f"{1:012x}"]
    assert history.chain_of(tmp_path, "m4", "a" * 32) == []


def test_a_link_or_a_file_in_place_of_a_folder_is_named(tmp_path: Path) -> None:
    append(tmp_path)
    (tmp_path / "reports/m4").write_text("")
    by_name = (history.stored, history.latest)
    for attempt in (history.environments, history.strays, *(partial(one, environment="m4") for one in by_name)):
        with pytest.raises(IntegrityError, match="reports/m4 is no folder"):
            attempt(tmp_path)
    (tmp_path / "reports/m4").unlink()
    (tmp_path / "reports").rename(tmp_path / "elsewhere")
    (tmp_path / "reports").symlink_to("elsewhere")
    for attempt in (history.environments, history.strays, lambda root: history.stored(root, "m2")):
        with pytest.raises(IntegrityError, match="reports is a symbolic link"):
            attempt(tmp_path)


def test_what_does_not_belong_in_a_history_is_named(tmp_path: Path) -> None:
    assert history.strays(tmp_path) == []
    folder = append(tmp_path).parent
    for name in ("page.md", "page.html", ".hidden"):
        (folder / name).write_text("")
    (folder.parent / "README.md").write_text("")
    assert history.strays(tmp_path) == []
    (folder / "notes.json").write_text("")
    (folder / "old").mkdir()
    (folder / "page2.md").symlink_to("page.md")
    (folder.parent / "M2").mkdir()
    assert [path.name for path in history.strays(tmp_path)] == ["M2", "notes.json", "old", "page2.md"]


def test_other_pages_lie_beside_the_report_too(tmp_path: Path) -> None:
    path = history.append(
        tmp_path, draft(), render=markdown.render, audit=fine, beside={".html": lambda report: f"<p>{report.id}"}
    )
    assert path.with_suffix(".html").read_text() == f"<p>{history.read_stored(path, tmp_path).id}"
    assert path.with_suffix(".md").is_file()
    assert history.strays(tmp_path) == []
