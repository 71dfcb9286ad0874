"""What differs between two reports: what was asked, what came of it, what it ran on, and every figure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from verify.report import v1, v3
from verify.report.fields import Note


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs, in words; None where a report does not have it."""

    what: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure of one report.

    Attributes:
        value: As stated.
        low: The lowest sample of several repetitions; None where there are none, as for a curve.
        high: The highest.
        samples: How many there are.
        inconclusive: Whether something disturbed it.
    """

    value: float
    low: float | None
    high: float | None
    samples: int
    inconclusive: bool


@dataclass(frozen=True, slots=True)
class FigureChange:
    """A figure whose value differs, or that one of the reports does not have."""

    check: str
    name: str
    conditions: Mapping[str, Note]
    unit: str
    direction: v3.Direction
    before: Spread | None
    after: Spread | None

    @property
    def ratio(self) -> float | None:
        """After over before; None where that says nothing."""
        if self.before is None or self.after is None or not self.before.value or not self.after.value:
            return None
        ratio = self.after.value / self.before.value
        return ratio if ratio > 0 else None

    @property
    def apart(self) -> bool:
        """Whether no sample of one report lies among those of the other; one sample alone has no spread."""
        one, other = self.before, self.after
        if one is None or other is None or one.low is None or other.low is None:
            return False
        return one.low > (other.high or 0.0) or other.low > (one.high or 0.0)


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two reports.

    Attributes:
        facts: Of machine, installation and suite, and the verdict.
        packages: By name.
        outcomes: By check: one that is new has none before, one that was dropped none after.
        conditions: Of the run.
        figures: By check, name and conditions, in the order of the reports.
    """

    facts: tuple[Change, ...]
    packages: tuple[Change, ...]
    outcomes: tuple[Change, ...]
    conditions: tuple[Change, ...]
    figures: tuple[FigureChange, ...]


def difference(before: v3.Report, after: v3.Report) -> Difference:
    """What differs from one report to another, which need not be of one machine."""
    return Difference(
        facts=changes(facts_of(before), facts_of(after)),
        packages=changes(_packages(before.facts), _packages(after.facts)),
        outcomes=changes(_outcomes(before), _outcomes(after)),
        conditions=changes(_conditions(before), _conditions(after)),
        figures=tuple(_figures(before, after)),
    )


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Change, ...]:
    """What differs between two sets of named texts, in the order of the names as they come."""
    names = dict.fromkeys([*before, *after])
    return tuple(
        Change(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)
    )


def facts_of(report: v3.Report) -> dict[str, str]:
    """What a report tells of machine, installation and suite, each by its name."""
    facts, python = report.facts, report.facts.python
    told: dict[str, object] = {
        "machine": report.machine,
        "environment": f"{report.environment.name} {report.environment.digest[:12]}",
        "platform": report.platform,
        "lock": f"{report.lock.name} {report.lock.digest[:12]}",
        "suite": f"{report.suite.version} {report.suite.digest[:12]}",
        "level": report.level,
        "verdict": report.verdict.value if report.verdict else None,
        "system": f"{facts.system} {facts.system_version}",
        "build": facts.system_build,
        "kernel": facts.kernel,
        "architecture": facts.architecture,
        "libc": facts.libc,
        "python": f"{python.implementation} {python.version}, {python.compiler}",
        "processor": facts.processor.name,
        "cores": f"{facts.processor.physical_cores} physical, {facts.processor.logical_cores} logical",
        "memory": f"{facts.memory_bytes} B",
        "memory limit": None if facts.memory_limit_bytes is None else f"{facts.memory_limit_bytes} B",
        "processors allowed": None if facts.processors_allowed is None else f"{facts.processors_allowed:g}",
        "container": facts.container,
        "image": facts.image.digest if facts.image else None,
        "power mode": facts.power_mode,
    }
    of_devices = {f"{device.name} {name}": value for device in facts.devices for name, value in _device(device)}
    return {name: str(value) for name, value in (told | of_devices).items() if value is not None}


def _device(device: v1.DeviceFacts) -> Iterator[tuple[str, object]]:
    for name in ("title", "cores", "memory_bytes", "driver", "runtime", "built_for", "problem", "computes"):
        yield name.replace("_", " "), getattr(device, name)


def _packages(facts: v1.Facts) -> dict[str, str]:
    return {package.name: package.version for package in sorted(facts.packages, key=lambda package: package.name)}


def _outcomes(report: v3.Report) -> dict[str, str]:
    return {result.id: result.outcome for result in report.results}


def _conditions(report: v3.Report) -> dict[str, str]:
    said = report.conditions.model_dump()
    told = {**{name: value for name, value in said.items() if name != "other"}, **said["other"]}
    return {name.replace("_", " "): _said(value) for name, value in told.items() if value is not None}


def _said(value: Note) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _figures(before: v3.Report, after: v3.Report) -> Iterator[FigureChange]:
    one, other = _keyed(before), _keyed(after)
    for key in dict.fromkeys([*one, *other]):
        old, new = one.get(key), other.get(key)
        shown = new or old
        if shown is None or (old and new and old.value == new.value):
            continue
        yield FigureChange(
            check=key[0],
            name=shown.name,
            conditions=shown.conditions,
            unit=shown.unit,
            direction=shown.direction,
            before=spread_of(old) if old else None,
            after=spread_of(new) if new else None,
        )


_Key = tuple[str, str, str, tuple[tuple[str, Note], ...]]


def _keyed(report: v3.Report) -> dict[_Key, v3.Measurement]:
    return {
        (result.id, figure.name, figure.unit, tuple(figure.conditions.items())): figure
        for result in report.results
        for figure in result.measurements
    }


def spread_of(figure: v3.Measurement) -> Spread:
    """A figure with the range of its repetitions."""
    low, high = extent(figure.samples, along=figure.along)
    return Spread(figure.value, low, high, len(figure.samples), figure.inconclusive is not None)


def extent(samples: Sequence[float], *, along: str | None) -> tuple[float | None, float | None]:
    """The lowest and the highest of several repetitions; nothing for one, or for a curve."""
    if along is not None or len(samples) < 2:  # noqa: PLR2004 - one has no spread
        return None, None
    return min(samples), max(samples)
