"""Each column of the index is what the report says, and each figure and report is listed with all that pages show."""

import hashlib
import json
from pathlib import Path
from typing import Any

from tests import examples
from tests.report.histories import fine
from verify.render import markdown
from verify.report import history, overview
from verify.report.index import refresh
from verify.report.query import asked
from verify.report.read import read_report
from verify.report.rows import Source, rows_of
from verify.report.upgrade import newest

EMPTY = {
    "reports": "SELECT * FROM reports LIMIT 0",
    "results": "SELECT * FROM results LIMIT 0",
    "measurements": "SELECT * FROM measurements LIMIT 0",
}


def kept(root: Path, number: int = 1, **changes: Any) -> Path:
    """Append the whole example."""
    report = examples.draft_judged(id=f"{number:012x}", **changes)
    return history.append(root, report, render=markdown.render, audit=fine)


def columns(root: Path, path: Path, table: str) -> list[dict[str, object]]:
    """What the rows of a report are in a table, by their columns."""
    rows = rows_of(root, Source(str(path.relative_to(root)), 7, 8))
    found = {"reports": [rows.report], "results": rows.results, "measurements": rows.measurements}[table]
    index = root / "index"
    refresh(root, index)
    with asked(index, EMPTY[table]) as answers:
        names = [name for name in answers.columns if name not in ("report", "package_set")]
    return [dict(zip(names, row, strict=True)) for row in found]


def test_a_report_is_a_row_of_what_it_says(tmp_path: Path) -> None:
    devices = [examples.device("cuda", driver="580.95"), examples.device("cpu"), examples.device("mps", driver="1")]
    path = kept(tmp_path, facts=examples.facts(devices=devices))
    report = newest(read_report(path, tmp_path))
    (row,) = columns(tmp_path, path, "reports")
    assert row == {
        "path": f"reports/m2/{path.name}",
        "size": 7,
        "mtime_ns": 8,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "digest": report.digest,
        "id": "000000000001",
        "environment": "m2",
        "machine": "a" * 32,
        "sequence": 1,
        "created": "2026-02-15T16:30:05Z",
        "finished": "2026-02-15T16:41:37Z",
        "version": "v3",
        "level": "certify",
        "verdict": "refused",
        "interrupted": False,
        "suite": "5" * 64,
        "lock": "1" * 64,
        "platform": "macos-arm64",
        "system": "Darwin macOS 26.2",
        "build": "25C56",
        "kernel": "25.2.0",
        "python": "3.14.2",
        "processor": "Apple M2 Ultra",
        "drivers": "cuda 580.95, mps 1",
        "planned": 9,
        "passed": 7,
    }
    plain = kept(tmp_path, 2)
    assert columns(tmp_path, plain, "reports")[0]["drivers"] is None


def test_a_result_is_a_row_of_what_it_says(tmp_path: Path) -> None:
    rows = columns(tmp_path, kept(tmp_path), "results")
    assert rows[4] == {
        "check_id": "training.tinynet_learns[cuda]",
        "device": "cuda",
        "kind": "functional",
        "outcome": "skipped",
        "required": False,
        "seconds": 0,
        "peak_memory_bytes": None,
        "reason": "m2 promises no cuda",
    }
    assert (rows[7]["kind"], rows[7]["seconds"], rows[7]["peak_memory_bytes"]) == ("benchmark", 21.25, 412_000_000)


def test_a_figure_is_a_row_of_what_it_says(tmp_path: Path) -> None:
    rows = columns(tmp_path, kept(tmp_path), "measurements")
    assert rows[-1] == {
        "check_id": "bandwidth.copy[mps]",
        "device": "mps",
        "name": "copy",
        "conditions": '{"bytes": 1073741824}',
        "unit": "GB/s",
        "direction": "higher",
        "value": 352.5,
        "low": 349.25,
        "high": 357,
        "samples": 3,
        "provenance": "measured",
        "inconclusive": "other processes used 31% of the processors",
    }
    assert [row["inconclusive"] for row in rows[:-1]] == [None] * (len(rows) - 1)


def test_conditions_are_told_in_one_order_and_in_their_own_letters(tmp_path: Path) -> None:
    figure = examples.measured("rate", [1.0], "1", conditions={"z": "ö", "a": 1})
    path = kept(tmp_path, results=[examples.result("a.b", measurements=[figure])])
    (row,) = columns(tmp_path, path, "measurements")
    assert row["conditions"] == '{"a": 1, "z": "ö"}'
    rows = rows_of(tmp_path, Source(str(path.relative_to(tmp_path)), 1, 1))
    assert json.loads(rows.packages) == [[name, version] for name, version in examples.PACKAGES.items()]


def test_an_overview_lists_every_report_of_an_environment_or_of_all(tmp_path: Path) -> None:
    kept(tmp_path, 1)
    later = {"created": "2026-02-16T16:30:05Z", "finished": "2026-02-16T16:41:37Z"}
    kept(tmp_path, 2, environment={"name": "m4", "digest": "e" * 64}, **later)
    index = tmp_path / "index"
    refresh(tmp_path, index)
    first, second = overview.listed(index, None)
    assert first == overview.Listed(
        id="000000000001",
        environment="m2",
        machine="a" * 32,
        sequence=1,
        created="2026-02-15T16:30:05Z",
        finished="2026-02-15T16:41:37Z",
        level="certify",
        verdict="conditional",
        passed=7,
        planned=9,
        lock="1" * 64,
    )
    assert overview.listed(index, "m4") == [second]
    assert overview.listed(index, "other") == []


def test_an_overview_takes_the_measured_figures_of_the_newest_reports(tmp_path: Path) -> None:
    kept(tmp_path, 1)
    kept(tmp_path, 2, created="2026-02-16T16:30:05Z", finished="2026-02-16T16:41:37Z")
    index = tmp_path / "index"
    refresh(tmp_path, index)
    every = overview.taken(index, None, 2)
    assert {one.report for one in every} == {"000000000001", "000000000002"}
    newest_alone = overview.taken(index, "m2", 1)
    assert {one.report for one in newest_alone} == {"000000000002"}
    assert sorted({one.name for one in newest_alone}) == ["copy", "final_loss", "rate"]
    (copy,) = (one for one in newest_alone if one.name == "copy")
    assert copy == overview.Taken(
        report="000000000002",
        check="bandwidth.copy[mps]",
        name="copy",
        conditions='{"bytes": 1073741824}',
        unit="GB/s",
        direction="higher",
        value=352.5,
        low=349.25,
        high=357,
    )
    assert overview.taken(index, "m4", 2) == []
