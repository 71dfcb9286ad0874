"""Is a figure worse than before? Decided on differences that come one by one, at a few looks, for many figures at once.

Each difference is one group of fresh processes, the unit that is independent: candidate less current, in the natural
logarithm for what is compared as a ratio, in its own unit for what is compared as a difference; positive is worse. At a
look a figure is *regressed* when the interval that may err in this one of all looks and figures lies above zero and the
estimate above the floor, and *held* when the 95% bound lies below the tolerance. Levels are divided by Bonferroni over
figures and looks, so that a gate without any change is refused wrongly as seldom as it promises; intervals are those of
Wilcoxon's signed-rank test, which needs no normal noise.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from verify.probe.paired import located, spread

Decision = Literal["held", "regressed", "undecided", "hopeless"]

# One-sided 95%, as two tails of 5%.
HELD_CONFIDENCE = 0.90
SHOWN_CONFIDENCE = 0.95
# Of the normal distribution: one-sided 95%, and a power of 80%.
Z_HELD = 1.645
Z_POWER = 0.842
# Of the signed-rank test against the mean, where noise is normal.
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
        """What one look at one figure may err."""
        return self.false_alarms / (self.figures * len(self.looks))


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
        detectable: The regression that the whole budget finds with a power of 80%, by the noise seen here.
    """

    decision: Decision
    estimate: float
    low: float
    high: float
    groups: int
    detectable: float


def judged(differences: Sequence[float], limits: Limits, terms: Terms) -> Judgement:
    """What is known of one figure after so many groups.

    Raises:
        ValueError: There is no difference.
    """
    if not differences:
        raise ValueError("there is no difference to judge")
    estimate, low, high = located(differences, SHOWN_CONFIDENCE)
    noise, budget = spread(differences), max(terms.looks)
    return Judgement(
        decision=_decision(differences, limits, terms),
        estimate=estimate,
        low=low,
        high=high,
        groups=len(differences),
        detectable=max(limits.floor, _detectable(noise, terms.level, budget)),
    )


def _decision(differences: Sequence[float], limits: Limits, terms: Terms) -> Decision:
    estimate, surely, _ = located(differences, 1 - 2 * terms.level)
    if surely > 0 and estimate > limits.floor:
        return "regressed"
    _, _, at_most = located(differences, HELD_CONFIDENCE)
    if at_most < limits.tolerance:
        return "held"
    left = Z_HELD * SURE * spread(differences) / math.sqrt(EFFICIENCY * max(terms.looks))
    # Even if nothing had changed, all groups of the budget could not tell.
    return "hopeless" if left > limits.tolerance else "undecided"


def _detectable(noise: float, level: float, groups: int) -> float:
    z_level = statistics.NormalDist().inv_cdf(1 - level)
    return (z_level + Z_POWER) * noise / math.sqrt(EFFICIENCY * groups)
