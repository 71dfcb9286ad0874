"""Two pieces of work compared that were timed in turns, so that drift favours neither: their ratio, and its interval.

The unit is a round of four blocks, A B B A: what drifts linearly within it cancels, and what curves cancels with the
next round, which is B A A B. Of each round only the mean difference of the logarithms counts. The interval is the one
that Wilcoxon's signed-rank test does not reject, by its exact distribution; all it assumes is that rounds are as likely
to err upwards as downwards. Rounds that err alike in a row are merged first, or the interval would be too narrow.

Of several comparisons that are read side by side each interval is wider, so that they hold all at once (Bonferroni's
correction; Dunn 1961, https://doi.org/10.1080/01621459.1961.10482090): of seven that each hold 95 times of 100, one or
another fails every sixth time. It asks nothing of how the comparisons hang together, and those with one baseline do.
"""

import functools
import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

# What is called the 95% interval has 97% where rounds are independent: what is left of correlation may cost a point on
# the recorded noise of a shared machine.
NOMINAL = 0.97
# The median distance from the median, of a normal distribution with a deviation of one.
MAD_OF_NORMAL = 0.6745


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many times as long B takes as A.

    Attributes:
        ratio: B over A, by Hodges and Lehmann: the median of the means of all pairs of rounds.
        low: Lower end of the 95% interval, which of several comparisons hold at once; 0 for too few rounds.
        high: Its upper end; infinite for too few.
        rounds: How many rounds or pairs it rests on, after merging.
    """

    ratio: float
    low: float
    high: float
    rounds: int

    @property
    def covers_one(self) -> bool:
        """Whether nothing was found to differ."""
        return self.low <= 1.0 <= self.high


def compare(samples_a: Sequence[float], samples_b: Sequence[float], comparisons: int = 1) -> Comparison:
    """How many times as long B takes, from samples taken in rounds of four blocks.

    Args:
        samples_a: Two a round.
        samples_b: As many.
        comparisons: Those that are read side by side, this one among them.

    Raises:
        ValueError: They are none, not as many, or not in pairs.
    """
    if not samples_a or len(samples_a) != len(samples_b) or len(samples_a) % 2:
        raise ValueError(f"{len(samples_a)} and {len(samples_b)} samples are no rounds of two each")
    gaps = [math.log(b) - math.log(a) for a, b in zip(samples_a, samples_b, strict=True)]
    confidence = confidence_of(comparisons)
    rounds = [statistics.fmean(gaps[start : start + 2]) for start in range(0, len(gaps), 2)]
    return of_differences(merged(rounds, fewest_rounds(confidence)), confidence)


def confidence_of(comparisons: int) -> float:
    """What the interval of each comparison has to have, for as many of them to hold at once."""
    return 1 - (1 - NOMINAL) / comparisons


def of_differences(differences: Sequence[float], confidence: float) -> Comparison:
    """What differences of logarithms, B's less A's and independent of each other, tell of the ratio."""
    middle, low, high = located(differences, confidence)
    return Comparison(math.exp(middle), math.exp(low), math.exp(high), len(differences))


def located(values: Sequence[float], confidence: float) -> tuple[float, float, float]:
    """Where the middle of independent values lies: Hodges and Lehmann's estimate, and its interval.

    The interval is infinite where there are too few values for the confidence.
    """
    means = sorted((one + other) / 2 for index, one in enumerate(values) for other in values[index:])
    outside = rejected(len(values), confidence)
    low, high = (means[outside - 1], means[-outside]) if outside else (-math.inf, math.inf)
    return statistics.median(means), low, high


def spread(values: Sequence[float]) -> float:
    """The standard deviation, by the median of the distances from the median: a single outlier does not count."""
    middle = statistics.median(values)
    return statistics.median(abs(value - middle) for value in values) / MAD_OF_NORMAL


def merged(rounds: Sequence[float], fewest: int) -> list[float]:
    """The rounds, neighbours averaged in pairs for as long as they err alike and so many are left.

    What lies beyond two standard errors of no correlation counts as erring alike.
    """
    kept = list(rounds)
    while len(kept) >= 2 * fewest and _correlation(kept) > 2 / math.sqrt(len(kept)):
        kept = [statistics.fmean(kept[start : start + 2]) for start in range(0, len(kept) - 1, 2)]
    return kept


@functools.cache
def fewest_rounds(confidence: float = NOMINAL) -> int:
    """The fewest whose interval is narrower than their range, so that it reaches not as far as a single outlier."""
    return next(count for count in itertools.count(1) if rejected(count, confidence) > 1)


@functools.cache
def rejected(count: int, confidence: float) -> int:
    """How many of the sorted means of pairs lie outside the interval, on each side; 0 where there is none."""
    # How many of the 2^count outcomes have each sum of positive ranks.
    ways = [1]
    for rank in range(1, count + 1):
        ways = [
            (ways[total] if total < len(ways) else 0) + (ways[total - rank] if total >= rank else 0)
            for total in range(len(ways) + rank)
        ]
    allowed, outside, seen = (1 - confidence) / 2 * 2**count, 0, 0
    for number in ways:
        seen += number
        if seen > allowed:
            return outside
        outside += 1
    return outside


def _correlation(values: Sequence[float]) -> float:
    """Of each with its successor."""
    if len(set(values)) == 1:
        return 0.0
    middle = statistics.fmean(values)
    apart = [value - middle for value in values]
    return sum(one * other for one, other in itertools.pairwise(apart)) / sum(gap * gap for gap in apart)
