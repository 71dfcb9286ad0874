"""Who else used the processors while something was measured."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

STAT = Path("/proc/stat")
GROUP = Path("/sys/fs/cgroup/cpu.stat")
# Beyond these a figure says more about the neighbours than about the machine: a matmul on two cores loses
# a third with one busy neighbour, and 2% of stolen time already doubles the spread of short blocks.
OTHERS_LIMIT = 0.10
STEAL_LIMIT = 0.05
# A container with a quota of processor time stands still for the rest of each period once it is spent.
HELD_LIMIT = 0.02


@dataclass(frozen=True, slots=True)
class Moment:
    """Processor time so far, in seconds: of the whole machine, stolen from it, and of this process.

    Attributes:
        held: For how long the control group's quota has kept its threads from running.
    """

    wall: float
    busy: float
    stolen: float
    own: float
    held: float = 0.0


@dataclass(frozen=True, slots=True)
class Contention:
    """Shares of all processors, 0 to 1; None where the system does not say.

    Attributes:
        others: Used by other processes.
        stolen: Taken by the hypervisor for other machines.
        load: One-minute load average at the end.
        held: Withheld by the control group's quota, of all processors too.
    """

    others: float | None
    stolen: float | None
    load: float
    held: float = 0.0

    @property
    def reason(self) -> str | None:
        """Why a figure taken meanwhile is not to be believed, or None."""
        if self.others is not None and self.others > OTHERS_LIMIT:
            return f"other processes used {self.others:.0%} of the processors"
        if self.stolen is not None and self.stolen > STEAL_LIMIT:
            return f"the hypervisor took {self.stolen:.0%} of the processors"
        if self.held > HELD_LIMIT:
            return f"the control group's quota withheld {self.held:.0%} of the processors"
        if self.others is None and self.load > 2 * (os.cpu_count() or 1):
            return f"the load average is {self.load:.1f} on {os.cpu_count()} processors"
        return None


def now() -> Moment:
    """The counters at this moment; the machine's are zero where the system does not show them."""
    times = os.times()
    own = times.user + times.system + times.children_user + times.children_system
    if not STAT.exists():
        return Moment(time.monotonic(), 0, 0, own)
    ticks = [int(word) for word in STAT.read_text().split("\n", 1)[0].split()[1:9]]
    user, nice, system, _idle, _iowait, irq, softirq, stolen = (tick / os.sysconf("SC_CLK_TCK") for tick in ticks)
    held = withheld_seconds(GROUP.read_text(encoding="ascii")) if GROUP.exists() else 0.0
    return Moment(time.monotonic(), user + nice + system + irq + softirq, stolen, own, held)


def withheld_seconds(text: str) -> float:
    """For how long a control group's threads were throttled, by its ``cpu.stat``; 0 without a quota."""
    fields = dict(line.split() for line in text.splitlines())
    return int(fields.get("throttled_usec", 0)) / 1e6


def since(before: Moment) -> Contention:
    """What others took until now."""
    return between(before, now(), os.cpu_count() or 1)


def between(before: Moment, after: Moment, processors: int) -> Contention:
    """What others took between two moments.

    Args:
        before: The earlier moment.
        after: The later one.
        processors: How many the machine has.
    """
    load = os.getloadavg()[0]
    wall = (after.wall - before.wall) * processors
    if not after.busy or wall <= 0:
        return Contention(None, None, load)
    others = (after.busy - before.busy) - (after.own - before.own)
    stolen, held = max(0.0, after.stolen - before.stolen), max(0.0, after.held - before.held)
    return Contention(max(0.0, others / wall), stolen / wall, load, held / wall)
