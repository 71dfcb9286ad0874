"""Which nodes of a fleet are worse than the others of their hardware class, and in what.

Compared are logarithms of values, so that 5% slower is 5% slower whatever the unit. What is typical is the median. How
far nodes lie apart is told in one of two ways. Of few nodes by Qn of Rousseeuw and Croux (1993), the k-th smallest
distance of all pairs: half of the nodes do not move it, and few nodes tell it twice as sharply as the median distance
from the median; a value's distance is then held against Student's distribution with fewer degrees of freedom than there
are nodes, for the deviation is itself told from them (how many was fitted to simulated classes of 5 to 100 nodes), and
with few in any case, for their tail is not known. Many
nodes tell the shape of their tail themselves: by how far the worst twentieth lies beyond the worst quarter it is told
which of Student's distributions they follow, on the worse side alone, for noise of machines is skewed.

Besides every figure there is one of a node as a whole, the mean of the middle half of its deviations: what slows all of
a node a little shows there, though in no single figure.

Chance would name some nodes of many. A node's chance is that of its figures by Simes (1986), halved between the node as
a whole and its figures; by the rule of Benjamini and Hochberg (1995) over all nodes at most `FALSE_SHARE` of the named
are named by chance, and of a named node those figures that the same level bears (Benjamini and Bogomolov, 2014).
"""

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from verify.report.v3 import Direction

# Of those that are named, how many may be named by chance.
FALSE_SHARE = 0.05
# What is less than this worse is no outlier, however sure it is: the floor of a gate.
FLOOR = 0.025
# No figure is told more finely than this; where most nodes have exactly one value, it is their deviation.
RESOLUTION = 0.005
# With fewer nodes nobody can be told from the others.
FEWEST = 5
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
# Of so few figures, one would make a node as a whole.
FEWEST_TOGETHER = 3
# Standard errors by which a tail must be heavier than a distribution's to be held against a heavier one.
SURELY = 1.0


@dataclass(frozen=True, slots=True)
class Column:
    """A figure of one hardware class.

    Attributes:
        group: The class.
        check: The check's id.
        name: The figure, with its conditions.
        unit: Its unit.
        direction: Which way is better.
        values: Of each node that has it; positive.
        disturbed: What reports say against the values of some nodes.
    """

    group: str
    check: str
    name: str
    unit: str
    direction: Direction
    values: Mapping[str, float]
    disturbed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Compared:
    """A column, and how far off each node is.

    Attributes:
        column: The figure.
        typical: The median.
        spread: Robust standard deviation of the logarithms.
        worse: Of each node by how much it is worse than typical, as a logarithm; negative is better.
        scales: The same in deviations.
        freedom: Degrees of freedom.
    """

    column: Column
    typical: float
    spread: float
    worse: Mapping[str, float]
    scales: Mapping[str, float]
    freedom: int


@dataclass(frozen=True, slots=True)
class Named:
    """A node that is worse in a figure.

    Attributes:
        node: Its name.
        of: The figure.
        chance: Of a node like the others to be as far off.
    """

    node: str
    of: Compared
    chance: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What comparing a fleet gave.

    Attributes:
        compared: Each figure that enough nodes have.
        named: The furthest off first.
        nodes: How many nodes were compared in something.
    """

    compared: tuple[Compared, ...]
    named: tuple[Named, ...]
    nodes: int


@dataclass(frozen=True, slots=True)
class _Tail:
    """How values lie on the worse side: the deviation, and the degrees of freedom of Student's distribution."""

    deviation: float
    freedom: int


def compare(columns: Sequence[Column]) -> Outcome:
    """Which nodes are worse, over all figures of all classes.

    Args:
        columns: Figures of classes; those that fewer than `FEWEST` nodes have are left out.
    """
    compared = [_compared(column) for column in columns if len(column.values) >= FEWEST]
    whole = list(_together(compared))
    named = _named(compared, whole)
    nodes = {node for one in compared for node in one.scales}
    return Outcome((*compared, *whole), tuple(sorted(named, key=_furthest)), len(nodes))


def deviation(values: Sequence[float]) -> float:
    """Qn: robust standard deviation of at least `FEWEST` values."""
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


def _tail(values: Sequence[float]) -> _Tail:
    """How values lie on the worse side, the larger one."""
    count = len(values)
    if count <= MOST_PAIRED:
        return _Tail(max(deviation(values), RESOLUTION), freedom(count))
    ordered = sorted(values)
    middle, quarter, twentieth = (ordered[math.ceil(share * count) - 1] for share in (0.5, 0.75, 0.95))
    near, far = quarter - middle, twentieth - middle
    ratio = far / near - SURELY * RATIO_ERROR / math.sqrt(count) if near else 0.0
    degrees, student_near, _ = next((tail for tail in TAILS if tail[2] / tail[1] >= ratio), TAILS[-1])
    return _Tail(max(near / student_near, RESOLUTION), degrees)


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


def _compared(column: Column) -> Compared:
    sign = 1.0 if column.direction == "lower" else -1.0
    logs = {node: sign * math.log(value) for node, value in column.values.items()}
    return _placed(column, logs)


def _placed(column: Column, logs: Mapping[str, float]) -> Compared:
    """How far off each is; what is typical is told by nodes that nothing disturbed, if there are enough."""
    calm = [value for node, value in logs.items() if node not in column.disturbed]
    judges = calm if len(calm) >= max(FEWEST, len(logs) / 2) else list(logs.values())
    middle = statistics.median(judges)
    tail = _tail(judges)
    worse = {node: value - middle for node, value in logs.items()}
    return Compared(
        column=column,
        typical=math.exp(middle if column.direction == "lower" else -middle),
        spread=tail.deviation,
        worse=worse,
        scales={node: value / tail.deviation for node, value in worse.items()},
        freedom=tail.freedom,
    )


def _together(compared: Sequence[Compared]) -> Iterator[Compared]:
    """Each class's nodes as a whole, by those figures that at least half of them have."""
    by_group: dict[str, list[Compared]] = defaultdict(list)
    for one in compared:
        by_group[one.column.group].append(one)
    for group, ones in by_group.items():
        nodes = {node for one in ones for node in one.scales}
        common = [one for one in ones if len(one.scales) >= len(nodes) / 2]
        having = sorted(node for node in nodes if all(node in one.scales for one in common))
        if len(common) >= FEWEST_TOGETHER and len(having) >= FEWEST:
            yield _whole(group, common, having)


def _whole(group: str, common: Sequence[Compared], nodes: Sequence[str]) -> Compared:
    """The mean of a node's deviations, in the unit of a typical figure's: so many per cent worse in all."""
    unit = statistics.median(one.spread for one in common)
    means = {node: unit * _central([one.scales[node] for one in common]) for node in nodes}
    values = {node: math.exp(mean) for node, mean in means.items()}
    of = f"all {len(common)} figures together"
    return _placed(Column(group, "", of, "1", "lower", values, {}), means)


def _central(scales: Sequence[float]) -> float:
    """The mean of the middle half: a figure or two do not make a node as a whole."""
    cut = len(scales) // 4
    return statistics.fmean(sorted(scales)[cut : len(scales) - cut])


def _named(figures: Sequence[Compared], whole: Sequence[Compared]) -> Iterator[Named]:
    """Nodes by Benjamini and Hochberg's rule, and of each what the same level bears."""
    tests = Counter(node for one in figures for node in one.scales)
    singles, wholes = _by_node(figures), _by_node(whole)
    chances = {
        node: 2 * min([_simes(singles.get(node, []), count), *(one.chance for one in wholes.get(node, []))])
        for node, count in tests.items()
    }
    level = _level(sorted(chances.values()))
    for node, found in chances.items():
        if found <= level:
            yield from (one for one in wholes.get(node, []) if 2 * one.chance <= level)
            yield from _borne(singles.get(node, []), tests[node], level / 2)


def _simes(rare: Sequence[Named], tests: int) -> float:
    """The chance of all of a node's figures together, of which these are the rarest, in order."""
    return min((tests * one.chance / rank for rank, one in enumerate(rare, 1)), default=1.0)


def _borne(rare: Sequence[Named], tests: int, level: float) -> Sequence[Named]:
    """Those of a node's figures that a level bears, in order."""
    last = max((rank for rank, one in enumerate(rare, 1) if tests * one.chance <= level * rank), default=0)
    return rare[:last]


def _level(chances: Sequence[float]) -> float:
    """The largest chance that is borne, of all in order; 0 when none is."""
    count = len(chances)
    return max(
        (FALSE_SHARE * rank / count for rank, one in enumerate(chances, 1) if one <= FALSE_SHARE * rank / count),
        default=0.0,
    )


def _by_node(compared: Sequence[Compared]) -> dict[str, list[Named]]:
    """What could be named: worse by the floor at least, and too far off for one node of twenty."""
    found: dict[str, list[Named]] = defaultdict(list)
    for one in compared:
        for node, scales in one.scales.items():
            if one.worse[node] >= FLOOR and (share := chance(scales, one.freedom)) <= FALSE_SHARE:
                found[node].append(Named(node, one, share))
    for rare in found.values():
        rare.sort(key=lambda named: named.chance)
    return found


def _furthest(named: Named) -> tuple[float, str, str]:
    return -named.of.scales[named.node], named.node, named.of.column.name
