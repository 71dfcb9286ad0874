"""Means with a start-up in them are split."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.judge.audit.documents import audited, claim, document, log, rules
from verify.claims.claim import Document, Logged

TOKENS = 1000


def _log(run: str, startup: float, rate: float, line: int) -> tuple[Logged, ...]:
    """A log of means since the start, of a run that costs a start-up and then so many tokens a second."""
    seconds = {step: startup + step * TOKENS / rate for step in range(20, 101, 20)}
    rows = [
        {"step": step, "token_rate": round(step * TOKENS / total), "seconds": round(total, 1)}
        for step, total in seconds.items()
    ]
    return log(run, *rows, line=line, rounding={"token_rate": 1.0, "seconds": 0.1})


def two_runs(startup: float, rate: float, *claims: tuple[str, str]) -> Document:
    told = [claim("steps", low, high=high, line=30) for low, high in claims]
    work = claim("batch", "4"), claim("sequence_length", "250")
    return document(*work, *told, logged=(*_log("plain", 0.1, 20000, 5), *_log("tuned", startup, rate, 15)))


def test_a_mean_with_a_start_up_in_it_is_split() -> None:
    findings = {finding.rule: finding for finding in audited(two_runs(20.0, 50000))}
    assert set(findings) == {"steady_state.average", "steady_state.flips", "steady_state.break_even"}
    assert findings["steady_state.average"].recomputed == pytest.approx(50000, rel=0.02)
    assert findings["steady_state.break_even"].recomputed == pytest.approx((20 - 0.1) / (1 / 20 - 1 / 50), rel=0.02)


def test_a_start_up_that_changes_nothing_is_no_fault() -> None:
    assert rules(two_runs(0.1, 10000)) == []


def test_who_is_faster_does_not_flip_where_the_start_up_is_all_there_is_to_it() -> None:
    assert rules(two_runs(20.0, 15000)) == ["steady_state.average"]


def test_the_number_of_steps_that_is_advised_is_past_the_break_even() -> None:
    assert "steady_state.advice" in rules(two_runs(20.0, 50000, ("300", "")))
    assert "steady_state.advice" not in rules(two_runs(20.0, 50000, ("900", "")))
    assert "steady_state.advice" not in rules(two_runs(20.0, 50000, ("100", "")))


def test_the_claim_that_it_is_slower_is_what_is_doubted() -> None:
    written = two_runs(20.0, 50000)
    slower = claim("slowdown", "4.4", "x", line=40)
    findings = audited(document(*written.claims, slower, logged=written.logged), but=("hygiene", "recompute"))
    (flip,) = [finding for finding in findings if finding.rule == "steady_state.flips"]
    assert flip.place.line == 40
    assert flip.recomputed == pytest.approx(2.5, rel=0.02)


@given(st.floats(5, 60), st.floats(21000, 90000))
def test_the_break_even_is_that_of_the_two_costs(startup: float, rate: float) -> None:
    found = [finding for finding in audited(two_runs(startup, rate)) if finding.rule == "steady_state.break_even"]
    assert all(finding.recomputed is not None and finding.recomputed > 100 for finding in found)


def test_rates_of_intervals_are_no_means_since_the_start() -> None:
    rows = [{"step": step, "token_rate": 900.0, "seconds": 30 + step * 1.1} for step in range(20, 101, 20)]
    logged = log("run", *rows, rounding={"token_rate": 1.0, "seconds": 0.1})
    assert rules(document(claim("batch", "4"), claim("sequence_length", "250"), logged=logged)) == []


def test_what_a_run_was_told_to_do_may_stand_in_another_section() -> None:
    written = two_runs(20.0, 50000)
    setup = [dataclasses.replace(one, section=("Report", "Set-up")) for one in written.claims]
    beside = claim("seed", "7", line=4, section=("Report", "Log"))
    assert "steady_state.average" in rules(document(*setup, beside, logged=written.logged))
