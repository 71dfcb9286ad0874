import math
import os
import random
from dataclasses import dataclass, field

import pytest

from verify.probe import contention, throttling
from verify.probe import timing as timing_module
from verify.probe.timing import block_seconds, half_width, rising, still_falling, synchroniser, time_blocks


@dataclass
class Device:
    """A device whose clock moves only when it works: a queue that is drained by synchronising.

    Attributes:
        cost: Seconds that the n-th call takes.
    """

    cost: list[float] = field(default_factory=list)
    later: float = 0.001
    time: float = 0.0
    queued: float = 0.0
    calls: int = 0

    def work(self) -> None:
        self.queued += self.cost[self.calls] if self.calls < len(self.cost) else self.later
        self.calls += 1

    def synchronise(self) -> None:
        self.time += self.queued
        self.queued = 0.0

    def clock(self) -> float:
        return self.time


def test_a_steady_device_is_timed_exactly() -> None:
    device = Device()
    timing = time_blocks(device.work, synchronise=device.synchronise, clock=device.clock)
    assert timing.samples == pytest.approx([0.001] * len(timing.samples))
    assert timing.calls_per_sample >= 20
    assert timing.steady


def test_the_first_call_is_kept_apart_as_start_up() -> None:
    device = Device(cost=[9.0])
    timing = time_blocks(device.work, synchronise=device.synchronise, clock=device.clock)
    assert timing.startup_seconds == 9.0
    assert max(timing.samples) == pytest.approx(0.001)


def test_warm_up_is_not_sampled() -> None:
    device = Device(cost=[0.05 / (call + 1) for call in range(200)])
    timing = time_blocks(device.work, synchronise=device.synchronise, clock=device.clock)
    assert max(timing.samples) < 0.0015


def test_work_that_was_only_queued_is_not_timed_as_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing_module, "MOST_CALLS", 10)
    device = Device()
    unsynchronised = time_blocks(device.work, synchronise=lambda: None, clock=device.clock, shortest_block=1e-8)
    assert max(unsynchronised.samples) == 0.0, "the fake must show what goes wrong without synchronising"


def test_times_that_never_settle_are_inconclusive() -> None:
    device = Device(cost=[10.0 / (call + 1) for call in range(5000)])
    timing = time_blocks(device.work, synchronise=device.synchronise, clock=device.clock, budget_seconds=0.5)
    assert timing.inconclusive


def test_noise_beyond_hope_is_inconclusive() -> None:
    noise = random.Random(7)
    device = Device(cost=[noise.choice([0.03, 0.3]) for _ in range(5000)])
    timing = time_blocks(device.work, synchronise=device.synchronise, clock=device.clock, budget_seconds=2.0)
    assert timing.inconclusive


def test_the_budget_bounds_slow_work() -> None:
    device = Device(later=1.0)
    timing = time_blocks(device.work, synchronise=device.synchronise, clock=device.clock, budget_seconds=3.0)
    assert 3 <= len(timing.samples) <= 8


def test_who_looks_for_the_best_spends_the_whole_budget() -> None:
    known, best = Device(later=0.03), Device(later=0.03)
    brief = time_blocks(known.work, synchronise=known.synchronise, clock=known.clock, budget_seconds=2.0)
    whole = time_blocks(best.work, synchronise=best.synchronise, clock=best.clock, budget_seconds=2.0, target=0.0)
    assert len(brief.samples) == timing_module.FEWEST
    assert best.clock() >= 2.0
    assert len(whole.samples) > 4 * len(brief.samples)


@pytest.mark.parametrize("call", [0.2, 0.3, 0.34, 0.4, 0.45, 0.5])
def test_calls_of_a_third_of_the_budget_are_known_to_an_interval(call: float, monkeypatch: pytest.MonkeyPatch) -> None:
    quiet(monkeypatch)
    device = Device(later=call)
    timing = time_blocks(device.work, synchronise=device.synchronise, clock=device.clock, budget_seconds=1.5)
    assert len(timing.samples) >= timing_module.FEWEST_FOR_AN_INTERVAL
    assert timing.half_width == pytest.approx(0)
    assert timing.inconclusive is None


def test_calls_as_long_as_the_budget_are_few_and_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    quiet(monkeypatch)
    device = Device(later=1.5)
    timing = time_blocks(device.work, synchronise=device.synchronise, clock=device.clock, budget_seconds=1.5)
    assert timing.inconclusive == "only 3 samples, at 1.5 s a call"
    assert device.calls == 6, "one to start up, two to see how long a call is, three samples"


def test_the_interval_covers_the_true_median_about_as_often_as_it_says() -> None:
    noise = random.Random(11)
    covered = 0
    for _ in range(400):
        samples = [noise.lognormvariate(0, 0.3) for _ in range(25)]
        ordered = sorted(samples)
        low, high = ordered[math.floor(12.5 - 4.9)], ordered[math.ceil(12.5 + 4.9)]
        covered += low <= 1.0 <= high
        assert half_width(samples) == pytest.approx((high - low) / 2 / ordered[12])
    assert covered >= 0.92 * 400


def test_few_samples_say_nothing_about_the_median() -> None:
    assert half_width([1.0] * 5) == math.inf


def test_a_fall_is_told_from_noise() -> None:
    assert still_falling([10, 9, 8, 7, 6, 5, 4, 3, 2, 1])
    assert not still_falling([1.0, 1.01, 0.99, 1.0, 1.02, 1.0, 1.01, 0.99, 1.0, 1.0])
    assert not still_falling([1, 2, 3, 4, 5, 6, 7, 8])


def test_the_queue_of_mps_needs_longer_blocks() -> None:
    assert block_seconds("mps") >= 0.05 > block_seconds("cuda") == block_seconds("cpu") >= 0.02


def test_a_cpu_needs_no_synchronising() -> None:
    synchroniser("cpu")()


def test_times_that_rise_are_inconclusive_however_little_they_scatter(monkeypatch: pytest.MonkeyPatch) -> None:
    quiet(monkeypatch)
    noise = random.Random(5)
    device = Device(cost=[0.03 * 1.01**call * noise.uniform(0.98, 1.02) for call in range(400)])
    timing = time_blocks(device.work, synchronise=device.synchronise, clock=device.clock, budget_seconds=3.0)
    assert not timing.steady
    assert timing.inconclusive == "times rose while they were taken, as they do on a machine that grows hot"


def test_a_rise_is_told_from_noise() -> None:
    assert rising([1, 2, 3, 4, 5, 6, 7, 8])
    assert not rising([1.0, 1.01, 0.99, 1.0, 1.02, 1.0, 1.01, 0.99, 1.0, 1.0])
    assert not rising([10, 9, 8, 7, 6, 5, 4, 3, 2, 1])
    assert not rising([1, 9, 2, 8, 3, 7, 4, 6, 5, 5])


def test_a_slow_beginning_does_not_leave_the_blocks_too_short() -> None:
    device = Device(cost=[5.0, 0.5, 0.1, 0.05, 0.02], later=1e-5)
    timing = time_blocks(device.work, synchronise=device.synchronise, clock=device.clock)
    assert timing.calls_per_sample * 1e-5 >= timing_module.BLOCK_SECONDS


def test_every_sample_is_kept_in_its_order() -> None:
    noise = random.Random(3)
    costs = [0.03 + 0.01 * noise.random() for _ in range(5000)]
    device = Device(cost=costs)
    timing = time_blocks(device.work, synchronise=device.synchronise, clock=device.clock, budget_seconds=3.0)
    assert timing.calls_per_sample == 1
    taken = list(timing.samples)
    start = next(call for call in range(len(costs)) if costs[call] == pytest.approx(taken[0], abs=1e-12))
    assert taken == pytest.approx(costs[start : start + len(taken)])


def test_a_busy_neighbour_makes_a_timing_inconclusive(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = iter([contention.Moment(0, 100, 0, 0), contention.Moment(10, 108, 0, 0)])
    monkeypatch.setattr(contention, "now", lambda: next(readings))
    monkeypatch.setattr(contention, "PROCESSORS", {0, 1})
    device = Device()
    timing = time_blocks(device.work, synchronise=device.synchronise, clock=device.clock)
    assert timing.steady
    assert timing.inconclusive == "other processes used 0.8 of 2 processors"


def test_a_hot_device_makes_a_timing_inconclusive(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    readings = iter([throttling.Reading(heat_nanoseconds=5), throttling.Reading(heat_nanoseconds=9, degrees=91)])

    def hotter(device: str) -> throttling.Reading:
        asked.append(device)
        return next(readings)

    monkeypatch.setattr(throttling, "now", hotter)
    quiet(monkeypatch)
    device = Device()
    timing = time_blocks(device.work, synchronise=device.synchronise, clock=device.clock, device="cuda")
    assert timing.inconclusive == "the GPU was slowed for heat (91°C)"
    assert asked == ["cuda", "cuda"]


def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which nobody else works, whatever the real one does."""
    monkeypatch.setattr(contention, "now", lambda: contention.Moment(0, 0, 0, 0))
    monkeypatch.setattr(os, "getloadavg", lambda: (0.0, 0.0, 0.0))
