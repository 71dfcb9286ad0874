import json
from pathlib import Path

import pytest

from verify.probe.check import Check, Terms
from verify.run.answer import Answer, answer_from, seconds_inside
from verify.run.child import Ending
from verify.run.plan import Job

JOB = Job(Check("a.b", "functional", "title", "advice", "a.py", Terms("quick", (), (), 5.0, False)), None, True, None)


def ending(code: int = 0, *, timed_out: bool = False, memory_killed: bool = False, log: str = "") -> Ending:
    return Ending(code, timed_out, memory_killed, 1.5, 100.0, log)


def read(path: Path, end: Ending, *, interrupted: bool = False) -> Answer:
    return answer_from(JOB, end, path, interrupted=interrupted)


def left(folder: Path, content: str) -> Path:
    path = folder / "answer.json"
    path.write_text(content)
    return path


PASSED = json.dumps({"outcome": "passed", "reason": None, "seconds": 0.5, "measurements": [1], "notes": {}})


def test_a_clean_ending_with_an_answer_is_believed(tmp_path: Path) -> None:
    answer = read(left(tmp_path, PASSED), ending())
    assert (answer.outcome, answer.seconds, answer.wall_seconds) == ("passed", 0.5, 1.5)
    assert answer.measured == {"measurements": [1], "notes": {}}


def test_a_bad_exit_outranks_a_passing_answer(tmp_path: Path) -> None:
    assert read(left(tmp_path, PASSED), ending(3)).outcome == "crashed"
    assert read(left(tmp_path, PASSED), ending(-11)).reason == "killed by signal 11 (SIGSEGV)"


def test_a_kill_for_memory_is_told_from_another_kill(tmp_path: Path) -> None:
    assert read(tmp_path / "none", ending(-9, memory_killed=True)).outcome == "out_of_memory"
    assert read(tmp_path / "none", ending(-9)).outcome == "crashed"


def test_no_answer_is_a_crash_whatever_the_exit_code(tmp_path: Path) -> None:
    assert read(tmp_path / "none", ending(0)).outcome == "crashed"


def test_a_time_out_outranks_the_way_it_ended(tmp_path: Path) -> None:
    assert read(left(tmp_path, PASSED), ending(0, timed_out=True)).outcome == "timed_out"


def test_an_interrupted_job_is_skipped(tmp_path: Path) -> None:
    assert read(tmp_path / "none", ending(-9), interrupted=True).outcome == "skipped"


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", "{}", '{"outcome": 1}', "[" * 100_000, '{"outcome": "passed"'),
        '{"outcome": "splendid"}',
        '{"outcome": "passed", "outcome": "failed"}',
        '{"outcome": "passed", "seconds": "abc"}',
        '{"outcome": "passed", "seconds": NaN}',
        '{"outcome": "passed", "seconds": -5}',
        '{"outcome": "passed", "seconds": 1e300}',
        '{"outcome": "passed", "seconds": true}',
        '{"outcome": "passed", "notes": ' + '{"a":' * 900 + "1" + "}" * 901,
    ],
)
def test_an_answer_that_makes_no_sense_is_an_error_never_a_pass(tmp_path: Path, content: str) -> None:
    answer = read(left(tmp_path, content), ending())
    assert answer.outcome == "errored"
    assert answer.reason


def test_time_inside_checks_counts_what_overlaps_once() -> None:
    def span(start: float, end: float) -> Answer:
        return Answer(JOB, "passed", None, seconds=end - start, wall_seconds=end - start + 0.1, ended=end)

    skipped = Answer(JOB, "skipped", "not here")
    assert seconds_inside([span(0, 2), span(1, 3), skipped, span(10, 11), span(10.2, 10.8)]) == pytest.approx(4)


def test_a_link_left_as_an_answer_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "answer.json").symlink_to(left(tmp_path / ".", PASSED).rename(tmp_path / "elsewhere"))
    assert read(tmp_path / "answer.json", ending()).outcome == "errored"


def test_the_end_of_the_log_is_kept_when_the_check_did_not_pass(tmp_path: Path) -> None:
    log = "\n".join(str(line) for line in range(100))
    assert read(left(tmp_path, PASSED), ending(log=log)).log is None
    kept = read(tmp_path / "none", ending(log=log)).log
    assert kept is not None
    assert kept.splitlines()[-1] == "99"
    assert len(kept.splitlines()) == 40
