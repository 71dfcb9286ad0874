"""Who else used the processors while something was measured."""

import ctypes
import os
import time
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from verify.probe import cgroup

STAT = Path("/proc/stat")
# Beyond these a figure says more about the neighbours than about the machine: a matmul on two cores loses
# a third with one busy neighbour, and 2% of stolen time already doubles the spread of short blocks.
OTHERS_LIMIT = 0.10
# Of many processors one busy neighbour is a small share, yet it holds up the one thread that all others wait for. Half
# a processor is noticed; what a system does in the background on a large machine, and its clock interrupts, is less.
OTHERS_PROCESSORS = 0.5
STEAL_LIMIT = 0.05
# A container with a quota of processor time stands still for the rest of each period once it is spent.
HELD_LIMIT = 0.02
# host_info.h of macOS: the flavour, and its four counters of ticks: user, system, idle, nice.
HOST_CPU_LOAD_INFO = 3
CPU_STATES = 4


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
        processors: How many there are.
    """

    others: float | None
    stolen: float | None
    load: float
    held: float = 0.0
    processors: int = 1

    @property
    def reason(self) -> str | None:
        """Why a figure taken meanwhile is not to be believed, or None."""
        others = None if self.others is None else self.others * self.processors
        if others is not None and others > min(OTHERS_PROCESSORS, OTHERS_LIMIT * self.processors):
            return f"other processes used {others:.1f} of {self.processors} processors"
        if self.stolen is not None and self.stolen > STEAL_LIMIT:
            return f"the hypervisor took {self.stolen:.0%} of the processors"
        if self.held > HELD_LIMIT:
            return f"the control group's quota withheld {self.held:.0%} of the processors"
        if others is None and self.load > 2 * self.processors:
            return f"the load average is {self.load:.1f} on {self.processors} processors"
        return None


def _usable() -> frozenset[int]:
    """The processors that this process may run on."""
    return frozenset(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1))


# As the process was started: OpenMP may bind its first thread to a single one later.
PROCESSORS = _usable()


def now() -> Moment:
    """The counters at this moment; the machine's are zero where the system does not show them."""
    times = os.times()
    own = times.user + times.system + times.children_user + times.children_system
    if not STAT.exists():
        return Moment(time.monotonic(), mac_busy_seconds(_system()), 0, own)
    busy, stolen = (ticks / os.sysconf("SC_CLK_TCK") for ticks in counted(STAT.read_text("ascii"), PROCESSORS))
    return Moment(time.monotonic(), busy, stolen, own, cgroup.withheld_seconds())


def counted(text: str, usable: Collection[int]) -> tuple[int, int]:
    """Ticks that these processors were busy, and that were stolen from them, by ``/proc/stat``.

    Who works on processors that this process may not use disturbs it no more than another machine does. A container
    may show processors under other numbers: then those of all count.
    """
    lines = [line.split() for line in text.splitlines() if line.startswith("cpu")]
    names = {f"cpu{number}" for number in usable}
    mine = [words for words in lines if words[0] in names]
    busy = stolen = 0
    for words in mine if len(mine) == len(names) else lines[:1]:
        user, nice, system, _idle, _iowait, irq, softirq, taken = map(int, words[1:9])
        busy, stolen = busy + user + nice + system + irq + softirq, stolen + taken
    return busy, stolen


def mac_busy_seconds(system: Any) -> float:
    """For how long macOS's processors were busy, all together; 0 where the C library does not tell.

    The counters have 32 bits, and begin anew after weeks: a measurement just then sees no others.
    """
    if not all(hasattr(system, name) for name in ("mach_host_self", "host_statistics")):
        return 0.0
    ticks, count = (ctypes.c_uint32 * CPU_STATES)(), ctypes.c_uint32(CPU_STATES)
    if system.host_statistics(_host(system), HOST_CPU_LOAD_INFO, ctypes.byref(ticks), ctypes.byref(count)):
        return 0.0
    user, kernel, _idle, nice = ticks
    return (user + kernel + nice) / os.sysconf("SC_CLK_TCK")


@cache
def _system() -> ctypes.CDLL:
    return ctypes.CDLL(None)


@cache
def _host(system: Any) -> int:
    """The port by which the kernel is asked; each call would give one more right to it."""
    return int(system.mach_host_self())


def since(before: Moment) -> Contention:
    """What others took until now."""
    return between(before, now(), len(PROCESSORS))


def between(before: Moment, after: Moment, processors: int) -> Contention:
    """What others took between two moments.

    Args:
        before: The earlier moment.
        after: The later one.
        processors: How many this process may use.
    """
    load = os.getloadavg()[0]
    wall = (after.wall - before.wall) * processors
    if not after.busy or wall <= 0:
        return Contention(None, None, load, processors=processors)
    others = (after.busy - before.busy) - (after.own - before.own)
    stolen, held = max(0.0, after.stolen - before.stolen), max(0.0, after.held - before.held)
    # Where all the machine's processors had to be counted, others may have used more than there are here.
    return Contention(min(1.0, max(0.0, others / wall)), stolen / wall, load, held / wall, processors)
