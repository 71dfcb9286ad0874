"""The exact test of which of three is worse by more than chance."""

import itertools
import random

import pytest

from verify.judge.aligned_ranks import Triple, chance


def skewed(count: int, seed: int) -> list[Triple]:
    """Groups of three alike, with a long tail upwards."""
    draw = random.Random(seed)
    return [(draw.expovariate(1), draw.expovariate(1), draw.expovariate(1)) for _ in range(count)]


def exchanged(groups: list[Triple], seats: tuple[int, ...]) -> list[Triple]:
    """The same groups, had another of the three been the candidate."""
    return [
        (group[seat], group[(seat + 1) % 3], group[(seat + 2) % 3]) for group, seat in zip(groups, seats, strict=True)
    ]


@pytest.mark.parametrize("count", [1, 2, 9])
def test_a_candidate_that_is_far_worse_each_time_has_the_smallest_chance_there_is(count: int) -> None:
    assert chance([(9.0 + number, 0.0, 0.1) for number in range(count)]) == pytest.approx(3.0**-count)


def test_a_candidate_that_is_best_each_time_is_no_surprise() -> None:
    assert chance([(-9.0 - number, 0.0, 0.1) for number in range(5)]) == 1


def test_equal_values_tell_nothing() -> None:
    assert chance([(1.0, 1.0, 1.0)] * 6) == 1


@pytest.mark.parametrize("seed", range(5))
def test_it_errs_no_more_often_than_it_says_however_skewed_the_noise_is(seed: int) -> None:
    """Over all ways to choose the candidate, which are the outcomes that were equally probable."""
    groups = skewed(5, seed)
    chances = [chance(exchanged(groups, seats)) for seats in itertools.product(range(3), repeat=len(groups))]
    for level in (0.01, 0.05, 0.2):
        assert sum(each <= level for each in chances) <= level * len(chances)


def test_a_disturbed_copy_costs_no_more_than_its_own_group() -> None:
    """By means it would outweigh all others, and hide a regression that seven groups agree on."""
    groups = [(0.02 + number / 1000, 0.0, 0.01) for number in range(8)]
    assert chance([(0.02, 0.0, 5.0), *groups[1:]]) < 4 * chance(groups[1:])


def test_the_unit_and_the_level_of_a_group_do_not_matter() -> None:
    groups = [(3.0, 1.0, 2.5), (2.0, 2.25, 1.0), (5.0, 4.0, 4.5)]
    assert chance([(8 * a - 3, 8 * b - 3, 8 * c - 3) for a, b, c in groups]) == chance(groups)
