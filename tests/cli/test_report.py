import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests import examples
from tests.cli.conftest import ROOT, Verify, keep
from tests.written import SOUND
from verify.errors import Exit
from verify.run.assemble import sources_digest


def test_a_report_is_shown_in_every_format(project: Path, verify: Verify) -> None:
    path = keep(project, examples.draft_judged())
    assert verify("report", "show").stdout.startswith("m2: CONDITIONAL")
    assert verify("report", "show", str(path), "--format", "markdown").stdout.startswith("# m2: conditional")
    assert verify("report", "show", "--json").stdout == path.read_text(encoding="utf-8")
    junit = ET.fromstring(verify("report", "show", "--format", "junit").stdout)  # noqa: S314 - our own output
    assert junit.tag == "testsuites"


def test_without_a_report_it_says_how_to_make_one(verify: Verify) -> None:
    ended = verify("report", "show")
    assert ended.returncode == Exit.USAGE
    assert ended.stderr == "error: reports/ holds no report\nhint: make one: ./noxw -s setup verify\n"


def test_whole_reports_are_valid(project: Path, verify: Verify) -> None:
    for number in range(3):
        keep(project, examples.draft_judged(id=f"{number:012x}"))
    ended = verify("report", "validate")
    assert (ended.returncode, ended.stdout) == (Exit.HOLDS, "3 of 3 reports are what was written; findings: 0\n")


@pytest.mark.parametrize("change", [(b'"certify"', b'"certifY"'), (b"\n", b" \n"), (b"12540", b"12541")])
def test_a_changed_report_is_refused_by_name(project: Path, verify: Verify, change: tuple[bytes, bytes]) -> None:
    path = keep(project, examples.draft_judged())
    before = path.read_bytes()
    path.write_bytes(before.replace(*change, 1))
    if before == path.read_bytes():
        path.write_bytes(before + b" ")
    ended = verify("report", "validate")
    assert ended.returncode == Exit.INTEGRITY
    assert path.name in ended.stderr
    assert len(ended.stderr.splitlines()) == 2


def test_a_report_taken_out_of_the_middle_is_missed(project: Path, verify: Verify) -> None:
    paths = [keep(project, examples.draft_judged(id=f"{number:012x}")) for number in range(3)]
    paths[1].unlink()
    ended = verify("report", "validate", "--json")
    assert ended.returncode == Exit.INTEGRITY
    assert [finding["rule"] for finding in json.loads(ended.stdout)["findings"]] == ["chain.gap"]


def test_a_renamed_report_is_not_taken_for_the_newest(project: Path, verify: Verify) -> None:
    path = keep(project, examples.draft_judged())
    path.rename(path.with_name(path.name.replace("2026", "2099")))
    ended = verify("report", "show")
    assert ended.returncode == Exit.INTEGRITY
    assert "belongs at reports/m2/2026" in ended.stderr


def test_a_page_that_was_touched_up_is_found(project: Path, verify: Verify) -> None:
    report = examples.draft_judged(suite={"version": "0.1.0", "digest": sources_digest(ROOT / "verify")})
    page = keep(project, report).with_suffix(".md")
    page.write_text(page.read_text(encoding="utf-8").replace("conditional", "certified!!", 1), encoding="utf-8")
    ended = verify("report", "validate")
    assert ended.returncode == Exit.INTEGRITY
    assert "does not say what its report says" in ended.stdout


def test_strays_and_missing_pages_are_named_and_nothing_at_all_is_no_success(project: Path, verify: Verify) -> None:
    assert verify("report", "validate").returncode == Exit.USAGE
    path = keep(project, examples.draft_judged())
    path.with_suffix(".md").unlink()
    path.with_name("notes.json").write_text("{}")
    told = verify("report", "validate")
    assert told.returncode == Exit.HOLDS
    assert "notes.json: is no report of ours" in told.stdout
    assert "makes it anew" in told.stdout


def test_an_older_report_is_converted_and_the_stored_one_stays(project: Path, verify: Verify) -> None:
    path = keep(project, examples.draft("v1"))
    before = path.read_bytes()
    converted = json.loads(verify("report", "convert", str(path)).stdout)
    assert (converted["version"], converted["upgraded_from"]["version"]) == ("v3", "v1")
    assert path.read_bytes() == before


def test_a_newer_report_cannot_become_older(project: Path, verify: Verify) -> None:
    path = keep(project, examples.draft_judged())
    ended = verify("report", "convert", str(path), "--to", "v1")
    assert ended.returncode == Exit.USAGE
    assert "cannot become v1" in ended.stderr


def test_a_file_that_is_not_there_is_named(project: Path, verify: Verify) -> None:
    ended = verify("report", "show", str(project / "reports" / "none.json"))
    assert ended.returncode == Exit.INPUT_OUTPUT
    assert "none.json" in ended.stderr


def test_a_written_report_is_kept_with_every_value_carried(project: Path, verify: Verify) -> None:
    (project / "old.md").write_text(SOUND, encoding="utf-8")
    ended = verify("report", "convert", str(project / "old.md"), "--environment", "m2")
    assert (ended.returncode, ended.stderr) == (0, "")
    kept = json.loads(ended.stdout)
    figures = [figure for result in kept["results"] for figure in result["measurements"]]
    assert {figure["provenance"] for figure in figures} == {"carried"}
    assert {figure["name"]: figure["value"] for figure in figures}["load_rate"] == 24_888
    assert kept["verdict"]["value"] == "refused"
    (project / "kept.json").write_text(ended.stdout, encoding="utf-8")
    assert verify("report", "show", str(project / "kept.json")).returncode == 0


def test_a_written_report_needs_to_be_told_whose_history_it_is_of(project: Path, verify: Verify) -> None:
    (project / "old.md").write_text(SOUND, encoding="utf-8")
    ended = verify("report", "convert", str(project / "old.md"))
    assert ended.returncode == 2
    assert "--environment NAME" in ended.stderr
