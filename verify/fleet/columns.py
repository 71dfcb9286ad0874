"""From reports to the columns that are compared: what of a report is a figure, and which hardware class it is of."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from verify.judge.fleet import Column
from verify.report import v1, v3
from verify.report.v3 import Direction

# Digits of a digest, and of a machine, that tell two apart on a page.
SHOWN = 12
# The one figure that a report of every level has.
INSIDE = ("", "time inside checks", "s", "lower")

Key = tuple[str, str, str, Direction]


@dataclass(frozen=True, slots=True)
class Figures:
    """What of a node's report is compared: small, so that those of ten thousand fit in memory.

    Attributes:
        group: The title of its hardware class.
        values: By check, name with conditions, unit and direction.
        disturbed: What the report says against some of them.
    """

    group: str
    values: Mapping[Key, float]
    disturbed: Mapping[Key, str]


@dataclass(slots=True)
class Columns:
    """The figures of a fleet as they come; nodes of one class share the texts that name a figure."""

    _values: dict[str, dict[Key, dict[str, float]]] = field(default_factory=lambda: defaultdict(dict))
    _disturbed: dict[str, dict[Key, dict[str, str]]] = field(default_factory=lambda: defaultdict(dict))
    _nodes: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, node: str, figures: Figures) -> None:
        """A node's."""
        self._nodes[figures.group] += 1
        values, disturbed = self._values[figures.group], self._disturbed[figures.group]
        for key, value in figures.values.items():
            values.setdefault(key, {})[node] = value
        for key, why in figures.disturbed.items():
            disturbed.setdefault(key, {})[node] = why

    @property
    def nodes(self) -> Mapping[str, int]:
        """How many nodes each class has."""
        return dict(self._nodes)

    def all(self) -> Iterable[Column]:
        """Every figure of every class."""
        for group, columns in self._values.items():
            for key, values in columns.items():
                check, name, unit, direction = key
                yield Column(group, check, name, unit, direction, values, self._disturbed[group].get(key, {}))


def figures_of(report: v3.Report) -> Figures:
    """What of a report is compared: every figure of its own run of which one direction is better, and its time."""
    values, disturbed = dict[Key, float](), dict[Key, str]()
    for result in report.results:
        for figure in result.measurements:
            if _comparable(figure):
                key = (result.id, _name(figure), figure.unit, figure.direction)
                values[key] = float(figure.value)
                why = figure.inconclusive or report.conditions.inconclusive
                if why is not None:
                    disturbed[key] = why
    inside = sum(float(result.seconds) for result in report.results if result.outcome == "passed")
    if inside > 0:
        check, name, unit, _ = INSIDE
        values[check, name, unit, "lower"] = inside
    return Figures(hardware_class(report), values, disturbed)


def hardware_class(report: v3.Report) -> str:
    """What nodes must have in common to be compared: processor, cores, memory, accelerators, lock, suite, level."""
    facts = report.facts
    cores = f"{facts.processor.physical_cores} cores"
    limited = "" if facts.memory_limit_bytes is None else f", limited to {_size(facts.memory_limit_bytes)}"
    parts = [facts.processor.name, cores, _size(facts.memory_bytes) + limited]
    parts += [_device(one) for one in facts.devices if one.name != "cpu" and one.available]
    parts += [] if facts.power_mode is None else [facts.power_mode]
    parts += [f"Python {facts.python.version}", f"lock {report.lock.digest[:SHOWN]}"]
    return ", ".join([*parts, f"suite {report.suite.digest[:SHOWN]}", f"level {report.level}"])


def _comparable(figure: v3.Measurement) -> bool:
    ours = figure.provenance in ("measured", "derived")
    return ours and figure.direction != "equal" and figure.value > 0 and math.isfinite(figure.value)


def _name(figure: v3.Measurement) -> str:
    conditions = ", ".join(f"{name} {value}" for name, value in figure.conditions.items())
    return f"{figure.name} ({conditions})" if conditions else figure.name


def _device(device: v1.DeviceFacts) -> str:
    what = device.title or device.name
    return what if device.memory_bytes is None else f"{what} with {_size(device.memory_bytes)}"


def _size(count: int) -> str:
    """The installed size that a count of bytes is of: systems keep some of it, now a little more, now less.

    Sizes come in eighths of a power of two, and what is seen is never more.
    """
    gibibytes = count / 2**30
    step = 2.0 ** (math.floor(math.log2(gibibytes)) - 3) if gibibytes > 0 else 1.0
    return f"{math.ceil(gibibytes / step) * step:g} GiB"
