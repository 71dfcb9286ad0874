"""The suite asked of the candidate, and of the current side where that leaves a question."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.gate.sides import Answering, arm, check
from verify.gate.outcomes import Outcomes, compared
from verify.judge.known_issues import Entry

NOW, THEN = {"torch": "2.12.0", "peft": "0.18.1"}, {"torch": "2.13.0", "peft": "0.21.2"}
ISSUE = Entry(
    id="torn",
    check="a.b",
    packages={"torch": ">=2.12,<2.13"},
    reason="torn",
    link="https://e.org/1",
    expires="2027-01-01",
)


@pytest.fixture
def compare(tmp_path: Path) -> Any:
    def run(answering: Answering, checks: Sequence[Any], issues: Sequence[Entry] = ()) -> Outcomes:
        return compared(arm("current", tmp_path, NOW), arm("candidate", tmp_path, THEN), checks, issues, answering)

    return run


def row(outcomes: Outcomes, name: str = "a.b") -> Mapping[str, Any]:
    (found,) = (each for each in outcomes.rows if each["id"] == name)
    return found


def test_what_passes_is_asked_of_the_candidate_alone(compare: Any) -> None:
    answering = Answering()
    outcomes = compare(answering, [check("a.b"), check("a.c")])
    assert answering.asked == [("candidate", "a.b"), ("candidate", "a.c")]
    assert (outcomes.asked, outcomes.passed, outcomes.rows) == (2, 2, [])


def test_what_fails_is_asked_of_the_current_and_then_once_more_alone(compare: Any) -> None:
    answering = Answering({("candidate", "a.b"): ["failed"]})
    outcomes = compare(answering, [check("a.b"), check("a.c")])
    assert answering.asked[2:] == [("current", "a.b"), ("candidate", "a.b")]
    assert (row(outcomes)["current"], row(outcomes)["candidate"], row(outcomes)["alone"]) == (
        "passed",
        "failed",
        "failed",
    )


def test_what_passes_alone_is_told_as_such(compare: Any) -> None:
    outcomes = compare(Answering({("candidate", "a.b"): ["timed_out", "passed"]}), [check("a.b")])
    assert row(outcomes)["alone"] == "passed"
    assert row(outcomes)["reason"] == "it timed_out"


def test_what_failed_before_is_not_asked_of_the_candidate_again(compare: Any) -> None:
    answering = Answering({("candidate", "a.b"): ["failed"], ("current", "a.b"): ["crashed"]})
    found = row(compare(answering, [check("a.b")]))
    assert (found["current"], found["alone"]) == ("crashed", None)


def test_a_failure_of_the_current_by_chance_does_not_excuse_the_candidate(compare: Any) -> None:
    answering = Answering({("candidate", "a.b"): ["failed"], ("current", "a.b"): ["timed_out", "passed"]})
    found = row(compare(answering, [check("a.b")]))
    assert (found["current"], found["candidate"], found["alone"]) == ("passed", "failed", "failed")


def test_a_known_issue_of_the_current_is_not_asked_twice(compare: Any) -> None:
    answering = Answering({("candidate", "a.b"): ["failed"], ("current", "a.b"): ["failed"]})
    compare(answering, [check("a.b")], [ISSUE])
    assert answering.asked.count(("current", "a.b")) == 1


def test_what_skips_is_asked_of_the_current_and_not_again(compare: Any) -> None:
    outcomes = compare(Answering({("candidate", "a.b"): ["skipped"]}), [check("a.b")])
    assert (row(outcomes)["candidate"], row(outcomes)["alone"]) == ("skipped", None)


def test_a_package_that_is_gone_makes_its_checks_newly_skipped(tmp_path: Path) -> None:
    needing = check("a.b", needs=("peft",))
    gone = arm("candidate", tmp_path, {"torch": "2.13.0"})
    outcomes = compared(arm("current", tmp_path, NOW), gone, [needing], [], Answering())
    assert (row(outcomes)["current"], row(outcomes)["candidate"]) == ("passed", "skipped")
    assert "peft" in row(outcomes)["reason"]


def test_a_known_issue_that_the_candidate_mends_is_told(compare: Any) -> None:
    answering = Answering({("current", "a.b"): ["failed"]})
    outcomes = compare(answering, [check("a.b")], [ISSUE])
    assert (row(outcomes)["current"], row(outcomes)["candidate"]) == ("failed", "passed")


def test_a_known_issue_of_the_current_alone_excuses_nothing_in_the_candidate(compare: Any) -> None:
    outcomes = compare(Answering({("candidate", "a.b"): ["failed"]}), [check("a.b")], [ISSUE])
    assert row(outcomes)["known_issue"] is None


def test_benchmarks_are_left_to_the_duels(compare: Any) -> None:
    answering = Answering()
    assert compare(answering, [check("a.b", kind="benchmark")]).asked == 0
    assert answering.asked == []
