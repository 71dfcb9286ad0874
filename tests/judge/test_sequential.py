"""What is decided on differences that come one by one."""

import math
import random

import pytest

from verify.judge.sequential import MEAN_OF_COPIES, Judgement, Limits, Terms, disturbed, judged
from verify.probe.paired import spread

LOOKS = (6, 9, 13, 20, 31)
TERMS = Terms(false_alarms=0.01, figures=11, looks=LOOKS)
LIMITS = Limits(floor=math.log(1.025), tolerance=math.log(1.05))


def noise(count: int, deviation: float, seed: int = 0) -> list[float]:
    chance = random.Random(seed)
    return [chance.gauss(0, deviation) for _ in range(count)]


def told(values: list[float], copies: list[float] | None = None) -> Judgement:
    """What is known of differences, beside copies that are as noisy."""
    deviation = spread(values) / MEAN_OF_COPIES
    return judged(values, copies or noise(len(values), deviation, seed=1), LIMITS, TERMS)


def shifted(values: list[float], by: float) -> list[float]:
    return [value + by for value in values]


def test_differences_around_zero_hold() -> None:
    assert told(noise(6, 0.01)).decision == "held"


def test_what_is_surely_slower_by_a_tenth_has_regressed() -> None:
    known = told(shifted(noise(13, 0.01), 0.1))
    assert known.decision == "regressed"
    assert known.low < 0.1 < known.high


def test_six_groups_can_never_refuse() -> None:
    """Even if all six agree, chance does so once in 729 figures."""
    assert told(shifted(noise(6, 0.001), 0.1)).decision == "undecided"


def test_one_sample_decides_nothing() -> None:
    for value in (0.0, 0.5, -0.5):
        assert told([value]).decision == "undecided"


def test_what_is_surely_slower_by_less_than_the_floor_holds() -> None:
    assert told(shifted(noise(13, 0.0005), 0.01)).decision == "held"


def test_what_is_slower_by_between_floor_and_tolerance_is_refused_when_it_is_certain() -> None:
    assert told(shifted(noise(13, 0.0005), 0.03)).decision == "regressed"


def test_noise_that_no_budget_overcomes_is_hopeless() -> None:
    assert told(noise(6, 0.5)).decision == "hopeless"


def test_one_outlier_does_not_refuse() -> None:
    values = [*noise(12, 0.01), 2.0]
    assert told(values).decision == "held"
    assert spread(values) < 0.03


def test_what_is_faster_holds() -> None:
    assert told(shifted(noise(13, 0.01), -0.2)).decision == "held"


def test_the_level_is_shared_by_all_figures_and_the_looks_that_can_refuse() -> None:
    """Six groups cannot, whatever they say; nine can for a dozen figures, and for those of a box with a GPU."""
    assert TERMS.level == pytest.approx(0.01 / 44)
    assert Terms(0.01, 40, LOOKS).level == pytest.approx(0.01 / 160)
    assert Terms(0.01, 60, LOOKS).level == pytest.approx(0.01 / 180)


def test_nine_groups_that_agree_refuse() -> None:
    assert told(shifted(noise(9, 0.001), 0.1)).decision == "regressed"
    assert told(shifted(noise(8, 0.001), 0.1)).decision == "regressed"
    assert told(shifted(noise(7, 0.001), 0.1)).decision == "undecided"


def test_a_candidate_that_only_scatters_more_is_not_worse() -> None:
    """It is the worst of three nearly as often as the best."""
    values = [0.3, -0.28, 0.31, -0.27, 0.29, -0.3, 0.32, -0.26, 0.33] * 3
    assert told(values, noise(27, 0.002)).decision != "regressed"


@pytest.mark.parametrize("change", [0.03, 0.04, 0.045])
def test_what_seems_worse_by_more_than_the_floor_is_not_held_by_six_groups(change: float) -> None:
    """It would be accepted before any number of groups could refuse it."""
    values = shifted(noise(6, 0.004), change)
    assert told(values).decision == "undecided"
    assert told(shifted(noise(13, 0.004), change)).decision == "regressed"


def test_copies_that_seem_to_differ_hold_nothing() -> None:
    values = noise(6, 0.004)
    apart = shifted(noise(6, 0.004, seed=2), 0.1)
    assert told(values).decision == "held"
    assert told(values, apart).decision == "undecided"
    assert disturbed(apart, LIMITS)
    assert disturbed(shifted(apart, -0.2), LIMITS)
    assert not disturbed(shifted(noise(6, 0.0001), 0.01), LIMITS)


def test_a_candidate_that_scatters_where_copies_do_not_is_not_the_machines_fault() -> None:
    values = [0.0, 0.6, -0.6, 0.6, -0.6, 0.0]
    assert told(values, noise(6, 0.01)).decision == "undecided"


def test_what_can_be_found_is_never_less_than_the_floor_and_grows_with_the_noise() -> None:
    quiet, loud = (told(noise(13, deviation)).detectable for deviation in (0.0001, 0.2))
    assert quiet == pytest.approx(LIMITS.floor, rel=0.01)
    assert loud > 0.1


@pytest.mark.parametrize("deviation", [0.005, 0.05])
def test_a_regression_of_what_can_be_found_is_found_in_four_of_five(deviation: float) -> None:
    """The promise of ``detectable``, in simulation: the whole budget spent."""
    promised, found = told(noise(100, deviation), noise(100, deviation / MEAN_OF_COPIES, seed=3)).detectable, 0
    for seed in range(200):
        values = shifted(noise(31, deviation, seed), promised)
        found += told(values).decision == "regressed"
    assert 0.65 * 200 <= found <= 0.95 * 200


def test_without_a_difference_there_is_nothing_to_judge() -> None:
    with pytest.raises(ValueError, match="no difference"):
        judged([], [], LIMITS, TERMS)
