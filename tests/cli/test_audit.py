"""``verify audit`` over what people wrote, and over our own history."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.made_up import with_results, write
from tests import examples
from tests.cli.conftest import Verify, keep
from tests.written import SOUND, WRONG

# So many reports are judged by several processes.
ENOUGH = 600
LARGER_THAN_EMPTY = 16384


@pytest.fixture
def written(project: Path) -> Path:
    (project / "old").mkdir()
    (project / "old" / "sound.md").write_text(SOUND, encoding="utf-8")
    (project / "old" / "wrong.md").write_text(WRONG, encoding="utf-8")
    return project / "old"


def line_of(text: str, words: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if words in line)


def test_a_report_whose_figures_follow_holds(written: Path, verify: Verify) -> None:
    finished = verify("audit", str(written / "sound.md"))
    assert (finished.returncode, finished.stderr) == (0, "")
    assert "1 document looked at: 0 wrong" in finished.stdout


def test_a_figure_that_does_not_follow_is_told_with_line_and_sum(written: Path, verify: Verify) -> None:
    finished = verify("audit", str(written / "wrong.md"))
    assert finished.returncode == 1
    line = line_of(WRONG, "780.9")
    assert f"{line:>5} ✗ recompute.value" in finished.stdout
    assert "780.9 GFLOPS is stated" in finished.stdout
    assert "the sum: 2 * " in finished.stdout


def test_findings_are_told_to_machines(written: Path, verify: Verify) -> None:
    told = json.loads(verify("audit", str(written), "--json").stdout)
    assert told["looked_at"] == {"old/sound.md": "document", "old/wrong.md": "document"}
    (finding,) = (one for one in told["findings"] if one["severity"] == "error")
    assert finding["place"] == {"file": "old/wrong.md", "line": line_of(WRONG, "780.9")}
    assert finding["recomputed"] == pytest.approx(2 * 2048**3 / 0.0022 / 1e9)


def test_sarif_puts_a_finding_on_its_line(written: Path, verify: Verify) -> None:
    told = json.loads(verify("audit", str(written / "wrong.md"), "--format", "sarif").stdout)
    (run,) = told["runs"]
    (result,) = (each for each in run["results"] if each["level"] == "error")
    place = result["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "old/wrong.md"},
        "region": {"startLine": line_of(WRONG, "780.9")},
    }
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_junit_has_a_failure_for_what_is_wrong(written: Path, verify: Verify) -> None:
    root = ET.fromstring(verify("audit", str(written), "--format", "junit").stdout)  # noqa: S314 - of our own making
    failures = {suite.get("name"): suite.get("failures") for suite in root}
    assert failures == {"old/sound.md": "0", "old/wrong.md": "1"}


def test_junit_has_a_failure_for_a_history_that_is_not_whole(project: Path, verify: Verify) -> None:
    keep(project, examples.report())
    keep(project, examples.report(id="0123456789ac", created="2026-02-03T04:05:06Z")).unlink()
    finished = verify("audit", "--format", "junit")
    assert finished.returncode == 4
    root = ET.fromstring(finished.stdout)  # noqa: S314 - of our own making
    assert root.get("failures") == "1"
    assert [suite.get("name") for suite in root if suite.get("failures") == "1"] == ["reports"]


def test_markdown_is_a_table_a_file(written: Path, verify: Verify) -> None:
    page = verify("audit", str(written / "wrong.md"), "--format", "markdown").stdout
    assert "## `old/wrong.md`" in page
    assert f"| {line_of(WRONG, '780.9')} " in page


def test_an_empty_history_has_nothing_wrong(verify: Verify) -> None:
    assert verify("audit").returncode == 0


def test_a_sound_history_holds(project: Path, verify: Verify) -> None:
    keep(project, examples.report())
    finished = verify("audit")
    assert finished.returncode == 0, finished.stdout
    assert "1 report looked at: 0 wrong" in finished.stdout


def test_a_changed_byte_in_the_history_is_an_error_of_integrity(project: Path, verify: Verify) -> None:
    path = keep(project, examples.report())
    path.write_bytes(path.read_bytes().replace(b"64", b"65", 1))
    finished = verify("audit")
    assert finished.returncode == 4
    assert path.name in finished.stdout


def test_what_was_found_is_remembered_and_asked_anew_where_that_is_wanted(project: Path, verify: Verify) -> None:
    keep(project, examples.report()).with_suffix(".md").unlink()
    first = verify("audit")
    memory = project / ".environments/audit.sqlite"
    assert verify("audit").stdout == first.stdout
    with sqlite3.connect(memory) as connection:
        connection.execute("UPDATE judged SET findings = '[]'")
    connection.close()
    assert ": 0 wrong, 0 doubtful" in verify("audit").stdout
    assert verify("audit", "--anew").stdout == first.stdout
    memory.write_bytes(b"no memory")
    finished = verify("audit")
    assert (finished.stdout, finished.stderr) == (first.stdout, "")


def test_an_interrupt_ends_the_audit_of_a_long_history_at_once_and_in_words(project: Path) -> None:
    whole = examples.certify()
    write(project, with_results(whole, [result for result in whole.results if result.outcome == "passed"]), ENOUGH)
    audit = subprocess.Popen(
        [sys.executable, "-m", "verify", "--root", str(project), "audit"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0,
        env={**os.environ, "PYTHONPATH": str(examples.ROOT)},
    )  # fmt: skip
    memory = project / ".environments/audit.sqlite"
    while audit.poll() is None and not (memory.exists() and memory.stat().st_size > LARGER_THAN_EMPTY):
        time.sleep(0.01)
    # As a terminal does it: to every process of the audit.
    os.killpg(audit.pid, signal.SIGINT)
    said, complained = audit.communicate(timeout=60)
    assert (audit.returncode, said) == (130, "")
    assert complained.splitlines()[0] == "error: interrupted"
    assert "Traceback" not in complained


def test_a_report_that_is_gone_is_an_error_of_integrity(project: Path, verify: Verify) -> None:
    keep(project, examples.report())
    last = keep(project, examples.report(id="0123456789ac", created="2026-02-03T04:05:06Z"))
    last.unlink()
    assert verify("audit").returncode == 4


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("old.md", b"\xff\xfe\x00", "UTF-8"),
        ("old.json", b"{", "old.json"),
        ("old.json", b'{"version": "v99"}', "v99"),
        ("old.pdf", b"%PDF", "neither JSON nor Markdown"),
    ],
)
def test_what_is_no_report_is_told_in_one_line(
    project: Path, verify: Verify, name: str, data: bytes, said: str
) -> None:
    (project / name).write_bytes(data)
    finished = verify("audit", str(project / name))
    assert finished.returncode == (2 if name.endswith("pdf") else 4)
    assert said in finished.stdout + finished.stderr
    assert "Traceback" not in finished.stderr


@pytest.mark.parametrize("name", ["there-is-none.md", "there-is-none.json", "there-is-no-folder"])
def test_what_is_not_there_is_told(verify: Verify, name: str) -> None:
    finished = verify("audit", name)
    assert finished.returncode == 5
    assert f"{name} does not exist" in finished.stderr


def test_several_files_are_counted_in_words(written: Path, verify: Verify) -> None:
    assert "2 documents looked at: 1 wrong" in verify("audit", str(written)).stdout


def test_a_link_is_not_followed(project: Path, verify: Verify, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text(WRONG, encoding="utf-8")
    (project / "link.md").symlink_to(tmp_path / "secret.md")
    finished = verify("audit", str(project / "link.md"))
    assert finished.returncode == 4
    assert "symbolic link" in finished.stdout


def test_signatures_are_of_the_whole_history(written: Path, verify: Verify) -> None:
    assert verify("audit", "--anew", str(written)).returncode == 2
    finished = verify("audit", "--signatures", str(written))
    assert finished.returncode == 2
    assert "whole history" in finished.stderr
