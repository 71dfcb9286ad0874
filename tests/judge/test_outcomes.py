"""What was asked, and what came of it, decides."""

from typing import Any

import pytest

from tests import examples
from tests.examples import not_passed, policy, result
from verify.judge.verdict import judge
from verify.report.v2 import Verdict

KNOWN = examples.KNOWN_ISSUE
BUSY = "other processes used 31% of the processors"
PASSED = result("a.b")


def verdict(*results: examples.Data, **changes: Any) -> Verdict:
    """What the rules make of these results."""
    return judge(examples.draft(results=list(results), **changes), policy())


def rules(found: Verdict) -> list[str]:
    """The rules that found something."""
    return [finding.rule for finding in found.findings]


def test_a_report_in_which_all_passed_is_certified() -> None:
    assert verdict(PASSED, result("a.c", "mps")) == Verdict(value="certified", findings=())


def test_the_example_is_conditional_and_each_reason_is_named() -> None:
    found = judge(examples.draft(), policy())
    assert found.value == "conditional"
    assert [(finding.rule, finding.subject) for finding in found.findings] == [
        ("inconclusive.measurement", "bandwidth.copy[mps]"),
        ("outcomes.known_issue", "quantization.int8_keeps_the_outputs[mps]"),
    ]


@pytest.mark.parametrize("outcome", ["failed", "errored", "crashed", "timed_out", "out_of_memory", "skipped"])
def test_anything_but_passed_refuses(outcome: str) -> None:
    found = verdict(PASSED, result("a.c", **not_passed(outcome, "because")))
    assert found.value == "refused"
    assert rules(found) == [f"outcomes.{outcome}"]
    assert "because" in found.findings[0].message


def test_what_does_not_apply_may_be_skipped_but_not_fail() -> None:
    optional = not_passed("skipped", "there is none", required=False)
    assert verdict(PASSED, result("a.c", **optional)).value == "certified"
    failed = not_passed("failed", "1 is not 2", required=False)
    assert verdict(PASSED, result("a.c", **failed)).value == "refused"


@pytest.mark.parametrize(
    ("expires", "value", "rule"),
    [
        ("2026-02-16", "conditional", "outcomes.known_issue"),
        ("2026-02-15", "conditional", "outcomes.known_issue"),
        ("2026-02-14", "refused", "outcomes.known_issue_expired"),
        ("2027-02-16", "conditional", "outcomes.known_issue"),
        ("2027-02-17", "refused", "outcomes.known_issue_too_long"),
    ],
)
def test_a_known_issue_excuses_until_its_day(expires: str, value: str, rule: str) -> None:
    issue = KNOWN | {"expires": expires}
    found = verdict(PASSED, result("a.c", **not_passed("crashed", "signal 11", known_issue=issue)))
    assert (found.value, rules(found)) == (value, [rule])
    assert KNOWN["id"] in found.findings[0].message


def test_a_known_issue_excuses_no_required_check_that_was_skipped() -> None:
    found = verdict(PASSED, result("a.c", **not_passed("skipped", "nothing to ask", known_issue=KNOWN)))
    assert (found.value, rules(found)) == ("refused", ["outcomes.skipped"])


def test_a_known_issue_that_is_gone_is_told_of() -> None:
    found = verdict(result("a.c", known_issue=KNOWN))
    assert (found.value, rules(found)) == ("certified", ["outcomes.fixed"])
    assert found.findings[0].severity == "note"
    assert "delete it" in found.findings[0].message


def test_a_busy_machine_is_told_so_but_never_failed_for_it() -> None:
    slow = examples.measured("rate", [1.0], "GB/s", limits={"at_least": 2}, inconclusive=BUSY)
    reason = "rate is 1 GB/s, must be at least 2"
    found = verdict(PASSED, result("a.c", measurements=[slow], **not_passed("failed", reason)))
    assert found.value == "conditional"
    assert rules(found) == ["inconclusive.measurement", "outcomes.disturbed"]


def test_what_failed_for_more_than_a_busy_machine_is_refused() -> None:
    slow = examples.measured("rate", [1.0], "GB/s", limits={"at_least": 2}, inconclusive=BUSY)
    for reason in ("rate is 1 GB/s, must be at least 2; error is 1 1, must be at most 0", "wrong"):
        found = verdict(PASSED, result("a.c", measurements=[slow], **not_passed("failed", reason)))
        assert found.value == "refused"


def test_a_figure_whose_limit_holds_excuses_no_other_of_its_name() -> None:
    held = examples.measured("speed", [3.0], "GB/s", limits={"at_least": 2}, inconclusive=BUSY)
    slow = examples.measured("speed", [1.0], "GB/s", limits={"at_least": 2})
    reason = "speed is 1 GB/s, must be at least 2"
    for figures in ([held, slow], [held], [held, {**slow, "inconclusive": BUSY}, slow]):
        found = verdict(PASSED, result("a.c", measurements=figures, **not_passed("failed", reason)))
        assert found.value == "refused"
        assert "outcomes.failed" in rules(found)


def test_a_figure_that_is_not_finite_is_no_disturbance() -> None:
    slow = examples.measured("speed", [1.0], "GB/s", limits={"at_least": 2}, inconclusive=BUSY)
    broken = "speed is 1 GB/s, must be at least 2"
    for reason in ("speed is not finite: [nan]", f"{broken}; speed is not finite: [nan]"):
        found = verdict(PASSED, result("a.c", measurements=[slow], **not_passed("failed", reason)))
        assert "outcomes.failed" in rules(found)


def test_a_run_that_was_disturbed_as_a_whole_is_conditional() -> None:
    found = verdict(PASSED, conditions={"inconclusive": BUSY})
    assert (found.value, rules(found)) == ("conditional", ["inconclusive.run"])


@pytest.mark.parametrize("name", ["planned", "passed", "failed", "crashed"])
def test_totals_that_are_not_those_of_the_list_are_found(name: str) -> None:
    draft = examples.draft()
    counts = draft.counts.model_copy(update={name: 6})
    found = judge(draft.model_copy(update={"counts": counts}), policy())
    assert found.value == "refused"
    assert "counts.differ" in rules(found)


def test_nothing_asked_certifies_nothing() -> None:
    assert rules(verdict()) == ["plan.empty"]


def test_nothing_passed_certifies_nothing() -> None:
    skipped = not_passed("skipped", "m2 promises no cuda", required=False)
    found = verdict(result("a.c", **skipped))
    assert (found.value, rules(found)) == ("refused", ["plan.nothing_passed"])


def test_a_check_that_was_left_out_of_the_plan_is_missed() -> None:
    complete = policy(expected=frozenset({"a.b", "a.c", "a.d", "a.e", "a.f"}))
    found = judge(examples.draft(results=[PASSED]), complete)
    assert rules(found) == ["plan.partial"]
    assert "4 of 5" in found.findings[0].message


def test_an_interrupted_run_is_refused() -> None:
    found = verdict(PASSED, interrupted=True)
    assert (found.value, rules(found)) == ("refused", ["plan.interrupted"])


def test_of_an_interrupted_run_one_finding_counts_what_is_missing() -> None:
    unreached = not_passed("skipped", "the run was interrupted")
    found = verdict(PASSED, result("a.c", **unreached), result("a.d", **unreached), interrupted=True)
    assert rules(found) == ["plan.interrupted"]
    assert "2 required checks" in found.findings[0].message
