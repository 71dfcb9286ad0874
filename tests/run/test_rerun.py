from typing import Any

import pytest

from tests import examples
from verify.probe.check import Check, Kind, Terms
from verify.report.fields import Outcome
from verify.run.plan import Job
from verify.run.rerun import rerun


def job(claim: str, *, kind: Kind = "functional", required: bool = True, skip: str | None = None) -> Job:
    return Job(Check(claim, kind, "title", "advice", "a.py", Terms("quick", (), (), 5.0, False)), None, required, skip)


def left(jobs: list[Job], *results: dict[str, Any]) -> list[str]:
    return [item.id for item in rerun(jobs, examples.certify(results=list(results))).jobs]


def skipped(claim: str, *, required: bool) -> dict[str, Any]:
    return examples.result(claim, **examples.not_passed("skipped", "not here", required=required))


@pytest.mark.parametrize("outcome", ["failed", "errored", "crashed", "timed_out", "out_of_memory", "skipped"])
def test_what_did_not_pass_is_asked_again(outcome: Outcome) -> None:
    bad = examples.result("a.b", **examples.not_passed(outcome, "why"))
    assert left([job("a.a"), job("a.b")], examples.result("a.a"), bad) == ["a.b"]


def test_what_the_report_does_not_know_is_asked() -> None:
    assert left([job("a.a"), job("new.one")], examples.result("a.a")) == ["new.one"]


def test_a_skip_that_cost_nothing_is_not_asked_again_unless_it_would_cost_something_now() -> None:
    optional = skipped("a.a", required=False)
    assert left([job("a.a", required=False)], optional) == []
    assert left([job("a.a", required=True)], optional) == ["a.a"]
    assert left([job("a.a")], skipped("a.a", required=True)) == ["a.a"]


def test_what_does_not_apply_here_is_neither_asked_nor_counted() -> None:
    parted = rerun([job("a.a", required=False, skip="cpu promises no mps")], examples.certify(results=[]))
    assert (parted.jobs, parted.passed) == ([], [])


def test_benchmarks_stay_last() -> None:
    jobs = [job("new.one"), job("b.b", kind="benchmark")]
    bad = examples.result("b.b", kind="benchmark", **examples.not_passed("failed", "slow"))
    assert left(jobs, bad) == ["new.one", "b.b"]
