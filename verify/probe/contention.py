"""Who else used the processors while something was measured."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

STAT = Path("/proc/stat")
# Beyond these a figure says more about the neighbours than about the machine: a matmul on two cores loses
# a third with one busy neighbour, and 2% of stolen time already doubles the spread of short blocks.
OTHERS_LIMIT = 0.10
STEAL_LIMIT = 0.05


@dataclass(frozen=True, slots=True)
class Moment:
    """Processor time so far, in seconds: of the whole machine, stolen from it, and of this process."""

    wall: float
    busy: float
    stolen: float
    own: float


@dataclass(frozen=True, slots=True)
class Contention:
    """Shares of all processors, 0 to 1; None where the system does not say.

    Attributes:
        others: Used by other processes.
        stolen: Taken by the hypervisor for other machines.
        load: One-minute load average at the end.
    """

    others: float | None
    stolen: float | None
    load: float

    @property
    def reason(self) -> str | None:
        """Why a figure taken meanwhile is not to be believed, or None."""
        if self.others is not None and self.others > OTHERS_LIMIT:
            return f"other processes used {self.others:.0%} of the processors"
        if self.stolen is not None and self.stolen > STEAL_LIMIT:
            return f"the hypervisor took {self.stolen:.0%} of the processors"
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
    return Moment(time.monotonic(), user + nice + system + irq + softirq, stolen, own)


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
    return Contention(max(0.0, others / wall), max(0.0, (after.stolen - before.stolen) / wall), load)
