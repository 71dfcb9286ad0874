"""What the policy makes of a gate."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.gates import EXAMPLE, behaviour, check, figure, gate, gate_policy
from verify.judge.gate import RULES
from verify.report.gate import Report


def said(report: Report) -> tuple[str, list[str]]:
    assert report.verdict is not None
    return report.verdict.value, [finding.rule for finding in report.verdict.findings if finding.severity != "note"]


def subject_of(report: Report, rule: str) -> str:
    assert report.verdict is not None
    (found,) = (finding for finding in report.verdict.findings if finding.rule == rule)
    return found.subject


def test_a_gate_in_which_everything_holds_is_accepted() -> None:
    assert said(gate()) == ("accepted", [])


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"checks": [check()]}, "checks.newly_failing"),
        ({"checks": [check(candidate="crashed", alone="crashed")]}, "checks.newly_failing"),
        ({"checks": [check(candidate="skipped", alone=None)]}, "checks.newly_skipped"),
        ({"behaviours": [behaviour("control"), behaviour("candidate", outcome="failed")]}, "behaviour.drift"),
        ({"behaviours": [behaviour("control"), behaviour("current", outcome="failed")]}, "behaviour.drift"),
        ({"behaviours": [behaviour("control"), behaviour("current", outcome="errored")]}, "behaviour.broken"),
        ({"lost": [{"name": "lora_step[mps]", "current": None, "candidate": "ImportError"}]}, "figures.lost"),
        ({"checks": [check(current="failed", alone=None, known_issue_now="torn")]}, "checks.no_longer_excused"),
        ({"checks": [check(current="skipped", alone=None)]}, "checks.newly_failing"),
        ({"figures": [figure(decision="regressed", estimate=0.1, low=0.09, high=0.11)]}, "figures.regressed"),
        ({"advisories": [{"id": "a", "severity": "refuse", "heard": "comes", "reason": "r"}]}, "advisories.comes"),
    ],
)
def test_what_got_worse_refuses(changes: dict[str, Any], rule: str) -> None:
    assert said(gate(**changes)) == ("refused", [rule])


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"asked": 0, "passed": 0}, "inconclusive.suite"),
        ({"behaviours": []}, "inconclusive.behaviour"),
        ({"figures": []}, "inconclusive.figures"),
        ({"interrupted": True}, "inconclusive.interrupted"),
        ({"figures": [figure(decision="undecided")]}, "inconclusive.figure"),
        ({"figures": [figure(decision="hopeless")]}, "inconclusive.figure"),
        ({"behaviours": [behaviour("control", outcome="failed")]}, "inconclusive.behaviour"),
        ({"figures": [figure(copies=[0.1] * 6)]}, "inconclusive.noise"),
        ({"lost": [{"name": "lora_step[mps]", "current": "no", "candidate": "no"}]}, "inconclusive.untimed"),
    ],
)
def test_what_cannot_be_told_is_no_acceptance(changes: dict[str, Any], rule: str) -> None:
    assert said(gate(**changes)) == ("inconclusive", [rule])


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"checks": [check(alone="passed")]}, "checks.unsteady"),
        ({"checks": [check(candidate="skipped", alone=None, required=False)]}, "checks.newly_skipped"),
        ({"checks": [check(known_issue="mlx-lm-rope-parameters")]}, "checks.newly_failing_as_known"),
        ({"licences": [{"name": "peft", "before": "Apache-2.0", "after": "GPL-3.0"}]}, "licences.changed"),
        ({"advisories": [{"id": "a", "severity": "warn", "heard": "comes", "reason": "r"}]}, "advisories.comes"),
    ],
)
def test_what_somebody_should_read_warns(changes: dict[str, Any], rule: str) -> None:
    assert said(gate(**changes)) == ("accepted", [rule])


@pytest.mark.parametrize(
    "changes",
    [
        {"checks": [check(current="failed", alone=None)]},
        {"checks": [check(current="failed", candidate="passed", alone=None)]},
        {"advisories": [{"id": "a", "severity": "refuse", "heard": "stays", "reason": "r"}]},
        {"licences": [{"name": "new", "before": None, "after": "MIT"}]},
        {"changes": []},
        {"lost": [{"name": "lora_step[mps]", "current": "TypeError", "candidate": None}]},
        {"checks": [check(current="failed", alone=None, known_issue="torn", known_issue_now="torn")]},
    ],
)
def test_what_is_no_worse_than_it_was_only_tells(changes: dict[str, Any]) -> None:
    assert said(gate(**changes)) == ("accepted", [])


def test_a_behaviour_that_does_not_repeat_itself_is_not_held_against_the_candidate() -> None:
    rows = [behaviour("control", outcome="failed"), behaviour("candidate", outcome="failed")]
    assert said(gate(behaviours=rows)) == ("inconclusive", ["inconclusive.behaviour"])


def test_a_behaviour_that_cannot_be_asked_of_the_current_is_left_out() -> None:
    skipped = [behaviour(reader, id="mlx.x[mlx]", outcome="skipped") for reader in ("control", "candidate")]
    assert said(gate(behaviours=[behaviour("control"), *skipped])) == ("accepted", [])
    assert said(gate(behaviours=skipped)) == ("inconclusive", ["inconclusive.behaviour"])


def test_a_behaviour_that_cannot_be_asked_of_the_candidate_any_more_refuses() -> None:
    rows = [behaviour("control"), behaviour("candidate", outcome="skipped", reason="needs peft, not in the lock")]
    assert said(gate(behaviours=rows)) == ("refused", ["behaviour.broken"])


def test_a_behaviour_that_differs_both_ways_is_one_finding() -> None:
    rows = [behaviour("control"), *(behaviour(reader, outcome="failed") for reader in ("candidate", "current"))]
    assert said(gate(behaviours=rows)) == ("refused", ["behaviour.drift"])


def test_a_candidate_that_was_refused_before_it_was_timed_is_refused() -> None:
    report = gate(checks=[check()], figures=[])
    assert said(report) == ("refused", ["checks.newly_failing"])


def test_an_error_outranks_what_cannot_be_told() -> None:
    report = gate(checks=[check()], figures=[figure(decision="undecided")])
    assert said(report)[0] == "refused"


def test_a_figure_that_got_better_is_told() -> None:
    report = gate()
    assert subject_of(report, "figures.improved") == "generation[mps]"


ACCEPTED = {
    "rule": "checks.newly_failing",
    "subject": "lora.*",
    "reason": "we load adapters ourselves",
    "expires": "2026-10-02",
}


def test_a_finding_that_the_policy_accepts_does_not_refuse_until_its_day() -> None:
    policy = gate_policy(accepted=[ACCEPTED])
    assert said(gate(policy, checks=[check()])) == ("accepted", [])
    assert said(gate(policy, checks=[check()], finished="2026-10-03T00:00:00Z"))[0] == "refused"


def test_what_is_accepted_does_not_stand_for_what_was_not_timed() -> None:
    """The stage of timing is passed over for what refuses; when the policy accepts that, the figures are missing."""
    policy = gate_policy(accepted=[ACCEPTED])
    assert said(gate(policy, checks=[check()], figures=[])) == ("inconclusive", ["inconclusive.figures"])


def test_an_acceptance_of_more_than_a_year_is_none() -> None:
    policy = gate_policy(accepted=[{**ACCEPTED, "expires": "2029-01-01"}])
    assert said(gate(policy, checks=[check()]))[0] == "refused"


def test_brackets_of_a_subject_mean_themselves() -> None:
    policy = gate_policy(accepted=[{**ACCEPTED, "rule": "figures.regressed", "subject": "training_step[mps]"}])
    worse = figure(decision="regressed", estimate=0.1, low=0.09, high=0.11)
    assert said(gate(policy, figures=[worse])) == ("accepted", [])


@pytest.mark.parametrize(
    "changes", [{"rule": "inconclusive.interrupted"}, {"rule": "checks"}, {"subject": "***"}, {"subject": "*.x[cpu]"}]
)
def test_what_could_not_be_told_and_everything_at_once_cannot_be_accepted(changes: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        gate_policy(accepted=[{**ACCEPTED, **changes}])


def test_accepting_one_check_accepts_no_other() -> None:
    policy = gate_policy(accepted=[ACCEPTED])
    assert said(gate(policy, checks=[check(id="models.gpt2_loads[mps]")]))[0] == "refused"


def test_every_rule_can_speak() -> None:
    """Each of the tuple is heard in at least one of the gates above; without rules nothing would be found."""
    worst = gate(
        asked=0,
        checks=[check()],
        lost=[{"name": "lora_step[mps]", "current": None, "candidate": "ImportError"}],
        behaviours=[behaviour("control"), behaviour("current", outcome="failed")],
        figures=[figure(decision="regressed")],
        advisories=[{"id": "a", "severity": "refuse", "heard": "comes", "reason": "r"}],
        licences=[{"name": "peft", "before": "Apache-2.0", "after": "GPL-3.0"}],
    )
    assert all(list(rule(worst, gate_policy())) for rule in RULES)


def test_the_example_is_what_this_file_says_it_is() -> None:
    assert EXAMPLE["asked"] == EXAMPLE["passed"]
