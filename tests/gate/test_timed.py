"""When the duels of a gate stop, and why."""

import math

import pytest

from tests.gates import gate_policy
from verify.gate.duel import Measured
from verify.gate.timed import why_stop
from verify.judge.sequential import Decision, Judgement, Terms

TERMS = Terms(0.01, 2, (6, 13))


def known(*decisions: Decision) -> dict[Measured, Judgement]:
    return {
        Measured(str(place), "cpu", "ratio", "s"): Judgement(decision, 0.0, -0.01, 0.01, 6, 0.05)
        for place, decision in enumerate(decisions)
    }


@pytest.mark.parametrize(
    ("decisions", "groups", "why"),
    [
        (("held", "held"), 6, "every figure holds"),
        (("held", "undecided"), 6, ""),
        (("held", "regressed"), 6, "a regression is certain"),
        (("hopeless", "regressed"), 6, "a regression is certain"),
        (("held", "hopeless"), 6, "what is open cannot be decided by more groups"),
        (("undecided", "hopeless"), 6, ""),
        (("held", "held"), 5, ""),
        (("undecided", "undecided"), 13, "the budget is spent"),
    ],
)
def test_it_stops_when_it_is_decided_or_cannot_be(decisions: tuple[Decision, ...], groups: int, why: str) -> None:
    assert why_stop(known(*decisions), groups, TERMS) == why


def test_times_memory_and_leaks_have_limits_of_their_own() -> None:
    policy = gate_policy()
    time, peak = policy.limits_of("ratio", "s"), policy.limits_of("ratio", "B")
    leak = policy.limits_of("difference", "B/round")
    assert time.floor == peak.floor == pytest.approx(math.log(1.025))
    assert (leak.floor, leak.tolerance) == (16384, 65536)


@pytest.mark.parametrize(
    ("most", "looks"), [(31, (6, 9, 13, 20, 31)), (6, (6,)), (10, (6, 9, 10)), (1, (1,)), (99, (6, 9, 13, 20, 31))]
)
def test_a_smaller_budget_looks_less_often(most: int, looks: tuple[int, ...]) -> None:
    assert gate_policy().looks_within(most) == looks
