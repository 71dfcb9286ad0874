from pathlib import Path

from tests.checks.cases import Case
from tests.checks.mutations import name_of, page, quoted

CASE = Case(Path("training.py"), "a_net_that_sleeps", "training.it_learns", "cpu", "final_loss")
SEEN = {"outcome": "failed", "reason": "final_loss is 2.3 nat, must be at most 0.2"}


def test_a_fault_that_was_seen_is_told_in_the_checks_words() -> None:
    written = page([CASE], {name_of(CASE): SEEN}, "cpu")
    assert "1 of 1 faults were seen, 1 checks" in written
    assert "| `training.it_learns` on cpu | a net that sleeps | failed | final_loss is 2.3 nat, must be" in written


def test_a_fault_that_another_reason_met_has_survived() -> None:
    written = page([CASE], {name_of(CASE): {**SEEN, "reason": "no net"}}, "cpu")
    assert "0 of 1 faults were seen" in written
    assert "**survived** (failed)" in written


def test_a_check_that_passed_has_been_survived() -> None:
    assert "**survived** (passed)" in page([CASE], {name_of(CASE): {"outcome": "passed", "reason": None}}, "cpu")


def test_places_and_bars_leave_the_reason() -> None:
    assert quoted("differs: '/tmp/a/b.txt', x|y\nmore") == "differs: '…', x\\|y more"
    assert len(quoted("long " * 99)) < 120
