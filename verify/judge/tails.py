"""How far values lie apart, and how their tail is: without being moved by those that lie far off."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

# No figure is told more finely than this; where most nodes have exactly one value, it is their deviation.
RESOLUTION = 0.005
# Qn looks at all pairs, and the tail of fewer nodes is not told by them.
MOST_PAIRED = 300
# So few nodes do not tell their tail; it is taken to be as heavy as this, for noise of machines often is.
MOST_FREEDOM = 6
# What makes Qn the standard deviation of normal noise.
QN_OF_NORMAL = 2.2219
# Degrees of freedom, and Student's quartile and 95th percentile.
TAILS = (
    (400, 0.6745, 1.6449),
    (30, 0.6828, 1.6973),
    (20, 0.6870, 1.7247),
    (15, 0.6912, 1.7531),
    (10, 0.6998, 1.8125),
    (8, 0.7064, 1.8595),
    (6, 0.7176, 1.9432),
    (5, 0.7267, 2.0150),
    (4, 0.7407, 2.1318),
    (3, 0.7649, 2.3534),
    (2, 0.8165, 2.9200),
    (1, 1.0000, 6.3138),
)
# The standard error of the ratio of the two, of so many normal values, times their square root.
RATIO_ERROR = 5.0
# Croux and Rousseeuw (1992), for few values.
QN_OF_FEW = {5: 0.844, 6: 0.611, 7: 0.857, 8: 0.669, 9: 0.872}
# Standard errors by which a tail must be heavier than a distribution's to be held against a heavier one.
SURELY = 1.0


@dataclass(frozen=True, slots=True)
class Tail:
    """How values lie on the worse side: the deviation, and the degrees of freedom of Student's distribution."""

    deviation: float
    freedom: int


def tail_of(values: Sequence[float]) -> Tail:
    """How values lie on the worse side, the larger one."""
    count = len(values)
    if count <= MOST_PAIRED:
        return Tail(max(deviation(values), RESOLUTION), freedom(count))
    ordered = sorted(values)
    middle, quarter, twentieth = (ordered[math.ceil(share * count) - 1] for share in (0.5, 0.75, 0.95))
    near, far = quarter - middle, twentieth - middle
    ratio = far / near - SURELY * RATIO_ERROR / math.sqrt(count) if near else 0.0
    degrees, student_near, _ = next((tail for tail in TAILS if tail[2] / tail[1] >= ratio), TAILS[-1])
    return Tail(max(near / student_near, RESOLUTION), degrees)


def deviation(values: Sequence[float]) -> float:
    """Qn: robust standard deviation of at least five values."""
    count = len(values)
    distances = sorted(abs(one - other) for index, one in enumerate(values) for other in values[:index])
    return QN_OF_NORMAL * _few(count) * distances[math.comb(count // 2 + 1, 2) - 1]


def freedom(count: int) -> int:
    """Degrees of freedom with which a value's distance, in deviations of so few, is at least as rare as it seems."""
    return min(MOST_FREEDOM, max(1, count - 3 - count % 2))


def chance(scales: float, degrees: int) -> float:
    """How often Student's t is larger; by the finite sum for whole degrees of freedom, the normal's from 400 on."""
    if degrees >= 400:  # noqa: PLR2004 - the two differ by less than 1% in all that matters
        return math.erfc(scales / math.sqrt(2)) / 2
    return max(0.0, _upper_tail(scales, degrees))


def _few(count: int) -> float:
    return QN_OF_FEW.get(count, count / (count + (1.4 if count % 2 else 3.8)))


def _upper_tail(scales: float, degrees: int) -> float:
    """Abramowitz and Stegun 26.7.3 and 26.7.4."""
    angle = math.atan2(scales, math.sqrt(degrees))
    cosine, sine = math.cos(angle), math.sin(angle)
    term, total = (1.0, 0.0) if degrees % 2 == 0 else (cosine, 0.0)
    for step in range(degrees // 2):
        total += term
        lower = 2 * step + 1 if degrees % 2 == 0 else 2 * step + 2
        term *= cosine**2 * lower / (lower + 1)
    inside = sine * total if degrees % 2 == 0 else 2 / math.pi * (angle + sine * total)
    return (1 - inside) / 2
