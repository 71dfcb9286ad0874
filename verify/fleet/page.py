"""The page of a fleet: every node that was asked for, and what stands out among those that are alike."""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from verify.fleet.columns import SHOWN, Columns
from verify.fleet.plan import Plan
from verify.judge.fleet import FALSE_SHARE, FEWEST, Compared, Outcome, compare
from verify.report.fleet import Figure, Fleet, HardwareClass, Node, Outlier

# How many steps a figure's shape has.
STEPS = 41


def page(plan: Plan, nodes: Sequence[Node], columns: Columns, told: str) -> Fleet:
    """What is known of a fleet.

    Args:
        plan: What was asked.
        nodes: Every node of it.
        columns: The figures of those whose reports can be believed.
        told: Now, UTC.
    """
    found = compare(list(columns.all()))
    classes = [
        HardwareClass(title=title, nodes=count, compared=count >= FEWEST)
        for title, count in sorted(columns.nodes.items(), key=lambda item: (-item[1], item[0]))
    ]
    return Fleet(
        run=plan.run,
        created=plan.created,
        told=told,
        partition=plan.partition,
        environment=plan.environment,
        level=plan.level,
        nodes=tuple(sorted(nodes, key=lambda node: node.name)),
        classes=tuple(classes),
        figures=tuple(map(_figure, found.compared)),
        outliers=_outliers(found),
        compared=found.nodes,
        false_share=FALSE_SHARE,
        notes=tuple(_notes(nodes, classes)),
    )


def _outliers(found: Outcome) -> tuple[Outlier, ...]:
    place = {id(one): number for number, one in enumerate(found.compared)}
    return tuple(
        Outlier(
            node=named.node,
            figure=place[id(named.of)],
            value=named.of.column.values[named.node],
            worse=math.expm1(named.of.worse[named.node]),
            scales=named.of.scales[named.node],
            chance=named.chance,
            disturbed=named.of.column.disturbed.get(named.node),
        )
        for named in found.named
    )


def _figure(one: Compared) -> Figure:
    off = [value / one.typical - 1 for value in one.column.values.values()]
    low, high = min(off), max(off)
    return Figure(
        group=one.column.group,
        check=one.column.check,
        name=one.column.name,
        unit=one.column.unit,
        direction=one.column.direction,
        nodes=len(off),
        typical=one.typical,
        spread=one.spread,
        shape=shape(off, low, high),
        low=low,
        high=high,
    )


def shape(values: Sequence[float], low: float, high: float) -> tuple[int, ...]:
    """How many values lie in each of `STEPS` equal steps."""
    found = Counter(
        min(STEPS - 1, int((value - low) / (high - low) * STEPS)) if high > low else STEPS // 2 for value in values
    )
    return tuple(found[step] for step in range(STEPS))


def _notes(nodes: Sequence[Node], classes: Sequence[HardwareClass]) -> list[str]:
    few = sum(one.nodes for one in classes if not one.compared)
    notes = [f"nodes in classes of fewer than {FEWEST}, which nothing is compared in: {few}"] if few else []
    return notes + [
        f"{len(names)} nodes are one machine, {machine}, or its /etc/machine-id was copied: {_some(names)}"
        for machine, names in _machines(nodes).items()
        if len(names) > 1
    ]


def _machines(nodes: Sequence[Node]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for node in nodes:
        if node.machine is not None:
            found[node.machine[:SHOWN]].append(node.name)
    return found


def _some(names: Sequence[str]) -> str:
    shown = 5
    return ", ".join(names[:shown]) + (f" and {len(names) - shown} more" if len(names) > shown else "")
