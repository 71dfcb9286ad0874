"""Did a figure's history take a step? Decided by ranks, so that no outlier and no shape of the noise counts.

A stretch of a history is split where two levels fit it best: the least distances from two medians, over all splits that
leave `FEWEST` on each side. The split is a step when the exact two-sided probability of Mann and Whitney's test that
nothing changed, multiplied by the number of splits that were looked at (Bonferroni), is at most the level. So a history
of independent values in which nothing changed shows a step with at most that probability, whatever their distribution;
values that wander from day to day are not independent, and no such promise holds for them.

What two levels fit no better than a straight line is a drift, and is called that, unless noise hides the line. Each
side of a step is looked at again.
"""

import math
import statistics
from collections.abc import Iterator, Sequence
from itertools import combinations

from verify.report.course import Course, Point, Step

# With four and four, the strongest that ranks can say has a probability of 2 in 70.
FEWEST = 4
LEVEL = 0.05
CONFIDENCE = 0.95
# Two levels must leave less than this share of the distances that a line leaves: they have one parameter more.
BETTER = 0.9
# The slope's median is taken over at most so many pairs.
PAIRS = 20_000


def course_of(points: Sequence[Point], level: float = LEVEL) -> Course:
    """What a history did; of each stretch with at most this probability of a false alarm.

    Args:
        points: By sequence.
        level: From 0 to 1.
    """
    if len(points) < 2 * FEWEST:
        return Course("too few", len(points), ())
    steps = tuple(_steps(points, level))
    if steps:
        return Course("steps", len(points), steps)
    return Course("drift" if _differs(points, level) else "steady", len(points), ())


def _steps(points: Sequence[Point], level: float) -> Iterator[Step]:
    if len(points) < 2 * FEWEST:
        return
    at, chance = _split(_values(points))
    before, after = points[:at], points[at:]
    if chance <= level and _is_a_step(points, at):
        yield from _steps(before, level)
        yield _step(before, after, chance)
        yield from _steps(after, level)


def _differs(points: Sequence[Point], level: float) -> bool:
    return _split(_values(points))[1] <= level


def _values(points: Sequence[Point]) -> list[float]:
    return [point.value for point in points]


def _split(values: Sequence[float]) -> tuple[int, float]:
    """Where two levels fit best, and how often at most their values would differ as much by chance."""
    splits = range(FEWEST, len(values) - FEWEST + 1)
    at = min(splits, key=lambda split: _distances(values[:split]) + _distances(values[split:]))
    wins = sum(_ranks(values)[:at]) - at * (at + 1) / 2
    return at, min(1.0, len(splits) * _chance(wins, at, len(values) - at))


def _ranks(values: Sequence[float]) -> list[float]:
    """Each value's rank from 1; equal ones share the middle of theirs."""
    places: dict[float, list[int]] = {}
    for rank, value in enumerate(sorted(values), start=1):
        places.setdefault(value, []).append(rank)
    return [(places[value][0] + places[value][-1]) / 2 for value in values]


def _chance(wins: float, one: int, other: int) -> float:
    """How often at least as few, or as many, of all pairs are won, if nothing differs: both tails, exactly.

    With values that are equal the true probability is smaller: they win half, rounded towards the middle.
    """
    fewest = math.ceil(min(wins, one * other - wins))
    ways = [1] + [0] * fewest
    # How many orders have each number of wins: the coefficients of Gauss's binomial, as far as they are needed.
    for factor in range(1, one + 1):
        for total in range(fewest, other + factor - 1, -1):
            ways[total] -= ways[total - other - factor]
        for total in range(factor, fewest + 1):
            ways[total] += ways[total - factor]
    return min(1.0, 2 * sum(ways) / math.comb(one + other, one))


def _is_a_step(points: Sequence[Point], at: int) -> bool:
    """Whether two levels leave clearly less than a straight line does."""
    left = sum(_distances(part) for part in (_values(points[:at]), _values(points[at:])))
    return left <= BETTER * _from_line(points)


def _distances(values: Sequence[float]) -> float:
    middle = statistics.median(values)
    return sum(abs(value - middle) for value in values)


def _from_line(points: Sequence[Point]) -> float:
    """What a straight line by Theil and Sen leaves, over the places in the row."""
    values = _values(points)
    stride = max(1, math.isqrt(len(values) ** 2 // (2 * PAIRS)))
    pairs = combinations(range(0, len(values), stride), 2)
    slope = statistics.median((values[other] - values[one]) / (other - one) for one, other in pairs)
    return _distances([value - slope * place for place, value in enumerate(values)])


def _step(before: Sequence[Point], after: Sequence[Point], chance: float) -> Step:
    old, new = _values(before), _values(after)
    shift, low, high = _shift(old, new)
    spreads = [point.spread for point in (*before, *after) if point.spread is not None]
    return Step(
        last=before[-1].sequence,
        first=after[0].sequence,
        before=statistics.median(old),
        after=statistics.median(new),
        shift=shift,
        low=low,
        high=high,
        points=(len(old), len(new)),
        probability=chance,
        within=bool(spreads) and abs(shift) < statistics.median(spreads) / 2,
    )


def _shift(old: Sequence[float], new: Sequence[float]) -> tuple[float, float, float]:
    """How much more the new are: the median of all differences, and what the same test does not reject."""
    differences = sorted(after - before for before in old for after in new)
    outside = 0
    while 2 * outside < len(differences) and _chance(outside, len(old), len(new)) <= 1 - CONFIDENCE:
        outside += 1
    low, high = (differences[outside - 1], differences[-outside]) if outside else (-math.inf, math.inf)
    return statistics.median(differences), low, high
