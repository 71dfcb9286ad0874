"""A node is believed as far as it proves itself."""

from pathlib import Path

import pytest

from tests import examples
from tests.fleet.runs import BEGUN, answered, certified, kept, plan
from verify.fleet.inbox import Answer, Began, Ended, answer, began, ended, last_line, signal_name
from verify.fleet.plan import Plan
from verify.judge.finding import error
from verify.report.v2 import Finding
from verify.report.versions import AnyReport


def told(folder: Path, report: AnyReport | None, status: int = 0, asked: Plan | None = None, job: int = 7) -> Answer:
    asked = asked or plan()
    place = answered(kept(folder, asked), "n1", report, status, job)
    return answer(place, asked, Began(7, "n1", BEGUN), status, no_doubt)


def no_doubt(_report: AnyReport) -> list[Finding]:
    return []


def test_a_certified_node_is_certified(tmp_path: Path) -> None:
    found = told(tmp_path, certified())
    assert (found.state, found.reason) == ("certified", None)
    assert found.report is not None


def test_a_conditional_one_says_why(tmp_path: Path) -> None:
    found = told(tmp_path, examples.report())
    assert found.state == "conditional"
    assert found.reason is not None
    assert "other processes used 31%" in found.reason
    assert "(and 1 more)" in found.reason


def test_a_refused_one_says_why(tmp_path: Path) -> None:
    bad = examples.result("a.question", **examples.not_passed("failed", "it is 3, not 4"))
    found = told(tmp_path, certified(results=[bad]))
    assert found.state == "refused"


def test_a_quick_level_passes_or_is_refused_and_certifies_nothing(tmp_path: Path) -> None:
    asked = plan(level="quick")
    assert told(tmp_path / "one", examples.report("v1", results=examples.results()[:3]), asked=asked).state == "passed"
    found = told(tmp_path / "other", examples.report("v1"), asked=asked)
    assert (found.state, found.reason) == ("refused", "quantization.int8_keeps_the_outputs[mps] failed")


def test_how_it_ended_outranks_what_it_wrote(tmp_path: Path) -> None:
    found = told(tmp_path, certified(), status=139)
    assert (found.state, found.report) == ("crashed", None)
    assert found.reason is not None
    assert "signal 11, SIGSEGV" in found.reason


def test_without_a_report_it_was_not_run_and_its_log_says_why(tmp_path: Path) -> None:
    found = told(tmp_path, None, status=5)
    assert (found.state, found.reason) == ("not_run", "it ended with 5 and left no report: error: the disk is full")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"environment": {"name": "m1", "digest": "e" * 64}}, "the environment m1, not m2"),
        ({"lock": {"name": "other.txt", "digest": "2" * 64, "packages": 1}}, "the lock 222222222222, not 111111111111"),
        ({"level": "full"}, "the level full, not certify"),
        ({"created": "2026-02-14T16:30:05Z"}, "it is not of this job"),
    ],
)
def test_the_report_of_something_else_is_refused(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    found = told(tmp_path, certified(**changes))
    assert (found.state, found.report) == ("damaged", None)
    assert found.reason is not None
    assert words in found.reason


def test_the_report_of_another_job_is_refused(tmp_path: Path) -> None:
    found = told(tmp_path, certified(), job=8)
    assert (found.state, found.report) == ("damaged", None)
    assert found.reason == "its folder was written by job 8 on n1, not by job 7 on n1"


def test_any_changed_byte_of_a_report_is_damage(tmp_path: Path) -> None:
    asked = plan()
    place = answered(kept(tmp_path, asked), "n1", certified())
    whole = (place / "report.json").read_bytes()
    for data in (whole.replace(b"Apple", b"Bpple", 1), whole[:-20], b"", b"{}\n"):
        (place / "report.json").write_bytes(data)
        assert answer(place, asked, Began(7, "n1", BEGUN), 0, no_doubt).state == "damaged"


def test_a_link_in_the_place_of_a_report_is_not_followed(tmp_path: Path) -> None:
    asked = plan()
    place = answered(kept(tmp_path, asked), "n1", certified())
    (place / "report.json").rename(tmp_path / "elsewhere")
    (place / "report.json").symlink_to(tmp_path / "elsewhere")
    assert answer(place, asked, Began(7, "n1", BEGUN), 0, no_doubt).state == "damaged"


def test_a_report_that_contradicts_itself_is_damaged(tmp_path: Path) -> None:
    asked = plan()
    place = answered(kept(tmp_path, asked), "n1", certified())
    found = answer(place, asked, Began(7, "n1", BEGUN), 0, lambda _: [error("physics.x", "a", "faster than light")])
    assert (found.state, found.reason) == ("damaged", "it contradicts itself: physics.x: a: faster than light")


def test_what_was_not_written_whole_was_not_written(tmp_path: Path) -> None:
    for text in (
        "",
        "7",
        "7 n1",
        "x n1 5",
        "7 n1 5 6",
        "7 n1 -5",
        "\udcff".encode("utf-8", "surrogateescape").decode("latin-1"),
    ):
        (tmp_path / "began").write_text(text, encoding="latin-1")
        (tmp_path / "ended").write_text(text, encoding="latin-1")
        assert began(tmp_path) is None
        assert ended(tmp_path) is None
    (tmp_path / "began").write_text("7 n1 5\n")
    (tmp_path / "ended").write_text("0 9\n")
    assert began(tmp_path) == Began(7, "n1", 5)
    assert ended(tmp_path) == Ended(0, 9)


def test_of_a_long_log_the_last_line_is_read(tmp_path: Path) -> None:
    assert last_line(tmp_path) == "it wrote nothing"
    (tmp_path / "slurm.log").write_text("slurmstepd: error: no space\n")
    assert last_line(tmp_path) == "slurmstepd: error: no space"
    (tmp_path / "log").write_bytes(b"\xff" * 100_000 + b"\nthe last\n\n")
    assert last_line(tmp_path) == "the last"
    (tmp_path / "log").write_text("the last\nTerminated\n")
    assert last_line(tmp_path) == "the last"
    (tmp_path / "log").write_text("Terminated\n")
    assert last_line(tmp_path) == "Terminated"


def test_a_signal_has_a_name_where_the_system_has_one() -> None:
    assert signal_name(9) == "signal 9, SIGKILL"
    assert signal_name(127) == "signal 127"
