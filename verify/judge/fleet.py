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

from verify.judge.tails import chance, tail_of
from verify.report.v3 import Direction

# Of those that are named, how many may be named by chance.
FALSE_SHARE = 0.05
# What is less than this worse is no outlier, however sure it is: the floor of a gate.
FLOOR = 0.025
# With fewer nodes nobody can be told from the others.
FEWEST = 5
# Of so few figures, one would make a node as a whole.
FEWEST_TOGETHER = 3


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


def _compared(column: Column) -> Compared:
    sign = 1.0 if column.direction == "lower" else -1.0
    logs = {node: sign * math.log(value) for node, value in column.values.items()}
    return _placed(column, logs)


def _placed(column: Column, logs: Mapping[str, float]) -> Compared:
    """How far off each is; what is typical is told by nodes that nothing disturbed, if there are enough."""
    calm = [value for node, value in logs.items() if node not in column.disturbed]
    judges = calm if len(calm) >= max(FEWEST, len(logs) / 2) else list(logs.values())
    middle = statistics.median(judges)
    tail = tail_of(judges)
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
