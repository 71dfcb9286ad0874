"""Is a figure worse than before? Decided on differences that come one by one, at a few looks, for many figures at once.

Each difference is one group of fresh processes, the unit that is independent: candidate less current, in the natural
logarithm for what is compared as a ratio, in its own unit for what is compared as a difference; positive is worse. At a
look a figure is *regressed* when chance alone would hardly make the candidate the worst of its groups so often (an
exact test of aligned ranks, which may err in this one of all looks and figures), its 95% interval lies above zero and
the estimate above the floor; *held* when the 95% bound lies below the tolerance, and nothing says that it is worse by
more than the floor. Levels are divided by Bonferroni over the figures, and over the looks that have groups enough to
refuse at all; intervals are those of Wilcoxon's signed-rank test, which needs no normal noise.

Two copies of the current packages differ by noise alone. They give the noise from which it is told what can be found;
and where they seem to differ themselves, nothing is held by as many groups.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from verify.judge.aligned_ranks import Triple, chance
from verify.probe.paired import located, spread

Decision = Literal["held", "regressed", "undecided", "hopeless"]

# One-sided 95%, as two tails of 5%.
HELD_CONFIDENCE = 0.90
SHOWN_CONFIDENCE = 0.95
# Of 64 outcomes of six groups, two have all signs alike.
COPIES_CONFIDENCE = 1 - 2 / 64
# Processes of a group, any of which could be the candidate where nothing changed.
ALIKE = 3.0
# A copy less another has twice the variance of a process; a process less the mean of two, once and a half.
MEAN_OF_COPIES = math.sqrt(3 / 4)
# Of the normal distribution: one-sided 95%, and a power of 80%.
Z_HELD = 1.645
Z_POWER = 0.842
# Of tests by ranks against those by means, where noise is normal.
EFFICIENCY = 3 / math.pi
# Six values may show half the deviation that there is, and twice: https://doi.org/10.1093/biomet/52.1-2.127
SURE = 0.5


@dataclass(frozen=True, slots=True)
class Terms:
    """How sure a gate must be.

    Attributes:
        false_alarms: How often at most a gate without any change may be refused, over all figures and looks.
        figures: How many figures it judges.
        looks: After how many groups it looks.
    """

    false_alarms: float
    figures: int
    looks: tuple[int, ...]

    @property
    def level(self) -> float:
        """What one look at one figure may err, of the looks that can refuse: in few groups chance agrees too often."""
        for refusing in range(len(self.looks), 0, -1):
            level = self.false_alarms / (self.figures * refusing)
            if ALIKE ** -self.looks[-refusing] <= level:
                return level
        return self.false_alarms / self.figures


@dataclass(frozen=True, slots=True)
class Limits:
    """What matters of a figure, in the unit of its differences.

    Attributes:
        floor: What is smaller is no regression, however sure it is.
        tolerance: A figure holds when it is surely worse by less.
    """

    floor: float
    tolerance: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the differences tell.

    Attributes:
        decision: Of this look.
        estimate: Hodges and Lehmann's, of the differences.
        low: Lower end of the estimate's 95% interval; infinite for too few.
        high: Its upper end.
        groups: How many differences there were.
        detectable: The regression that the whole budget finds with a power of 80%, by the noise of the copies.
    """

    decision: Decision
    estimate: float
    low: float
    high: float
    groups: int
    detectable: float


def judged(differences: Sequence[float], copies: Sequence[float], limits: Limits, terms: Terms) -> Judgement:
    """What is known of one figure after so many groups.

    Args:
        differences: Candidate less the mean of two copies of the current packages, one a group.
        copies: The second copy less the first, likewise.
        limits: What matters.
        terms: How sure to be.

    Raises:
        ValueError: There is no difference.
    """
    if not differences:
        raise ValueError("there is no difference to judge")
    estimate, low, high = located(differences, SHOWN_CONFIDENCE)
    noise = MEAN_OF_COPIES * spread(copies)
    worse = estimate > limits.floor and low > 0 and chance(_groups(differences, copies)) <= terms.level
    return Judgement(
        decision="regressed" if worse else _open_or_held(differences, copies, noise, limits, terms),
        estimate=estimate,
        low=low,
        high=high,
        groups=len(differences),
        detectable=_detectable(noise, limits, terms),
    )


def disturbed(copies: Sequence[float], limits: Limits) -> bool:
    """Whether two copies of the same packages seem to differ by more than the floor; six groups can say so."""
    estimate, low, high = located(copies, COPIES_CONFIDENCE)
    return abs(estimate) > limits.floor and not low <= 0 <= high


def _groups(differences: Sequence[float], copies: Sequence[float]) -> list[Triple]:
    """What the processes of each group gave, beside the mean of its copies."""
    return [(difference, -apart / 2, apart / 2) for difference, apart in zip(differences, copies, strict=True)]


def _open_or_held(
    differences: Sequence[float], copies: Sequence[float], noise: float, limits: Limits, terms: Terms
) -> Decision:
    estimate, at_least, at_most = located(differences, HELD_CONFIDENCE)
    seems_worse = at_least > 0 and estimate > limits.floor
    if at_most < limits.tolerance and not seems_worse and not disturbed(copies, limits):
        return "held"
    left = Z_HELD * SURE * noise / math.sqrt(EFFICIENCY * max(terms.looks))
    # Even if nothing had changed, all groups of the budget could not tell.
    return "hopeless" if left > limits.tolerance else "undecided"


def _detectable(noise: float, limits: Limits, terms: Terms) -> float:
    """What is sure to be above zero at the last look's level, and above the floor, in four of five gates."""
    error = noise / math.sqrt(EFFICIENCY * max(terms.looks))
    z_level = statistics.NormalDist().inv_cdf(1 - terms.level)
    return max(z_level * error, limits.floor) + Z_POWER * error
