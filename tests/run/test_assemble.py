import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests import examples
from verify.judge.known_issues import Entry
from verify.probe.check import Check, Device, Level, Terms
from verify.report import v1, v2, v3
from verify.report.versions import AnyReport
from verify.run.answer import Answer
from verify.run.assemble import Run, judged, sources_digest, struck
from verify.run.plan import Job
from verify.spec.environment import load_environment
from verify.spec.lock import read_lock

ROOT = Path(__file__).resolve().parents[2]
SECRETS = {"/somewhere/project": ".", "/somewhere": "~", "adalovelace": "<user>", "engine-1843": "<host>"}


def job(claim: str, device: Device | None = None, *, skip: str | None = None) -> Job:
    check = Check(claim, "functional", "It holds", "Mend it", "a.py", Terms("quick", (), (), 5.0, False))
    return Job(check, device, required=skip is None, skip=skip)


def passed(of: Job, **measured: Any) -> Answer:
    return Answer(of, "passed", None, 1.0, 1.5, 10.0, measured)


def run(*answers: Answer, level: Level = "certify", jobs: list[Job] | None = None, interrupted: bool = False) -> Run:
    return Run(
        id="0123456789ab",
        level=level,
        created="2026-02-15T16:30:05Z",
        finished="2026-02-15T16:41:37Z",
        environment=load_environment(ROOT, "m2"),
        lock=read_lock(ROOT, "macos-arm64"),
        requirements={"torch", "peft"},
        machine="a" * 32,
        facts=examples.facts(),
        jobs=jobs or [answer.job for answer in answers],
        answers=answers,
        interrupted=interrupted,
        conditions={"load_before": 0.5, "load_after": 1.0, "other": {}},
        secrets=SECRETS,
    )


def report_of(whole: Run, *known: Entry) -> AnyReport:
    return judged(whole, examples.policy(), known)


def v3_of(whole: Run, *known: Entry) -> v3.Report:
    report = report_of(whole, *known)
    assert isinstance(report, v3.Report)
    return report


@pytest.mark.parametrize(("level", "model"), [("quick", v1.Report), ("full", v2.Report), ("certify", v3.Report)])
def test_a_level_makes_the_report_of_its_version(level: Level, model: type) -> None:
    assert type(report_of(run(passed(job("a.b")), level=level))) is model


def test_results_stand_in_the_order_of_the_plan_whatever_the_order_of_the_answers() -> None:
    first, second = job("a.first"), job("a.second")
    report = report_of(run(passed(second), passed(first), jobs=[first, second]))
    assert [result.id for result in report.results] == ["a.first", "a.second"]
    assert report.counts.planned == report.counts.passed == 2


def test_what_was_not_reached_is_skipped_with_the_reason_and_refuses() -> None:
    done, left = job("a.done"), job("a.left")
    report = v3_of(run(passed(done), jobs=[done, left], interrupted=True))
    assert (report.results[1].outcome, report.results[1].reason) == ("skipped", "the run was interrupted")
    assert report.verdict is not None
    assert report.verdict.value == "refused"


def test_what_does_not_apply_here_is_not_required_and_costs_nothing() -> None:
    here, elsewhere = job("a.b", "mps"), job("a.b", "cuda", skip="m2 promises no cuda")
    report = v3_of(run(passed(here), jobs=[here, elsewhere]))
    assert (report.results[1].reason, report.results[1].required) == ("m2 promises no cuda", False)
    assert report.verdict is not None
    assert report.verdict.value == "certified"


def test_secrets_are_struck_out_of_everything_that_a_check_said() -> None:
    told = "/somewhere/project/verify and /somewhere/else, says adalovelace at engine-1843"
    answer = Answer(job("a.b"), "failed", told, 1.0, 1.5, 10.0, {"notes": {told: told}}, log=told)
    (result,) = v3_of(run(answer)).results
    kept = "./verify and ~/else, says <user> at <host>"
    assert (result.reason, result.log, result.notes) == (kept, kept, {kept: kept})


def test_a_check_named_like_the_user_keeps_its_name() -> None:
    assert v3_of(run(passed(job("adalovelace.works")))).results[0].id == "adalovelace.works"


def test_a_user_may_be_called_like_a_field_or_a_word_of_ours() -> None:
    for word in ("name", "value", "measured", "higher", "samples", "processor"):
        figure = examples.measured("rate", [2.0], "1", direction="higher")
        whole = replace(run(passed(job("a.b"), measurements=[figure])), secrets={word: "<user>"})
        assert v3_of(whole).results[0].outcome == "passed"


@pytest.mark.parametrize(
    "nonsense",
    [
        {"measurements": "many"},
        {"measurements": [{"name": "x"}]},
        {"notes": {"a": [1]}},
        {"notes": {"a": float("nan")}},
        {"peak_memory_bytes": -1},
        {"peak_memory_bytes": "1"},
    ],
)
def test_an_answer_that_no_report_can_hold_is_an_error_of_its_check(nonsense: dict[str, Any]) -> None:
    (result,) = v3_of(run(passed(job("a.b"), **nonsense))).results
    assert result.outcome == "errored"
    assert result.reason is not None
    assert result.reason.startswith("its answer is none")


def test_an_unknown_outcome_is_an_error_never_a_pass() -> None:
    assert v3_of(run(Answer(job("a.b"), "certified", "by itself", 1.0, 1.0))).results[0].outcome == "errored"


def test_an_answer_cannot_say_what_was_asked_or_whether_it_was_needed() -> None:
    forged = {"id": "b.c", "required": False, "known_issue": {"id": "all"}, "title": "fine", "kind": "lora"}
    (result,) = v3_of(run(passed(job("a.b"), **forged))).results
    assert (result.id, result.required, result.known_issue, result.title, result.kind) == (
        "a.b",
        True,
        None,
        "It holds",
        "functional",
    )


def test_a_known_issue_stands_beside_the_outcome_and_makes_it_conditional() -> None:
    known = Entry(
        id="it-rains",
        check="a.*",
        environments=("m2",),
        reason="it rains",
        link="https://example.org/1",
        expires="2026-12-31",
    )
    answer = Answer(job("a.b"), "failed", "wet", 1.0, 1.5)
    report = v3_of(run(answer, passed(job("b.c"))), known)
    assert report.results[0].outcome == "failed"
    assert report.results[0].known_issue is not None
    assert report.results[1].known_issue is None
    assert report.verdict is not None
    assert report.verdict.value == "conditional"


def test_a_figure_with_a_known_peak_carries_its_share_of_it() -> None:
    figure = examples.measured("rate", [12634.0], "GFLOPS", conditions={"dtype": "float32"})
    (result,) = v3_of(run(passed(job("matmul.rate", "mps"), measurements=[figure]))).results
    share = result.measurements[0].percent_of_peak
    assert share is not None
    assert share.percent == pytest.approx(58.8, abs=0.1)


def test_frameworks_are_the_direct_requirements_as_installed() -> None:
    named = {package.name for package in v3_of(run(passed(job("a.b")))).frameworks}
    assert named == {"torch", "peft"}


def test_only_text_is_struck() -> None:
    data = {"n": 1, "list": [True, None, "adalovelace"]}
    assert struck(data, SECRETS) == {"n": 1, "list": [True, None, "<user>"]}
    assert json.dumps(struck(data, {})) == json.dumps(data)


def test_the_digest_of_the_sources_changes_with_any_of_them(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("one")
    before = sources_digest(tmp_path)
    (tmp_path / "notes.txt").write_text("no source")
    assert sources_digest(tmp_path) == before
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    assert sources_digest(tmp_path) != before
    before = sources_digest(tmp_path)
    (tmp_path / "style.css").write_text("what pages look like")
    assert sources_digest(tmp_path) != before
