import ctypes
from typing import Any

import pytest

from verify.probe.contention import PROCESSORS, Moment, between, counted, mac_busy_seconds, now

# Ticks of user, nice, system, idle, iowait, irq, softirq, steal, guest and guest_nice.
STAT = """\
cpu  1011 20 30 999 9 4 5 6 0 0
cpu0 1000 0 0 300 3 0 0 0 0 0
cpu1 1 10 20 300 3 2 3 4 0 0
cpu3 10 10 10 399 3 2 2 2 0 0
intr 12345 0 0
ctxt 678
"""


def moment(wall: float, busy: float = 0.0, stolen: float = 0.0, own: float = 0.0) -> Moment:
    return Moment(wall, busy, stolen, own)


def test_only_what_others_used_counts() -> None:
    found = between(moment(0, busy=100, own=5), moment(10, busy=112, own=15), processors=2)
    assert found.others == pytest.approx(2 / 20)
    assert found.reason is None


def test_a_busy_neighbour_is_named() -> None:
    found = between(moment(0, busy=100), moment(10, busy=110), processors=2)
    assert found.reason == "other processes used 1.0 of 2 processors"


@pytest.mark.parametrize("processors", [2, 8, 12, 16, 64])
def test_one_busy_neighbour_is_noticed_on_however_many_processors(processors: int) -> None:
    ours = 10 * processors - 10
    found = between(moment(0, busy=1), moment(10, busy=1 + 10 * processors, own=ours), processors)
    assert found.reason == f"other processes used 1.0 of {processors} processors"
    background = between(moment(0, busy=1), moment(10, busy=1 + ours + 1.5, own=ours), processors)
    assert background.reason is None, "0.15 of a processor, as a system does at rest"


def test_neighbours_on_processors_that_are_not_ours_do_not_count() -> None:
    assert counted(STAT, {1, 3}) == (36 + 34, 4 + 2)
    assert counted(STAT, {0}) == (1000, 0)


def test_where_our_processors_have_other_names_all_count() -> None:
    assert counted(STAT, {1, 2}) == (1070, 6)


def test_others_never_use_more_than_there_is() -> None:
    found = between(moment(0, busy=100), moment(10, busy=500), processors=2)
    assert found.others == 1.0
    assert found.reason == "other processes used 2.0 of 2 processors"


def test_our_processors_are_those_that_the_system_gave() -> None:
    assert len(PROCESSORS) >= 1


class Mach:
    """The two calls of macOS's C library that tell how busy the processors are."""

    def __init__(self, ticks: tuple[int, ...], error: int = 0) -> None:
        self.ticks, self.error = ticks, error

    def mach_host_self(self) -> int:
        return 515

    def host_statistics(self, host: int, flavour: int, found: Any, count: Any) -> int:
        assert (host, flavour, count._obj.value) == (515, 3, 4)  # noqa: SLF001 - what byref points at
        found._obj[:] = self.ticks  # noqa: SLF001
        return self.error


def test_macos_tells_how_busy_its_processors_are() -> None:
    assert mac_busy_seconds(Mach((300, 200, 9999, 50))) == pytest.approx(5.5)
    assert mac_busy_seconds(Mach((300, 200, 9999, 50), error=5)) == 0.0
    assert mac_busy_seconds(ctypes.CDLL(None)) == 0.0 or hasattr(ctypes.CDLL(None), "host_statistics")


def test_stolen_time_is_named() -> None:
    found = between(moment(0, busy=100), moment(10, busy=100.5, stolen=2), processors=2)
    assert found.reason == "the hypervisor took 10% of the processors"


def test_a_containers_quota_is_named() -> None:
    found = between(moment(0, busy=100), Moment(10, 100.5, 0, 0, held=2), processors=2)
    assert found.reason == "the control group's quota withheld 10% of the processors"


def test_where_the_system_tells_nothing_nothing_is_claimed() -> None:
    found = between(moment(0), moment(10, own=3), processors=2)
    assert (found.others, found.stolen) == (None, None)


def test_this_process_does_not_count_as_a_neighbour() -> None:
    before = now()
    sum(range(3_000_000))
    after = now()
    assert after.own >= before.own
    assert after.wall > before.wall
