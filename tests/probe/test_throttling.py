import time
from pathlib import Path
from typing import Any

import pytest

from verify.probe.throttling import Reading, gpu, now, others_percent, reason, throttle_events


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (Reading(), Reading(), None),
        (Reading(events={"cpu0": 3}), Reading(events={"cpu0": 3}), None),
        (Reading(events={"cpu0": 3}), Reading(events={"cpu0": 4, "cpu1": 0}), "throttled for heat (1 counters rose)"),
        (Reading(), Reading(events={"cpu9": 7}), None),
        (Reading(heat_nanoseconds=5), Reading(heat_nanoseconds=5), None),
        (Reading(heat_nanoseconds=5), Reading(heat_nanoseconds=6, megahertz=1200), "slowed for heat (1200 MHz)"),
        (Reading(slowed=("heat",)), Reading(), "the GPU is slowed: heat"),
        (Reading(pressure=0), Reading(pressure=1), None),
        (Reading(pressure=0), Reading(pressure=2), "thermal pressure 2"),
        (Reading(pressure=3), Reading(pressure=0), "thermal pressure 3"),
        (Reading(), Reading(uses={1: 90}), None),
        (Reading(), Reading(uses={1: 60, 2: 40}), "other processes used 40% of the GPU"),
        (Reading(), Reading(uses={1: 90, 2: 10}), None),
        (Reading(uses={1: 60, 2: 40}), Reading(uses={1: 90}), None),
    ],
)
def test_only_what_slows_the_work_is_a_reason(before: Reading, after: Reading, words: str | None) -> None:
    told = reason(before, after)
    assert (told is None) if words is None else words in str(told)


def test_the_kernels_counters_are_read(tmp_path: Path) -> None:
    for core, count in (("cpu0", 4), ("cpu1", 0)):
        folder = tmp_path / core / "thermal_throttle"
        folder.mkdir(parents=True)
        (folder / "core_throttle_count").write_text(f"{count}\n")
        (folder / "core_throttle_max_time_ms").write_text("12\n")
    assert throttle_events(tmp_path) == {
        "cpu0/thermal_throttle/core_throttle_count": 4,
        "cpu1/thermal_throttle/core_throttle_count": 0,
    }


def test_our_own_process_is_no_other() -> None:
    uses = {7: 20, 8: 70, 9: 5}
    assert others_percent(uses, own=7) == 75
    assert others_percent(uses, own=8) == 25
    assert others_percent(uses, own=1) == 25, "in a container, whose numbers are others: the busiest is ours"
    assert others_percent({}, own=1) == 0


class Nvml:
    """The six calls, which give an error of their own where the board lacks them."""

    def __init__(self, *, reasons: int = 0, lacks: tuple[str, ...] = ()) -> None:
        self.values = {
            "nvmlDeviceGetHandleByUUID": 0,
            "nvmlDeviceGetCurrentClocksThrottleReasons": reasons,
            "nvmlDeviceGetTemperature": 71,
            "nvmlDeviceGetClockInfo": 1980,
        }
        self.lacks = lacks

    def __getattr__(self, name: str) -> Any:
        def call(*words: Any) -> int:
            if name in self.lacks:
                return 3
            if name == "nvmlDeviceGetProcessUtilization":
                _, samples, count, since = words
                assert 0 < time.time_ns() // 1000 - since.value < 60_000_000, "microseconds since 1970, and recent"
                samples[0].pid, samples[0].sm = 41, 99
                count._obj.value = 1  # noqa: SLF001 - what byref points at
                return 0
            target = words[-1]._obj  # noqa: SLF001 - the same
            if name == "nvmlDeviceGetViolationStatus":
                target[0], target[1] = 1_000, 42
            else:
                target.value = self.values[name]
            return 0

        return call


def read(nvml: Any) -> Reading:
    """What is made of it."""
    return gpu(nvml, "GPU-1", {})


def test_a_gpu_tells_its_clock_its_temperature_and_why_it_is_slow() -> None:
    found = read(Nvml(reasons=0x20 | 0x04))
    assert found == Reading(slowed=("heat",), heat_nanoseconds=42, degrees=71, megahertz=1980, uses={41: 99})


def test_a_gpu_at_its_power_limit_or_idle_is_not_slowed() -> None:
    assert read(Nvml(reasons=0x04 | 0x01 | 0x10)).slowed == ()


def test_what_a_board_lacks_is_unknown_and_no_reason() -> None:
    calls = ("CurrentClocksThrottleReasons", "ViolationStatus", "Temperature", "ClockInfo", "ProcessUtilization")
    found = read(Nvml(reasons=0x20, lacks=tuple(f"nvmlDeviceGet{call}" for call in calls)))
    assert found == Reading()
    assert read(Nvml(lacks=("nvmlDeviceGetHandleByUUID",))) == Reading()
    assert gpu(None, "GPU-1", {"a": 1}) == Reading(events={"a": 1})


def test_this_machine_is_read_without_harm() -> None:
    assert reason(now("cpu"), Reading()) is None or now("cpu").pressure
