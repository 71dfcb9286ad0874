"""How probable it is by chance alone that one of three processes comes out so much worse, group after group.

Where nothing changed, any of the three could have been the candidate: all 3^n ways to choose one of each group are
equally probable, whatever the noise is like, skewed or heavy-tailed. So the test is exact, and from nine groups on it
can be surer than one in ten thousand, where a test of signs needs fourteen. It is that of Hodges and Lehmann, "Rank
Methods for Combination of Independent Experiments in Analysis of Variance", Annals of Mathematical Statistics 33(2),
1962; groups are aligned by their median, so that a single disturbed process does not move the other two.
"""

import statistics
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence

Triple = tuple[float, float, float]


def chance(groups: Sequence[Triple]) -> float:
    """The probability that the first of each group ranks as high as it does, or higher, had nothing changed.

    Args:
        groups: What each gave, in any unit: the candidate, then two copies of what is in use. More is worse.
    """
    ranks = _ranks([_aligned(group) for group in groups])
    ways = Counter({0: 1})
    for group in ranks:
        longer = Counter[int]()
        for total, number in ways.items():
            for rank in group:
                longer[total + rank] += number
        ways = longer
    seen = sum(group[0] for group in ranks)
    return float(sum(number for total, number in ways.items() if total >= seen) / 3 ** len(groups))


def _aligned(group: Triple) -> Triple:
    middle = statistics.median(group)
    candidate, first, second = group
    return candidate - middle, first - middle, second - middle


def _ranks(groups: Sequence[Triple]) -> list[tuple[int, int, int]]:
    """Twice the ranks among all of all groups, so that those of ties are whole numbers too."""
    ordered = sorted(value for group in groups for value in group)

    def rank(value: float) -> int:
        return bisect_left(ordered, value) + bisect_right(ordered, value) + 1

    return [(rank(candidate), rank(first), rank(second)) for candidate, first, second in groups]
