"""What is decided on differences that come one by one."""

import math
import random

import pytest

from verify.judge.sequential import Limits, Terms, judged
from verify.probe.paired import spread

LOOKS = (6, 13, 19, 25)
TERMS = Terms(false_alarms=0.01, figures=11, looks=LOOKS)
LIMITS = Limits(floor=math.log(1.025), tolerance=math.log(1.05))


def noise(count: int, deviation: float, seed: int = 0) -> list[float]:
    chance = random.Random(seed)
    return [chance.gauss(0, deviation) for _ in range(count)]


def shifted(values: list[float], by: float) -> list[float]:
    return [value + by for value in values]


def test_differences_around_zero_hold() -> None:
    assert judged(noise(6, 0.01), LIMITS, TERMS).decision == "held"


def test_what_is_surely_slower_by_a_tenth_has_regressed() -> None:
    known = judged(shifted(noise(13, 0.01), 0.1), LIMITS, TERMS)
    assert known.decision == "regressed"
    assert known.low < 0.1 < known.high


def test_six_groups_can_never_refuse() -> None:
    """Even if all six agree, chance does so once in 64 gates."""
    assert judged(shifted(noise(6, 0.001), 0.1), LIMITS, TERMS).decision == "undecided"


def test_one_sample_decides_nothing() -> None:
    for value in (0.0, 0.5, -0.5):
        assert judged([value], LIMITS, TERMS).decision == "undecided"


def test_what_is_surely_slower_by_less_than_the_floor_holds() -> None:
    assert judged(shifted(noise(13, 0.0005), 0.01), LIMITS, TERMS).decision == "held"


def test_what_is_slower_by_between_floor_and_tolerance_is_refused_when_it_is_certain() -> None:
    assert judged(shifted(noise(13, 0.0005), 0.03), LIMITS, TERMS).decision == "regressed"


def test_noise_that_no_budget_overcomes_is_hopeless() -> None:
    assert judged(noise(6, 0.5), LIMITS, TERMS).decision == "hopeless"


def test_one_outlier_does_not_refuse() -> None:
    values = [*noise(12, 0.01), 2.0]
    assert judged(values, LIMITS, TERMS).decision == "held"
    assert spread(values) < 0.03


def test_what_is_faster_holds() -> None:
    assert judged(shifted(noise(13, 0.01), -0.2), LIMITS, TERMS).decision == "held"


def test_the_level_is_shared_by_all_figures_and_looks() -> None:
    assert TERMS.level == pytest.approx(0.01 / 44)


def test_what_can_be_found_is_never_less_than_the_floor_and_grows_with_the_noise() -> None:
    quiet, loud = (judged(noise(13, deviation), LIMITS, TERMS).detectable for deviation in (0.0001, 0.2))
    assert quiet == LIMITS.floor
    assert loud > 0.1


def test_a_regression_of_what_can_be_found_is_found_in_four_of_five() -> None:
    """The promise of ``detectable``, in simulation: the budget spent, at the level of its last look alone."""
    deviation, found = 0.05, 0
    promised = judged(noise(100, deviation), LIMITS, TERMS).detectable
    for seed in range(200):
        known = judged(shifted(noise(25, deviation, seed), promised), Limits(0.0, 0.05), TERMS)
        found += known.decision == "regressed"
    assert 0.65 * 200 <= found <= 0.95 * 200


def test_without_a_difference_there_is_nothing_to_judge() -> None:
    with pytest.raises(ValueError, match="no difference"):
        judged([], LIMITS, TERMS)
