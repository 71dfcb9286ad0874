"""The index holds what the files hold, and reads again only what changed."""

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests import examples
from tests.report.histories import append, draft, fine
from verify.errors import IntegrityError, StorageError, UsageError
from verify.render import markdown
from verify.report import history, index
from verify.report.index import Refreshed, refresh
from verify.report.query import Cell, asked, percentile
from verify.report.read import read_report
from verify.report.series import series_of


def ask(at: Path, query: str) -> list[tuple[Cell, ...]]:
    """What a query gives."""
    with asked(at, query) as answers:
        return list(answers.rows)


def keep(root: Path, number: int, **changes: Any) -> Path:
    """Append the whole example."""
    report = examples.draft_judged(id=f"{number:012x}", **changes)
    return history.append(root, report, render=markdown.render, audit=fine)


@pytest.fixture
def at(tmp_path: Path) -> Path:
    """Where the index lies."""
    return tmp_path / ".environments" / index.FILE


def test_the_index_holds_what_the_reports_hold(tmp_path: Path, at: Path) -> None:
    reports = [read_report(keep(tmp_path, number), tmp_path) for number in range(3)]
    assert refresh(tmp_path, at) == Refreshed(reports=3, read=3, forgotten=0)
    rows = ask(at, "SELECT id, digest, sequence, verdict, planned, interrupted FROM reports ORDER BY sequence")
    assert rows == [(one.id, one.digest, one.sequence, "conditional", 9, 0) for one in reports]
    assert ask(at, "SELECT count(*) FROM results") == [(3 * 9,)]
    rate = "SELECT value, low, high, samples, unit FROM measurements WHERE name = 'rate' LIMIT 1"
    figure = examples.certify().results[7].measurements[0]
    assert ask(at, rate) == [(figure.value, min(figure.samples), max(figure.samples), 5, "GFLOPS")]
    assert ask(at, "SELECT version FROM packages WHERE name = 'torch'") == [("2.10.0",)] * 3
    assert ask(at, "SELECT count(*) FROM package_sets") == [(1,)]


def test_only_what_is_new_or_changed_is_read_again(tmp_path: Path, at: Path) -> None:
    first = append(tmp_path, 1)
    append(tmp_path, 2)
    assert refresh(tmp_path, at) == Refreshed(2, 2, 0)
    assert refresh(tmp_path, at) == Refreshed(2, 0, 0)
    os.utime(first, ns=(1, 1))
    append(tmp_path, 3)
    assert refresh(tmp_path, at) == Refreshed(3, 2, 0)
    first.unlink()
    assert refresh(tmp_path, at) == Refreshed(2, 0, 1)
    assert ask(at, "SELECT sequence FROM reports ORDER BY sequence") == [(2,), (3,)]
    assert ask(at, "SELECT count(*) FROM results") == [(2,)]


def test_a_report_that_was_changed_is_refused_and_the_index_stays_as_it_was(tmp_path: Path, at: Path) -> None:
    append(tmp_path, 1)
    refresh(tmp_path, at)
    append(tmp_path, 2)
    last = append(tmp_path, 3)
    last.write_text(last.read_text().replace("macOS 26.2", "macOS 26.3"))
    with pytest.raises(IntegrityError, match=f"{last.name}: its digest"):
        refresh(tmp_path, at)
    assert ask(at, "SELECT count(*) FROM reports") == [(1,)]


def test_a_report_in_anothers_place_is_refused(tmp_path: Path, at: Path) -> None:
    path = append(tmp_path, 1)
    path.rename(path.with_name("20990101T000000Z-000000000001.json"))
    with pytest.raises(IntegrityError, match="holds another report"):
        refresh(tmp_path, at)


@pytest.mark.parametrize("headless", [False, True])
@pytest.mark.parametrize("place", range(3))
def test_every_changed_report_is_found_with_a_head_and_without(
    tmp_path: Path, at: Path, place: int, *, headless: bool
) -> None:
    path = [append(tmp_path, number) for number in range(3)][place]
    if headless:
        next(path.parent.glob("*.head")).unlink()
    whole = path.read_bytes()
    for old, new in ((b'"macOS 26.2"', b'"macOS 26.3"'), (b'"passed": 1', b'"passed": NaN'), (b"}", b"]"), (b"{", b"")):
        path.write_bytes(whole.replace(old, new, 1))
        with pytest.raises(IntegrityError, match=path.name):
            refresh(tmp_path, at)
    path.write_bytes(whole)
    assert refresh(tmp_path, at).read == 3


def test_a_deleted_report_hides_no_change_of_another(tmp_path: Path, at: Path) -> None:
    paths = [append(tmp_path, number) for number in range(3)]
    paths[2].unlink()
    paths[0].write_text(paths[0].read_text().replace("macOS 26.2", "macOS 26.3"))
    with pytest.raises(IntegrityError, match=paths[0].name):
        refresh(tmp_path, at)


def test_reports_of_every_version_are_indexed(tmp_path: Path, at: Path) -> None:
    for number, report in enumerate((examples.draft("v1"), examples.with_verdict(examples.draft("v2")))):
        named = report.model_copy(update={"id": f"{number:012x}"})
        history.append(tmp_path, named, render=markdown.render, audit=fine)
    refresh(tmp_path, at)
    assert ask(at, "SELECT version, verdict FROM reports ORDER BY 1") == [("v1", None), ("v2", "conditional")]
    assert ask(at, "SELECT count(*) FROM measurements") == [(0,)]


@pytest.mark.parametrize("data", [b"", b"no database at all, but long enough to be one" * 40])
def test_an_index_that_is_none_is_made_anew(tmp_path: Path, at: Path, data: bytes) -> None:
    append(tmp_path, 1)
    at.parent.mkdir()
    at.write_bytes(data)
    assert refresh(tmp_path, at).read == 1


def test_an_index_of_another_version_is_made_anew(tmp_path: Path, at: Path) -> None:
    append(tmp_path, 1)
    refresh(tmp_path, at)
    with sqlite3.connect(at) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert refresh(tmp_path, at).read == 1


def test_where_the_index_cannot_be_written_it_says_so(tmp_path: Path, at: Path) -> None:
    append(tmp_path, 1)
    at.mkdir(parents=True)
    with pytest.raises(StorageError, match=r"history\.sqlite"):
        refresh(tmp_path, at)


def test_what_no_head_counts_is_proven_by_two_processes_where_it_is_much(
    tmp_path: Path, at: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [append(tmp_path, number) for number in range(5)]
    next(paths[0].parent.glob("*.head")).unlink()
    seen: list[tuple[str, int, int]] = []
    monkeypatch.setattr(index, "MANY", 1)
    monkeypatch.setattr(index, "CHUNK", 2)
    whole = paths[3].read_text()
    paths[3].write_text(whole.replace("macOS 26.2", "macOS 26.3"))
    with pytest.raises(IntegrityError, match=paths[3].name):
        refresh(tmp_path, at)
    paths[3].write_text(whole)
    assert refresh(tmp_path, at, lambda *told: seen.append(told)).read == 5
    assert seen == [*(("reading", number, 5) for number in range(1, 6)), *(("proving", done, 5) for done in (2, 4, 5))]


def test_what_a_head_counts_is_not_proven_again(tmp_path: Path, at: Path) -> None:
    append(tmp_path, 1)
    seen: list[str] = []
    refresh(tmp_path, at, lambda what, _done, _all: seen.append(what))
    assert seen == ["reading"]


def test_a_query_reads_and_nothing_else(tmp_path: Path, at: Path) -> None:
    append(tmp_path, 1)
    refresh(tmp_path, at)
    writing = (
        "DELETE FROM reports",
        "INSERT INTO reports (report) VALUES (7)",
        "DROP TABLE results",
        "CREATE TABLE mine (x)",
        f"ATTACH '{tmp_path / 'mine'}' AS mine",
        "PRAGMA user_version = 2",
        f"VACUUM INTO '{tmp_path / 'mine'}'",
        "SELECT load_extension('mine')",
        "BEGIN",
    )
    for query in writing:
        with pytest.raises(UsageError) as caught:
            ask(at, query)
        assert "\n" not in caught.value.message
        assert "reports, results, measurements, packages" in caught.value.hint
    assert ask(at, "SELECT count(*) FROM reports") == [(1,)]
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize(
    "query", ["", "SELEC 1", "SELECT nothing FROM reports", "SELECT 1; SELECT 2", "SELECT median()"]
)
def test_what_is_no_query_is_refused(tmp_path: Path, at: Path, query: str) -> None:
    append(tmp_path, 1)
    refresh(tmp_path, at)
    if not query:
        assert ask(at, query) == []
        return
    with pytest.raises(UsageError):
        ask(at, query)


def test_medians_and_percentiles_are_there(tmp_path: Path, at: Path) -> None:
    append(tmp_path, 1)
    refresh(tmp_path, at)
    values = "FROM (SELECT 1 AS x UNION SELECT 2 UNION SELECT 4 UNION SELECT NULL)"
    assert ask(at, f"SELECT median(x), percentile(x, 0), percentile(x, 100), percentile(x, 75) {values}") == [
        (2.0, 1.0, 4.0, 3.0)
    ]
    assert ask(at, "SELECT median(x), percentile(x, 5) FROM (SELECT 1 AS x) WHERE x > 1") == [(None, None)]
    with pytest.raises(UsageError):
        ask(at, f"SELECT percentile(x, 101) {values}")
    assert percentile([], 50) is None


def test_without_an_index_it_says_so(at: Path) -> None:
    with pytest.raises(StorageError, match="is not there"):
        ask(at, "SELECT 1")


def test_a_figure_has_a_history_for_each_machine_and_condition(tmp_path: Path, at: Path) -> None:
    for number in range(4):
        keep(tmp_path, number, machine="ab"[number % 2] * 32)
    refresh(tmp_path, at)
    found = list(series_of(at, environment=None, metric="rate", last=10))
    assert [(one.machine, [point.sequence for point in one.points]) for one in found] == [
        ("a" * 32, [1, 2]),
        ("b" * 32, [1, 2]),
    ]
    assert {one.unit for one in found} == {"GFLOPS"}
    assert (tmp_path / found[0].files[0]).is_file()
    assert [len(one.points) for one in series_of(at, environment="m2", metric="matmul.rate", last=1)] == [1, 1]
    assert list(series_of(at, environment="m4", metric=None, last=10)) == []
    # What was disturbed, or has no better and worse, or was not measured, has none.
    names = {one.name for one in series_of(at, environment=None, metric=None, last=10)}
    assert names == {"rate", "final_loss"}


def test_the_example_is_what_it_is_called() -> None:
    assert draft(3).id == "000000000003"
