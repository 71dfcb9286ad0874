"""Trials on this very interpreter, of checks that need no framework: no environment, no report."""

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests import examples
from tests.benches import bench_in
from tests.cli.conftest import ROOT
from verify.cli import trial
from verify.cli.bench import crowding
from verify.cli.stream import declare_progress
from verify.errors import Exit, UsageError
from verify.probe.discover import find_checks
from verify.report.versions import AnyReport
from verify.run.assemble import sources_digest
from verify.run.plan import Job, plan
from verify.run.supervise import Bench
from verify.spec.lock import Lock

MOODS = '''
import time
from verify.probe.check import check

@check(level="quick")
def third_time_unlucky(ctx):
    """It fails the third time that it is asked.

    Nothing to be done.
    """
    ctx.cache.mkdir(exist_ok=True)
    times = len(list(ctx.cache.iterdir()))
    (ctx.cache / str(times)).touch()
    ctx.measure("times", times, unit="1", at_most=1.5)

@check(level="quick")
def steady(ctx):
    """It always passes.

    Nothing to be done.
    """
    ctx.measure("gap", 1, unit="1", at_most=4)

@check(level="quick", devices=["mps"])
def elsewhere(ctx):
    """It is about a device that is not here.

    Nothing to be done.
    """

@check(level="quick", optional=True)
def shy(ctx):
    """It always skips.

    Nothing to be done.
    """
    ctx.skip("not today")

@check(level="quick")
def reluctant(ctx):
    """It skips although a certificate needs it.

    Nothing to be done.
    """
    ctx.skip("not today")

@check(level="quick", needs=["absent"])
def needy(ctx):
    """It needs a distribution that no lock has.

    Nothing to be done.
    """

@check(level="quick")
def slow(ctx):
    """It does not end.

    Nothing to be done.
    """
    time.sleep(600)
'''
# What the tests ask for by name: it never ends, or would cost every other trial its exit code.
APART = ("moods.slow", "moods.reluctant", "moods.needy")
LOCK = Lock(Path("lockfiles/none.txt"), "linux-x86_64-cpu", "1" * 64, "2" * 64, ())
Attempt = Callable[..., int]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return replace(bench_in(tmp_path), together=1)


def jobs(folder: Path, *more: str) -> list[Job]:
    (folder / "moods.py").write_text(MOODS)
    checks = [check for check in find_checks([folder], suite=False) if check.id not in APART or check.id in more]
    return plan(checks, level="quick", environment="cpu", promised=["cpu"], locked=[])


@pytest.fixture
def attempt(bench: Bench, tmp_path: Path) -> Attempt:
    """`verify run` with these words, once it knows its environment."""

    def run(*words: str, since: AnyReport | None = None, more: tuple[str, ...] = ()) -> int:
        parser = argparse.ArgumentParser()
        trial.declare(parser)
        declare_progress(parser)
        parser.add_argument("--json", action="store_true")
        parser.add_argument("--verbose", action="store_true")
        arguments = parser.parse_args(words)
        assert trial.is_trial(arguments) or since
        return trial.attempt(jobs(tmp_path, *more), bench, LOCK, since, arguments)

    return run


def report(*results: dict[str, Any], **changes: Any) -> AnyReport:
    return examples.report("v1", results=list(results), **changes)


def test_a_flaky_check_is_named_with_its_reason_and_refused(
    attempt: Attempt, capsys: pytest.CaptureFixture[str]
) -> None:
    assert attempt("--repeat", "3", "--select", "moods.*") == Exit.REFUSED
    told = capsys.readouterr()
    assert "3 checks to ask, 3 times each; 1 do not apply here" in told.err
    assert "[9/9]" in told.err
    assert "flaky: moods.third_time_unlucky\n  1 x failed: times is 2 1, must be at most 1.5" in told.out
    assert "moods.steady              passed 3\n" in told.out
    assert "3 checks: 2 held every time, 1 flaky" in told.out
    assert "certifies nothing, so no report was written" in told.out


def test_what_passes_every_time_holds_and_its_worst_margin_is_told_to_machines(
    attempt: Attempt, capsys: pytest.CaptureFixture[str]
) -> None:
    assert attempt("--repeat", "2", "--select", "moods.steady", "--json") == Exit.HOLDS
    told = json.loads(capsys.readouterr().out)
    assert (told["repeat"], told["interrupted"], told["flaky"]) == (2, False, [])
    (item,) = told["checks"]
    assert (item["id"], item["asked"], item["outcomes"]) == ("moods.steady", 2, {"passed": 2})
    assert item["measurements"][0]["worst_margin"] == 0.75


def test_a_check_may_skip_every_time(attempt: Attempt) -> None:
    assert attempt("--repeat", "2", "--select", "moods.shy") == Exit.HOLDS


def test_only_what_did_not_pass_or_is_new_is_asked_again(attempt: Attempt, capsys: pytest.CaptureFixture[str]) -> None:
    failed = examples.result("moods.steady", **examples.not_passed("failed", "gap"))
    since = report(failed, examples.result("moods.third_time_unlucky"))
    assert attempt(since=since) == Exit.HOLDS
    told = capsys.readouterr()
    assert "not passed 1, not in it 1, passed and left out 1" in told.err
    assert "left out: moods 1" in told.err
    assert "passed  moods.steady" in told.err
    assert "skipped  moods.shy" in told.err
    assert "unlucky" not in told.err


def test_it_is_told_when_lock_or_suite_are_no_longer_those_of_the_report(
    attempt: Attempt, capsys: pytest.CaptureFixture[str]
) -> None:
    passed = [examples.result(f"moods.{claim}") for claim in ("steady", "shy", "third_time_unlucky")]
    today = {"version": "0.1.0", "digest": sources_digest(ROOT / "verify")}
    assert attempt(since=report(*passed, suite=today)) == Exit.HOLDS
    same = capsys.readouterr()
    assert "nothing to ask again" in same.out
    assert "its lock was another one" not in same.err
    assert "has changed" not in same.err
    other = {"name": "linux-x86_64-cpu.txt", "digest": "3" * 64, "packages": 1}
    assert attempt("--verbose", since=report(*passed, lock=other)) == Exit.HOLDS
    told = capsys.readouterr().err
    assert "its lock was another one" in told
    assert "the suite has changed since" in told
    assert "left out: moods.steady" in told


def test_nothing_to_ask_again_is_an_empty_list_for_machines(
    attempt: Attempt, capsys: pytest.CaptureFixture[str]
) -> None:
    passed = [examples.result(f"moods.{claim}") for claim in ("steady", "shy", "third_time_unlucky")]
    assert attempt("--json", since=report(*passed)) == Exit.HOLDS
    assert json.loads(capsys.readouterr().out) == []


def test_the_options_narrow_each_other(attempt: Attempt, capsys: pytest.CaptureFixture[str]) -> None:
    failed = examples.result("moods.steady", **examples.not_passed("failed", "gap"))
    assert attempt("--select", "moods.s*", "--repeat", "2", "--json", since=report(failed)) == Exit.HOLDS
    asked = {item["id"]: item["asked"] for item in json.loads(capsys.readouterr().out)["checks"]}
    assert asked == {"moods.steady": 2, "moods.shy": 2}
    with pytest.raises(UsageError, match="no check matches nonsense"):
        attempt("--select", "nonsense", since=report(failed))


@pytest.mark.parametrize("often", [(), ("--repeat", "2")], ids=["once", "twice"])
def test_a_skip_that_a_certificate_needs_does_not_hold(attempt: Attempt, often: tuple[str, ...]) -> None:
    assert attempt("--select", "moods.reluctant", *often, more=("moods.reluctant",)) == Exit.REFUSED
    both = ("--select", "moods.steady", "--select", "moods.reluctant")
    assert attempt(*both, *often, more=("moods.reluctant",)) == Exit.REFUSED


def test_what_needs_a_distribution_that_is_not_locked_is_told_and_does_not_hold(
    attempt: Attempt, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--select", "moods.steady", "--select", "moods.needy")
    assert attempt(*words, more=("moods.needy",)) == Exit.REFUSED
    told = capsys.readouterr().out
    assert "not asked, though a certificate needs it: moods.needy: needs absent, not in the lock of cpu" in told
    assert "1 checks tried; " in told
    assert attempt(*words, "--repeat", "2", more=("moods.needy",)) == Exit.REFUSED
    assert "skipped: moods.needy\n  1 x skipped: needs absent" in capsys.readouterr().out
    assert attempt("--changed-since", "1", since=report(), more=("moods.needy",)) == Exit.REFUSED


def test_only_what_is_asked_is_counted_as_tried(attempt: Attempt, capsys: pytest.CaptureFixture[str]) -> None:
    assert attempt("--select", "moods.steady", "--select", "moods.elsewhere") == Exit.HOLDS
    told = capsys.readouterr().out
    assert "1 checks tried; " in told
    assert "not asked" not in told


@pytest.mark.parametrize("words", [(), ("--json",), ("--repeat", "2"), ("--repeat", "2", "--json")])
def test_a_trial_that_asks_nothing_is_refused_with_the_reasons(attempt: Attempt, words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as error:
        attempt("--select", "moods.elsewhere", "--select", "moods.needy", *words, more=("moods.needy",))
    promised, locked = "cpu promises no mps (1 of 2)", "needs absent, not in the lock of cpu (1 of 2)"
    assert error.value.message in {
        f"nothing is left to ask: {promised}; {locked}",
        f"nothing is left to ask: {locked}; {promised}",
    }
    with pytest.raises(UsageError, match="nothing is left to ask: cpu promises no mps"):
        attempt("--device", "mps", *words, since=report())


def test_what_is_left_of_a_report_and_cannot_be_asked_is_refused(attempt: Attempt) -> None:
    passed = [examples.result(f"moods.{claim}") for claim in ("steady", "shy", "third_time_unlucky")]
    with pytest.raises(UsageError, match="nothing is left to ask: needs absent"):
        attempt(since=report(*passed), more=("moods.needy",))


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "many"])
def test_a_number_of_repetitions_is_from_1_upwards(
    attempt: Attempt, capsys: pytest.CaptureFixture[str], number: str
) -> None:
    with pytest.raises(SystemExit):
        attempt("--repeat", number)
    assert "is no number from 1 upwards" in capsys.readouterr().err


def test_more_jobs_than_processors_are_told_of_and_not_refused(bench: Bench) -> None:
    assert crowding(bench) is None
    assert (crowding(replace(bench, together=8)) or "").startswith("--jobs 8 on 2 processors: ")
