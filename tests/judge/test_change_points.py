"""Steps are found, and what is none is not called one."""

import math
import random
from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.judge.change_points import FEWEST, LEVEL, _chance, course_of
from verify.report.course import Course, Point

NOISE = 2.0
SERIES = 1000
# Of so many series three standard errors of the level.
ALLOWED = LEVEL + 3 * math.sqrt(LEVEL * (1 - LEVEL) / SERIES)


def course(values: list[float], spread: float | None = None) -> Course:
    """What values in a row did."""
    return course_of([Point(number, value, spread) for number, value in enumerate(values, start=1)])


def noise(rng: random.Random, count: int) -> list[float]:
    """A history in which nothing changed."""
    return [rng.gauss(100, NOISE) for _ in range(count)]


def exactly(fewest: int, one: int, other: int) -> float:
    """The probability by counting all orders there are."""
    orders = [sum(places) - one * (one - 1) // 2 for places in combinations(range(one + other), one)]
    return min(1.0, 2 * sum(wins <= fewest for wins in orders) / len(orders))


@pytest.mark.parametrize(("one", "other"), [(4, 4), (4, 7), (6, 5)])
def test_the_probability_is_that_of_all_orders(one: int, other: int) -> None:
    for wins in range(one * other + 1):
        assert _chance(wins, one, other) == pytest.approx(exactly(min(wins, one * other - wins), one, other), rel=1e-12)


@pytest.mark.parametrize("count", [8, 11, 24])
def test_false_alarms_are_no_more_than_stated(count: int) -> None:
    rng = random.Random(count)
    shapes = Counter(course(noise(rng, count)).shape for _ in range(SERIES))
    assert shapes["steps"] + shapes["drift"] <= ALLOWED * SERIES


def test_noise_with_heavy_tails_alarms_no_more_often() -> None:
    rng = random.Random(1)
    shapes = Counter(course([math.tan(math.pi * (rng.random() - 0.5)) for _ in range(12)]).shape for _ in range(SERIES))
    assert shapes["steps"] + shapes["drift"] <= ALLOWED * SERIES


@pytest.mark.parametrize(("before", "after", "power"), [(4, 4, 0.85), (4, 12, 0.9), (12, 4, 0.9), (10, 10, 0.95)])
def test_a_step_of_a_tenth_is_found_in_noise_of_a_fiftieth(before: int, after: int, power: float) -> None:
    rng = random.Random(before)
    found = [course([*noise(rng, before), *(value * 1.1 for value in noise(rng, after))]) for _ in range(200)]
    steps = [one.steps for one in found if one.shape == "steps"]
    assert len(steps) >= power * len(found)
    right = [one for (one, *more) in steps if not more and (one.last, one.first) == (before, before + 1)]
    assert len(right) >= 0.85 * len(steps)


def test_a_step_is_told_with_its_size_and_its_interval() -> None:
    (step,) = course([100, 101, 99, 100.5, 99.5, 110, 111, 109, 110.5, 109.5], spread=30).steps
    assert (step.last, step.first, step.points, step.before, step.after) == (5, 6, (5, 5), 100, 110)
    assert step.low <= step.shift == 10 <= step.high
    assert step.probability == pytest.approx(3 * 2 / math.comb(10, 5))
    assert (step.within, step.ratio) == (True, 1.1)


def test_the_interval_covers_the_shift_as_often_as_it_says() -> None:
    rng = random.Random(3)
    found = [course([*noise(rng, 8), *(value + 20 for value in noise(rng, 8))]).steps for _ in range(200)]
    single = [steps[0] for steps in found if len(steps) == 1]
    assert len(single) >= 0.9 * len(found)
    assert sum(one.low <= 20 <= one.high for one in single) >= 0.9 * len(single)


def test_two_steps_are_both_found() -> None:
    rng = random.Random(4)
    values = [*noise(rng, 8), *(value + 20 for value in noise(rng, 8)), *(value - 30 for value in noise(rng, 8))]
    assert [step.first for step in course(values).steps] == [9, 17]


@pytest.mark.parametrize("count", [8, 12, 30])
def test_a_spike_is_no_step_wherever_it_is(count: int) -> None:
    rng = random.Random(count)
    for place in range(count):
        values = noise(rng, count)
        values[place] += 100
        assert course(values).shape != "steps"


def test_a_drift_is_no_step() -> None:
    rng = random.Random(5)
    shapes = Counter(
        course([value + 20 * place / 20 for place, value in enumerate(noise(rng, 20))]).shape for _ in range(200)
    )
    assert shapes["steps"] <= 4
    assert shapes["drift"] >= 190


def test_too_few_is_said_and_is_nothing_else() -> None:
    assert course([]).shape == "too few"
    few = course([0.0, 0.0, 0.0, 0.0, 9.0, 9.0, 9.0])
    assert (few.shape, few.points, few.steps) == ("too few", 2 * FEWEST - 1, ())
    assert course([0.0, 0.0, 0.0, 0.0, 9.0, 9.0, 9.0, 9.0]).shape == "steps"


def test_what_never_changes_is_steady() -> None:
    assert course([3.0] * 20).shape == "steady"
    assert course([0.0] * 8).shape == "steady"


@given(st.lists(st.floats(-1e6, 1e6), max_size=24))
def test_any_history_has_a_course_and_the_same_one_again(values: list[float]) -> None:
    found = course(values)
    assert found == course(values)
    assert (found.shape == "steps") == bool(found.steps)
    assert all(step.probability <= LEVEL and min(step.points) >= FEWEST for step in found.steps)
    assert [step.first for step in found.steps] == sorted(step.first for step in found.steps)
