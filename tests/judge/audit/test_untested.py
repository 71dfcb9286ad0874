"""What is claimed has been tried."""

import dataclasses

import pytest

from tests.judge.audit.documents import audited, claim, document, listed, log, place, rules, statement
from verify.claims.claim import Arm, Heading, Place, Says

TESTS = (listed("test", "adapters:lora", "devices:mps"),)


@pytest.mark.parametrize(("about", "expected"), [("lora", []), ("mps", []), ("qlora", ["untested.capability"])])
def test_a_ticked_capability_has_a_test(about: str, expected: list[str]) -> None:
    written = document(enumerations=TESTS, statements=(statement("supported", about, mark=True),))
    assert rules(written) == expected


@pytest.mark.parametrize("says", ["supported", "ready", "compatible"])
def test_however_it_is_said(says: Says) -> None:
    assert rules(document(enumerations=TESTS, statements=(statement(says, "distributed"),))) == ["untested.capability"]


def test_what_prose_says_of_anything_is_a_claim_where_it_is_ticked() -> None:
    plain, ticked = (statement("works", "distributed", mark=mark) for mark in (None, True))
    assert rules(document(enumerations=TESTS, statements=(plain,))) == []
    assert rules(document(enumerations=TESTS, statements=(ticked,))) == ["untested.capability"]


def test_a_text_that_is_no_report_may_tell_of_anything() -> None:
    untried = dataclasses.replace(TESTS[0].items[0], passed=None)
    plan = dataclasses.replace(TESTS[0], items=(untried,))
    assert rules(document(enumerations=(plan,), statements=(statement("supported", "fp8", mark=True),))) == []


def test_what_is_denied_or_crossed_is_not_claimed() -> None:
    said = statement("works", "distributed", denied=True), statement("works", "fp8", mark=False)
    assert rules(document(enumerations=TESTS, statements=said)) == []


def test_what_a_run_was_made_with_was_tried() -> None:
    arm = Arm(Place("old.md", 1), "run", {"precision": "bf16"})
    logged = log("run", {"step": 1, "loss": 1.0})
    said = (statement("works", "bf16", mark=True),)
    assert rules(document(arms=(arm,), logged=logged, statements=said)) == []
    assert rules(document(enumerations=TESTS, arms=(arm,), statements=said)) == ["untested.capability"]


def test_what_is_still_to_be_tried_is_not_claimed_already() -> None:
    said = statement("ready", "qlora", mark=True), statement("planned", "qlora", line=9)
    assert rules(document(enumerations=TESTS, statements=said)) == ["untested.capability", "untested.still_to_do"]
    assert rules(document(enumerations=TESTS, statements=said[1:])) == []


def test_any_size_is_not_claimed_of_one_size() -> None:
    told, said = claim("parameters", "1,000"), (statement("any_size"),)
    assert rules(document(told, enumerations=TESTS, statements=said)) == ["untested.any_size"]


def test_efficiency_is_claimed_with_a_power_that_was_measured() -> None:
    said = (statement("power_efficient"),)
    assert rules(document(statements=said)) == ["untested.efficiency"]
    assert rules(document(claim("power", "20", "W", about=True), statements=said)) == ["untested.efficiency"]
    assert rules(document(claim("power", "21.4", "W"), statements=said)) == []


def test_a_failure_that_is_worked_around_is_tried_again() -> None:
    failed, around = statement("passed", "quantization", mark=False), statement("fallback", "quantization")
    again = statement("tested", "fallback", mark=True)
    assert rules(document(enumerations=TESTS, statements=(failed, around))) == ["untested.fallback"]
    assert rules(document(enumerations=TESTS, statements=(failed, around, again))) == []
    assert rules(document(statements=(failed, around))) == []


def test_how_fast_a_device_is_is_not_told_before_it_is_measured() -> None:
    faster = claim("speedup", "3.0", "x", device="mps")
    later = (statement("planned", "mps", line=9),)
    assert rules(document(faster, statements=later)) == ["untested.still_to_measure"]
    assert rules(document(faster)) == []
    assert rules(document(claim("speedup", "3.0", "x", device="cuda"), statements=later)) == []


def test_what_is_ticked_in_the_section_of_a_test_was_observed_there() -> None:
    heading = Heading(place(2), ("Report",), 3, "Test 1: matrices", mark=True)
    seen = statement("works", "matmul", mark=True, section=("Report", "Test 1: matrices"))
    tests = (listed("test", "matrices", line=1),)
    assert rules(document(enumerations=tests, headings=(heading,), statements=(seen,))) == []
    assert rules(document(enumerations=tests, statements=(seen,))) == ["untested.capability"]


def test_a_way_around_a_failure_that_has_no_name_is_called_one() -> None:
    failed, around = statement("passed", "quantization", mark=False), statement("fallback")
    assert [found.subject for found in audited(document(enumerations=TESTS, statements=(failed, around)))] == [
        "fallback"
    ]
