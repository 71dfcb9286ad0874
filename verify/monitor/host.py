"""Processor and memory, by psutil; the processor's power by the kernel's counters of energy."""

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import psutil

from verify.checks.measures.energy_counters import Counter, Unreadable, joules_between, rapl
from verify.monitor.reading import Reading, Unread, Value

# Drivers that tell a processor's own temperature: Intel, AMD, and the zones of ARM boards.
# https://psutil.readthedocs.io/en/latest/#psutil.sensors_temperatures
HEAT = ("coretemp", "k10temp", "zenpower", "cpu_thermal", "cpu-thermal", "soc_thermal")
NO_HEAT = "the kernel shows no sensor of it, as in most virtual machines"
MAC_HEAT = "macOS tells it to no program"
NO_CLOCK = "the system does not tell it"
# The kernel asks each processor for its counters, some of which answer late: with many it is a burst of interrupts.
# https://www.kernel.org/doc/html/latest/admin-guide/pm/cpufreq.html
UNASKED_CLOCK = "it is not asked for in a run: every processor would be interrupted to tell it"


@dataclass(slots=True)
class Host:
    """Looks at processor and memory; shares of time are those since the look before.

    Attributes:
        in_a_run: Whether something is measured meanwhile, which must not be disturbed.
    """

    in_a_run: bool = False
    _ticks: tuple[float, float] = (0.0, 0.0)
    _joules: Mapping[str, Counter] | None = None
    _since: float = 0.0
    _powerless: str = field(default="")

    def __post_init__(self) -> None:
        """Begin to count."""
        self._utilisation()
        self._count()

    def read(self) -> Reading:
        """What can be read now."""
        busy, memory = self._utilisation(), psutil.virtual_memory()
        values = [Value("processor", "utilisation", "%", busy)] if busy is not None else []
        values += [
            Value("memory", "used", "B", memory.total - memory.available),
            Value("memory", "total", "B", memory.total),
        ]
        unread: list[Unread] = []
        told = (
            ("clock", "MHz", UNASKED_CLOCK if self.in_a_run else _clock()),
            ("temperature", "°C", _temperature()),
            ("power", "W", self._power()),
        )
        for name, unit, found in told:
            if isinstance(found, str):
                unread.append(Unread(f"processor {name}", found))
            elif found is not None:
                values.append(Value("processor", name, unit, found))
        return Reading(tuple(values), tuple(unread))

    def _utilisation(self) -> float | None:
        """Percent of all processors' time since the look before; None where no time has passed.

        Not `psutil.cpu_percent`: it remembers the look before by thread, and says 0 at the first of each.
        """
        busy, whole = self._ticks
        self._ticks = _ticks()
        passed = self._ticks[1] - whole
        return max(0.0, 100 * (self._ticks[0] - busy) / passed) if passed > 0 else None

    def _count(self) -> Mapping[str, Counter] | None:
        """The counters as they were before; now begins what they are compared with next."""
        before = self._joules
        try:
            self._joules = rapl()
        except Unreadable as error:
            self._joules, self._powerless = None, str(error)
        return before

    def _power(self) -> float | str | None:
        """Watts since the look before; why not; None while there was none."""
        start, before = self._since, self._count()
        self._since = time.monotonic()
        if self._joules is None:
            return self._powerless
        if before is None or not start or before.keys() != self._joules.keys():
            return None
        return joules_between(before, self._joules) / (self._since - start)


def _ticks() -> tuple[float, float]:
    """Seconds that processors were busy, and of all of their time. A guest's time is told twice, with its user's."""
    times = psutil.cpu_times()._asdict()
    whole = sum(times.values()) - times.get("guest", 0.0) - times.get("guest_nice", 0.0)
    return whole - times["idle"] - times.get("iowait", 0.0), whole


def _clock() -> float | str:
    try:
        found = psutil.cpu_freq()
    except (OSError, RuntimeError, NotImplementedError):
        return NO_CLOCK
    return float(found.current) if found and found.current else NO_CLOCK


def _temperature() -> float | str:
    """The hottest of the processor's own sensors."""
    if sys.platform == "darwin":
        return MAC_HEAT
    found = psutil.sensors_temperatures()
    degrees = [one.current for name in HEAT for one in found.get(name, []) if one.current]
    return max(degrees) if degrees else NO_HEAT
