"""Two pieces of work compared: timed in turns, so that drift favours neither, with an interval for their ratio.

The unit is a round of four blocks, A B B A: what drifts linearly within it cancels, and what curves cancels with the
next round, which is B A A B. Of each round only the mean difference of the logarithms counts. The interval is the one
that Wilcoxon's signed-rank test does not reject, by its exact distribution; all it assumes is that rounds are as likely
to err upwards as downwards. Rounds that err alike in a row are merged first, or the interval would be too narrow.
"""

import itertools
import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from verify.probe import disturbance
from verify.probe.timing import BLOCK_SECONDS, block_calls, seconds_per_call

# What is called the 95% interval has 97% where rounds are independent: looking after every round whether it is tight
# enough, and what is left of correlation, cost up to two points on the recorded noise of a shared machine.
NOMINAL = 0.97
# With 6, none between signed ranks has 97%: 2 of 64 outcomes have all six differences alike. Two more allow for a
# single outlier.
FEWEST_ROUNDS = 8
MOST_ROUNDS = 48
# An interval of plus or minus 1% answers any question that is asked here.
TIGHT = 0.02
ORDERS = ((0, 1, 1, 0), (1, 0, 0, 1))
Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many times as long B takes as A.

    Attributes:
        ratio: B over A, by Hodges and Lehmann: the median of the means of all pairs of rounds.
        low: Lower end of the 95% interval; 0 for too few rounds.
        high: Its upper end; infinite for too few.
        rounds: How many rounds it rests on, after merging.
    """

    ratio: float
    low: float
    high: float
    rounds: int

    @property
    def covers_one(self) -> bool:
        """Whether nothing was found to differ."""
        return self.low <= 1.0 <= self.high


@dataclass(frozen=True, slots=True)
class Interleaved:
    """Seconds a call of two pieces of work, two blocks of each a round.

    Attributes:
        samples_a: Of A.
        samples_b: Of B.
        inconclusive: Why they are not to be believed, or None.
    """

    samples_a: tuple[float, ...]
    samples_b: tuple[float, ...]
    inconclusive: str | None


def interleave(
    work_a: Work,
    work_b: Work,
    *,
    synchronise: Callable[[], None],
    budget_seconds: float,
    shortest_block: float = BLOCK_SECONDS,
    device: str = "cpu",
    clock: Callable[[], float] = time.perf_counter,
) -> Interleaved:
    """Time two pieces of work in rounds, A B B A and B A A B in turns.

    It ends when their ratio is known to 1%, or the budget is spent; the first rounds are taken in any case.
    """
    blocks = [partial(seconds_per_call, work, synchronise=synchronise, clock=clock) for work in (work_a, work_b)]
    for block in blocks:
        # Start-up: what compiles or allocates once belongs to neither's rate, nor to how many calls a block needs.
        block(1)
    calls = [block_calls(block, shortest_block) for block in blocks]
    deadline = clock() + budget_seconds
    disturbed = disturbance.watch(device)
    samples: tuple[list[float], list[float]] = ([], [])
    while _more(samples, left=clock() < deadline):
        for side in ORDERS[len(samples[0]) // 2 % 2]:
            samples[side].append(blocks[side](calls[side]))
    return Interleaved(tuple(samples[0]), tuple(samples[1]), disturbed())


def _more(samples: Sequence[Sequence[float]], *, left: bool) -> bool:
    rounds = len(samples[0]) // 2
    if rounds < FEWEST_ROUNDS or rounds >= MOST_ROUNDS:
        return rounds < FEWEST_ROUNDS
    seen = compare(*samples)
    return left and seen.high / max(seen.low, 1e-9) > 1 + TIGHT


def compare(samples_a: Sequence[float], samples_b: Sequence[float]) -> Comparison:
    """How many times as long B takes, from samples taken in rounds of four blocks.

    Args:
        samples_a: Two a round.
        samples_b: As many.

    Raises:
        ValueError: They are none, not as many, or not in pairs.
    """
    if not samples_a or len(samples_a) != len(samples_b) or len(samples_a) % 2:
        raise ValueError(f"{len(samples_a)} and {len(samples_b)} samples are no rounds of two each")
    gaps = [math.log(b) - math.log(a) for a, b in zip(samples_a, samples_b, strict=True)]
    rounds = merged([statistics.fmean(gaps[start : start + 2]) for start in range(0, len(gaps), 2)])
    means = sorted((one + other) / 2 for index, one in enumerate(rounds) for other in rounds[index:])
    outside = rejected(len(rounds))
    low, high = (means[outside - 1], means[-outside]) if outside else (-math.inf, math.inf)
    return Comparison(math.exp(statistics.median(means)), math.exp(low), math.exp(high), len(rounds))


def merged(rounds: Sequence[float]) -> list[float]:
    """The rounds, neighbours averaged in pairs for as long as they err alike and enough are left.

    What lies beyond two standard errors of no correlation counts as erring alike.
    """
    kept = list(rounds)
    while len(kept) >= 2 * FEWEST_ROUNDS and _correlation(kept) > 2 / math.sqrt(len(kept)):
        kept = [statistics.fmean(kept[start : start + 2]) for start in range(0, len(kept) - 1, 2)]
    return kept


def rejected(count: int) -> int:
    """How many of the sorted means of pairs lie outside the interval, on each side; 0 where there is none."""
    # How many of the 2^count outcomes have each sum of positive ranks.
    ways = [1]
    for rank in range(1, count + 1):
        ways = [
            (ways[total] if total < len(ways) else 0) + (ways[total - rank] if total >= rank else 0)
            for total in range(len(ways) + rank)
        ]
    allowed, outside, seen = (1 - NOMINAL) / 2 * 2**count, 0, 0
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
