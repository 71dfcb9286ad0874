"""A training log holds together."""

import pytest

from tests.judge.audit.documents import claim, document, log, losses, rules

ROWS = (
    {"step": 10, "tokens": 8000.0, "iteration_rate": 0.5, "token_rate": 400.0},
    {"step": 20, "tokens": 16100.0, "iteration_rate": 0.5, "token_rate": 405.0},
    {"step": 30, "tokens": 24000.0, "iteration_rate": 0.4, "token_rate": 316.0},
)
ROUNDED = {"tokens": 1.0, "iteration_rate": 0.001, "token_rate": 0.1}


def test_iterations_times_their_tokens_are_the_tokens_a_second() -> None:
    assert rules(document(logged=log("run", *ROWS, rounding=ROUNDED))) == []
    wrong = (*ROWS[:2], ROWS[2] | {"token_rate": 400.0})
    assert rules(document(logged=log("run", *wrong, rounding=ROUNDED))) == ["recompute.value"]


def test_rounding_is_no_fault() -> None:
    near = (*ROWS[:2], ROWS[2] | {"token_rate": 316.3})
    assert rules(document(logged=log("run", *near, rounding=ROUNDED))) == []


@pytest.mark.parametrize(("final", "expected"), [("1.000", []), ("1.0", []), ("0.9", ["recompute.log"])])
def test_losses_that_are_told_are_those_of_the_log(final: str, expected: list[str]) -> None:
    assert rules(document(claim("loss_final", final), logged=losses(3.0, 2.0, 1.0))) == expected


@pytest.mark.parametrize(("tokens", "expected"), [("24,000", []), ("25,000", ["recompute.log"])])
def test_tokens_that_are_told_are_those_at_the_end_of_the_log(tokens: str, expected: list[str]) -> None:
    assert rules(document(claim("tokens", tokens), logged=log("run", *ROWS, rounding=ROUNDED))) == expected


def test_a_loss_of_another_run_is_not_looked_for_in_this_log() -> None:
    logged = losses(3.0, 2.0, 1.0, run="one")
    assert rules(document(claim("loss_final", "0.7", run="two"), logged=logged)) == []
    assert rules(document(claim("loss_final", "0.7", run="one"), logged=logged)) == ["recompute.log"]


@pytest.mark.parametrize(("rate", "expected"), [(285.0, []), (355.0, []), (275.0, ["recompute.value"])])
def test_tokens_that_were_rounded_may_be_off_at_both_ends_of_a_step(rate: float, expected: list[str]) -> None:
    # 8,000 tokens, give or take 1,000, in ten steps at 0.4 a second.
    rows = ({"step": 20, "tokens": 16000.0}, {"step": 30, "tokens": 24000.0, "iteration_rate": 0.4, "token_rate": rate})
    logged = log("run", *rows, rounding={"tokens": 1000.0, "iteration_rate": 0.001, "token_rate": 0.1})
    assert rules(document(logged=logged)) == expected
