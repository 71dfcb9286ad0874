"""What the policy of a gate allows: how small a difference counts, how often it looks, and what it lives with."""

import math

import pytest
from pydantic import ValidationError

from tests.gates import gate_policy
from verify.judge.gate_policy import Accepted, Growth, Share


def test_a_share_is_a_logarithm_and_a_growth_is_in_bytes() -> None:
    share = Share(floor_percent=2, tolerance_percent=5).limits()
    assert (share.floor, share.tolerance) == pytest.approx((math.log(1.02), math.log(1.05)))
    growth = Growth(floor_bytes=16384, tolerance_bytes=65536).limits()
    assert (growth.floor, growth.tolerance) == (16384, 65536)


def test_times_peaks_and_growth_have_limits_of_their_own() -> None:
    policy = gate_policy(memory=Share(floor_percent=30, tolerance_percent=40))
    assert policy.limits_of("ratio", "s") == policy.limits_of("difference", "s") == policy.speed.limits()
    assert policy.limits_of("ratio", "B") == policy.memory.limits()
    assert policy.limits_of("difference", "B/round") == policy.growth.limits()


def test_a_smaller_budget_has_the_looks_before_its_end() -> None:
    policy = gate_policy(looks=[6, 9, 13])
    found = {most: policy.looks_within(most) for most in (1, 6, 8, 9, 13, 99)}
    assert found == {1: (1,), 6: (6,), 8: (6, 8), 9: (6, 9), 13: (6, 9, 13), 99: (6, 9, 13)}


@pytest.mark.parametrize("looks", [[0, 1], [6, 6], [9, 6], []])
def test_looks_are_numbers_of_groups_that_grow(looks: list[int]) -> None:
    with pytest.raises(ValidationError):
        gate_policy(looks=looks)


def accepted(subject: str, expires: str = "2026-10-02") -> Accepted:
    """Something to live with."""
    return Accepted(rule="checks.lost", subject=subject, reason="we load adapters ourselves", expires=expires)


def test_only_a_star_stands_for_other_letters() -> None:
    one = accepted("lora.*[mps]")
    assert one.covers("checks.lost", "lora.merge[mps]")
    assert not one.covers("checks.lost", "lora.merge[mps] and more")
    assert not one.covers("checks.lost", "loraxmerge[mps]")
    assert not one.covers("checks.other", "lora.merge[mps]")


def test_it_counts_until_its_day_where_that_is_at_most_a_year_ahead() -> None:
    days = {"2026-10-02": True, "2026-10-03": False, "2025-10-02": True, "2025-09-30": False}
    assert {day: accepted("lora").counts_on(day) for day in days} == days
