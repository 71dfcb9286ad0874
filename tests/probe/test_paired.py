"""Intervals hold what they promise, on noise that a real machine made."""

import itertools
import math
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.probe.paired import NOMINAL, compare, confidence_of, fewest_rounds, merged, of_differences, rejected

# Microseconds a call of one matrix product of 512 x 512, in 2,000 blocks of 8 calls one after the other, on two shared
# cores: most within 2%, a tenth twice as slow for seconds at a time, and neighbours alike (correlation 0.96).
NOISE = [float(line) for line in (Path(__file__).parent / "matmul_noise.txt").read_text().splitlines()]
# A round, and the next.
ORDERS = ((0, 1, 1, 0), (1, 0, 0, 1))


def dealt(blocks: Sequence[float], slower: float = 1.0) -> tuple[list[float], list[float]]:
    """Blocks given to A and B in the order in which they are taken; B takes so many times as long."""
    sides: tuple[list[float], list[float]] = ([], [])
    for index, block in enumerate(blocks):
        side = ORDERS[index // 4 % 2][index % 4]
        sides[side].append(block * (slower if side else 1.0))
    return sides


def stretches(noise: random.Random, rounds: int, length: int, runs: int = 2) -> list[float]:
    """Blocks of the recording, two a round for each run: stretches of some length each, from anywhere."""
    starts = (noise.randrange(len(NOISE) - length) for _ in itertools.repeat(None))
    found = itertools.chain.from_iterable(NOISE[start : start + length] for start in starts)
    return list(itertools.islice(found, 2 * runs * rounds))


@pytest.mark.parametrize(("rounds", "length"), [(8, 32), (12, 16), (24, 96), (24, 16), (24, 1), (48, 192)])
def test_what_is_the_same_is_found_the_same_in_95_of_100_comparisons(rounds: int, length: int) -> None:
    noise = random.Random(20 * rounds + length)
    count = 500
    covered = sum(compare(*dealt(stretches(noise, rounds, length))).covers_one for _ in range(count))
    assert covered >= 0.95 * count


def raced(blocks: Sequence[float], runs: int) -> list[list[float]]:
    """Blocks given to runs in the order in which they take turns: forwards, backwards, backwards, forwards."""
    turns = [blocks[start : start + runs] for start in range(0, len(blocks), runs)]
    in_order = [turn if index % 4 in {0, 3} else turn[::-1] for index, turn in enumerate(turns)]
    return [list(run) for run in zip(*in_order, strict=True)]


@pytest.mark.parametrize(("rounds", "length"), [(10, 16), (30, 96), (30, 1), (60, 192)])
def test_comparisons_side_by_side_all_find_the_same_in_95_of_100_only_where_they_know_of_each_other(
    rounds: int, length: int
) -> None:
    noise, comparisons, count = random.Random(rounds * length), 7, 400
    races = [raced(stretches(noise, rounds, length, 1 + comparisons), 1 + comparisons) for _ in range(count)]

    def all_cover(held_for: int) -> int:
        return sum(all(compare(first, one, held_for).covers_one for one in others) for first, *others in races)

    assert all_cover(comparisons) >= 0.95 * count
    assert all_cover(1) < 0.92 * count


@pytest.mark.parametrize("slower", [0.9, 1.05, 1.1])
def test_what_differs_by_more_than_the_noise_is_found_to(slower: float) -> None:
    noise = random.Random(5)
    found = [compare(*dealt(stretches(noise, 24, 96), slower)) for _ in range(200)]
    assert sum(item.low <= slower <= item.high for item in found) >= 0.95 * 200
    assert sum(not item.covers_one for item in found) >= 0.9 * 200


def test_drift_favours_neither() -> None:
    rising = [1.0 + 0.01 * block for block in range(4 * 12)]
    assert compare(*dealt(rising)).ratio == pytest.approx(1.0, abs=1e-3)
    in_order = compare(rising[:24], rising[24:])
    assert in_order.low > 1.1, "the same times, first all of A, then all of B, differ"


def test_few_rounds_have_a_ratio_but_no_interval() -> None:
    found = compare([1.0, 1.0] * 4, [2.0, 2.0] * 4)
    assert found.ratio == pytest.approx(2.0)
    assert (found.low, found.high) == (0.0, math.inf)


@pytest.mark.parametrize(("comparisons", "rounds"), [(1, 8), (2, 9), (7, 10)])
def test_the_interval_of_the_fewest_rounds_reaches_not_as_far_as_one_that_is_wild(
    comparisons: int, rounds: int
) -> None:
    assert fewest_rounds(confidence_of(comparisons)) == rounds

    def reaches(count: int) -> float:
        return compare([1.0] * 2 * count, [*([1.0] * (2 * count - 2)), 100.0, 100.0], comparisons).high

    assert reaches(rounds) < 100.0
    assert reaches(rounds - 1) == pytest.approx(100.0)


@pytest.mark.parametrize("samples", [([], []), ([1.0], [1.0]), ([1.0, 1.0], [1.0, 1.0, 1.0, 1.0])])
def test_what_was_not_taken_in_rounds_is_not_compared(samples: tuple[list[float], list[float]]) -> None:
    with pytest.raises(ValueError, match="no rounds"):
        compare(*samples)


@given(st.lists(st.floats(0.5, 2.0), min_size=64, max_size=64), st.floats(0.1, 10.0))
def test_the_ratio_lies_in_its_interval_and_scales(blocks: list[float], factor: float) -> None:
    one, other = compare(*dealt(blocks)), compare(*dealt(blocks, factor))
    assert one.low <= one.ratio <= one.high
    assert other.ratio == pytest.approx(one.ratio * factor)


def test_the_distribution_of_ranks_is_the_tabulated_one() -> None:
    # The largest sum that is rejected, one side, at 1.5%: counted by hand for 7 rounds, 1 of 128 outcomes has none.
    assert [rejected(count, NOMINAL) for count in (1, 5, 6, 7)] == [0, 0, 0, 1]
    for count in (8, 10, 12):
        sums = sorted(
            sum(rank for rank, sign in enumerate(signs, 1) if sign) for signs in itertools.product((0, 1), repeat=count)
        )
        below = rejected(count, NOMINAL)
        allowed = 0.015 * 2**count
        assert sum(total < below for total in sums) <= allowed < sum(total <= below for total in sums)


def test_six_independent_differences_are_the_fewest_with_an_interval_at_95_percent() -> None:
    assert [rejected(count, 0.95) for count in (5, 6)] == [0, 1]
    found = of_differences([math.log(ratio) for ratio in (0.9, 0.95, 1.0, 1.0, 1.05, 1.2)], 0.95)
    # One of 2^6 outcomes has all six above, one all six below: the interval is their range.
    assert [found.low, found.high] == pytest.approx([0.9, 1.2])
    assert found.rounds == 6
    assert of_differences([0.1] * 5, 0.95).low == 0.0


def test_rounds_that_err_alike_are_merged_and_others_are_not() -> None:
    noise = random.Random(2)
    level, walk = 0.0, []
    for _ in range(48):
        level += noise.gauss(0, 1)
        walk.append(level)
    assert 8 <= len(merged(walk, 8)) < 48
    assert 24 <= len(merged(walk, 20)) < 48
    assert len(merged([noise.gauss(0, 1) for _ in range(48)], 8)) == 48
    assert merged([0.0] * 48, 8) == [0.0] * 48
