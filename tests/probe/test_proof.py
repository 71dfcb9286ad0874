"""Clocks that lie are found by what each proof compares."""

from dataclasses import dataclass

import pytest

from verify.probe.proof import ends, launch
from verify.probe.timing import MPS_BLOCK_SECONDS


@dataclass
class Queue:
    """A device that takes work at once and does it only when it is waited for.

    Attributes:
        work_seconds: What a call costs the device.
        launch_seconds: What it costs the host.
        waits: Whether synchronising does what it says.
    """

    work_seconds: float = 0.01
    launch_seconds: float = 0.00001
    waits: bool = True
    time: float = 0.0
    queued: float = 0.0

    def work(self) -> None:
        self.time += self.launch_seconds
        self.queued += self.work_seconds

    def synchronise(self) -> None:
        if self.waits:
            self.read()

    def read(self) -> None:
        self.time += self.queued
        self.queued = 0.0

    def clock(self) -> float:
        return self.time


def test_a_synchronised_time_is_that_of_the_work_and_above_that_of_queueing() -> None:
    device = Queue()
    found = ends(device.work, synchronise=device.synchronise, read=device.read, clock=device.clock, calls=5)
    assert found.over_read == pytest.approx(1.0)
    assert found.over_queued > 100
    assert len(found.queued) == len(found.synchronised) == len(found.read) == 10


def test_a_device_that_is_not_waited_for_is_found_by_reading_its_result() -> None:
    device = Queue(waits=False)
    found = ends(device.work, synchronise=device.synchronise, read=device.read, clock=device.clock)
    assert found.over_queued == pytest.approx(1.0), "by queueing alone it cannot be told from a CPU"
    assert found.over_read < 0.01


def test_a_processor_does_its_work_before_it_is_waited_for() -> None:
    device = Queue(work_seconds=0.0, launch_seconds=0.01)
    found = ends(device.work, synchronise=device.synchronise, read=device.read, clock=device.clock)
    assert found.over_queued == pytest.approx(1.0)
    assert found.over_read == pytest.approx(1.0)


def test_launches_are_timed_in_blocks_that_suit_the_device() -> None:
    device = Queue(work_seconds=0.0, launch_seconds=0.001)
    found = launch(device.work, synchronise=device.read, budget_seconds=1.0, device="mps", clock=device.clock)
    assert found.queued.calls_per_sample * 0.001 >= MPS_BLOCK_SECONDS


def test_an_empty_operation_tells_the_cost_of_launching_and_of_waiting() -> None:
    device = Queue(work_seconds=0.0, launch_seconds=0.000005)

    def slowly() -> None:
        device.time += 0.00002
        device.read()

    found = launch(device.work, synchronise=slowly, budget_seconds=0.2, clock=device.clock)
    assert min(found.queued.samples) == pytest.approx(0.000005, rel=0.01)
    assert min(found.round_trip.samples) == pytest.approx(0.000025, rel=0.01)
