"""What a gate finds, in its own words: how grave it is, which rule found it, about what, and what it says."""

from typing import Any

import pytest

from tests.gates import behaviour, check, figure, gate, gate_policy


def heard(**changes: Any) -> list[tuple[str, ...]]:
    """What is found in a gate, beside that generation got faster."""
    verdict = gate(**changes).verdict
    assert verdict is not None
    found = [(one.severity, one.rule, one.subject, one.message) for one in verdict.findings]
    return [one for one in found if one[1] != "figures.improved"]


TOLD = "passed now, failed with the candidate: logit_gap is 0.3 1, must be at most 0.0001"
REASON = "logit_gap is 0.3 1, must be at most 0.0001"


@pytest.mark.parametrize(
    ("changes", "severity", "rule", "message"),
    [
        ({}, "error", "newly_failing", TOLD),
        ({"alone": "passed"}, "warning", "unsteady", f"failed beside other checks, passed alone: {REASON}"),
        ({"known_issue": "torn"}, "warning", "newly_failing_as_known", f"{TOLD} (known issue torn)"),
        (
            {"known_issue_now": "torn"},
            "error",
            "no_longer_excused",
            f"{TOLD} (known issue torn covers it only now)",
        ),
        ({"candidate": "skipped", "alone": None}, "error", "newly_skipped", TOLD.replace("failed", "skipped")),
        (
            {"candidate": "skipped", "alone": None, "required": False},
            "warning",
            "newly_skipped",
            TOLD.replace("failed", "skipped"),
        ),
        ({"current": "crashed", "alone": None}, "note", "failing_before", TOLD.replace("passed", "crashed")),
        ({"current": "skipped", "alone": None}, "error", "newly_failing", TOLD.replace("passed", "skipped")),
        (
            {"current": "skipped", "candidate": "skipped", "alone": None},
            "note",
            "failing_before",
            f"skipped now, skipped with the candidate: {REASON}",
        ),
        (
            {"current": "failed", "candidate": "passed", "alone": None, "reason": None},
            "note",
            "fixed",
            "failed now, passes with the candidate",
        ),
    ],
)
def test_a_check_is_compared_with_what_it_was(changes: dict[str, Any], severity: str, rule: str, message: str) -> None:
    found = heard(checks=[check(**changes)])
    assert found == [(severity, f"checks.{rule}", "lora.merging_keeps_the_logits[mps]", message)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"lost": [{"name": "step", "current": None, "candidate": "ImportError"}]},
            ("error", "figures.lost", "step", "cannot be done with the candidate: ImportError"),
        ),
        (
            {"lost": [{"name": "step", "current": "TypeError", "candidate": None}]},
            ("note", "figures.gained", "step", "can be done with the candidate only, now: TypeError"),
        ),
        (
            {"lost": [{"name": "step", "current": "TypeError", "candidate": "no"}]},
            ("warning", "inconclusive.untimed", "step", "cannot be done with either: TypeError"),
        ),
        ({"changes": []}, ("note", "changes.none", "locks", "no package differs")),
        (
            {"interrupted": True},
            ("warning", "inconclusive.interrupted", "gate", "it was ended before all had been asked"),
        ),
        (
            {"asked": 0, "passed": 0},
            ("warning", "inconclusive.suite", "checks", "the candidate was asked no check of the suite"),
        ),
        ({"behaviours": []}, ("warning", "inconclusive.behaviour", "behaviour", "no behaviour was compared")),
        (
            {"figures": [], "stopped": "the disk was full"},
            ("warning", "inconclusive.figures", "figures", "nothing was timed: the disk was full"),
        ),
        (
            {"behaviours": [behaviour("control", outcome="failed", reason="2 is not 1")]},
            (
                "warning",
                "inconclusive.behaviour",
                "logits.the_same_weights_give_the_same_logits[mps]",
                "the current packages do not agree with themselves: failed: 2 is not 1",
            ),
        ),
        (
            {
                "behaviours": [
                    behaviour("control"),
                    behaviour("candidate", outcome="failed", reason="a"),
                    behaviour("current", outcome="errored", reason="b"),
                ]
            },
            (
                "error",
                "behaviour.broken",
                "logits.the_same_weights_give_the_same_logits[mps]",
                (
                    "the candidate reads what the current left: failed: a; "
                    "the current reads what the candidate left: errored: b"
                ),
            ),
        ),
        (
            {"figures": [figure(decision="regressed", estimate=0.1, low=0.09, high=0.11)]},
            ("error", "figures.regressed", "training_step[mps]", "+10.5% [+9.4%, +11.6%] in 6 groups"),
        ),
        (
            {"figures": [figure(decision="undecided", low=None, high=None)]},
            (
                "warning",
                "inconclusive.figure",
                "training_step[mps]",
                "+0.5% in 6 groups; by this noise 25 groups find +2.5%",
            ),
        ),
        (
            {"figures": [figure(copies=[0.1] * 6)]},
            (
                "warning",
                "inconclusive.noise",
                "training_step[mps]",
                "two copies of the current packages differ by +10.5%",
            ),
        ),
        (
            {"advisories": [{"id": "a", "severity": "warn", "heard": "comes", "reason": "r"}]},
            ("warning", "advisories.comes", "a", "r"),
        ),
        (
            {"advisories": [{"id": "a", "severity": "refuse", "heard": "goes", "reason": "r"}]},
            ("note", "advisories.goes", "a", "r"),
        ),
        (
            {"licences": [{"name": "peft", "before": "Apache-2.0", "after": "GPL-3.0"}]},
            ("warning", "licences.changed", "peft", "was Apache-2.0, is GPL-3.0"),
        ),
    ],
)
def test_a_gate_says_what_differs(changes: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert heard(**changes) == [expected]


def test_what_the_policy_accepts_is_told_with_its_reason_and_its_day() -> None:
    accepted = {
        "rule": "checks.newly_failing",
        "subject": "lora.*",
        "reason": "we load adapters ourselves",
        "expires": "2026-10-02",
    }
    found = gate(gate_policy(accepted=[accepted]), checks=[check()]).verdict
    assert found is not None
    (told,) = (one for one in found.findings if one.rule != "figures.improved")
    assert (told.severity, told.rule) == ("note", "accepted.checks.newly_failing")
    assert told.message == f"{TOLD} (accepted until 2026-10-02: we load adapters ourselves)"
