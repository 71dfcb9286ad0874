import io

import pytest

from verify.cli.progress import Progress, duration
from verify.probe.check import Check, Kind, Terms
from verify.run.answer import Answer
from verify.run.plan import Job


def job(claim: str, kind: Kind = "functional", skip: str | None = None) -> Job:
    return Job(Check(claim, kind, "title", "advice", "a.py", Terms("quick", (), (), 5.0, False)), None, True, skip)


def progress(jobs: list[Job], *, live: bool = False, verbose: bool = False, **expected: float) -> Progress:
    names = {name.replace("_", "."): seconds for name, seconds in expected.items()}
    return Progress(io.StringIO(), jobs, names, together=2, live=live, verbose=verbose, clock=lambda: 100.0)


def written(told: Progress) -> str:
    assert isinstance(told.stream, io.StringIO)
    return told.stream.getvalue()


def test_plain_lines_tell_count_outcome_time_and_reason() -> None:
    jobs = [job("a.a"), job("b.b"), job("c.c", skip="no mps")]
    with progress(jobs) as told:
        told.started(jobs[0])
        told.finished(Answer(jobs[0], "passed", None, 1.0, 1.25))
        told.finished(Answer(jobs[1], "timed_out", "no answer within 5 s", 5.0, 5.0, log="stack"))
        told.finished(Answer(jobs[2], "skipped", "no mps"))
    assert written(told) == (
        "[1/3]        passed  a.a  1.2 s\n"
        "[2/3]     timed out  b.b  5.0 s\n"
        "                     no answer within 5 s\n"
        "[3/3]       skipped  c.c\n"
        "                     no mps\n"
    )


def test_a_verbose_run_shows_the_log_of_what_did_not_pass() -> None:
    with progress([job("a.a")], verbose=True) as told:
        told.finished(Answer(told.jobs[0], "crashed", "killed", 1.0, 1.0, log="one\ntwo"))
    assert written(told).endswith("    | one\n    | two\n")


def test_a_terminal_sees_what_runs_and_about_how_long_it_takes() -> None:
    jobs = [job("a.a"), job("b.b"), job("c.c", "benchmark")]
    with progress(jobs, live=True, a_a=30, b_b=90, c_c=60) as told:
        told.started(jobs[0])
        told.finished(Answer(jobs[0], "passed", None, 30.0, 30.0))
        told.started(jobs[1])
        shown = written(told)
    assert "running  b.b  0 s" in shown
    assert "1 of 3 done, 0 s, about 1 min 45 s left" in shown


def test_a_repeated_job_counts_each_time_and_is_guessed_by_how_long_it_just_took() -> None:
    once = job("a.a")
    with progress([once] * 4, live=True) as told:
        told.started(once)
        told.started(once)
        told.finished(Answer(once, "passed", None, 60.0, 60.0))
        shown = written(told)
    assert "[1/4]" in shown
    assert "1 of 4 done, 0 s, about 1 min 30 s left" in shown
    assert shown.rpartition("[1/4]")[2].count("running  a.a") == 1


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (65, "1 min 05 s"), (3600, "1 h 00 min"), (7384, "2 h 03 min")]
)
def test_durations_read_as_a_person_says_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text
