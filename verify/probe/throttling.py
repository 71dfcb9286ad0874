"""Whether processor or GPU had to slow down, or the GPU was shared, while something was measured."""

import ctypes
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

CPUS = Path("/sys/devices/system/cpu")
COUNTERS = "cpu[0-9]*/thermal_throttle/*_throttle_count"
# https://docs.nvidia.com/deploy/nvml-api/group__nvmlClocksEventReasons.html: hardware slowdown, thermal slowdown by
# software and by hardware, power brake. The power cap (0x4) is none of them: a large matrix product runs into it on
# a healthy board, for as long as it lasts, so that this is the board's own rate.
SLOWED = {0x08: "hardware slowdown", 0x20: "heat", 0x40: "heat (by hardware)", 0x80: "the power supply's brake"}
NVML_SM_CLOCK = 1
NVML_GPU_TEMPERATURE = 0
NVML_HEAT = 1
# Percent of the GPU's time. A desktop that is drawn on it takes less; whatever trains or generates takes far more.
OTHERS_PERCENT = 10
# More processes than any GPU is seen with.
MOST_PROCESSES = 1024
# The end of a measurement: NVML averages a few samples of it, and what ran before it began does not count.
RECENT_MICROSECONDS = 1_000_000
# OSThermalNotification.h of macOS: nominal, moderate (fans turn), heavy (work is slowed), trapping, sleeping.
PRESSURE = b"com.apple.system.thermalpressurelevel"
HEAVY = 2


class _Sample(ctypes.Structure):
    """``nvmlProcessUtilizationSample_t``."""

    _fields_ = (
        ("pid", ctypes.c_uint),
        ("microseconds", ctypes.c_ulonglong),
        *((name, ctypes.c_uint) for name in ("sm", "memory", "encoder", "decoder")),
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """What sensors say at one moment; empty or None where there are none.

    Attributes:
        events: How often each of the processor's cores and packages has throttled so far.
        heat_nanoseconds: For how long the GPU has been slowed for heat so far.
        slowed: Why the GPU is slowed right now.
        pressure: macOS's level of thermal pressure.
        degrees: The GPU's temperature, Celsius.
        megahertz: The GPU's clock.
        uses: How many percent of the GPU's time each process had lately, by its number.
    """

    events: Mapping[str, int] = field(default_factory=dict)
    heat_nanoseconds: int | None = None
    slowed: tuple[str, ...] = ()
    pressure: int | None = None
    degrees: int | None = None
    megahertz: int | None = None
    uses: Mapping[int, int] = field(default_factory=dict)


def now(device: str) -> Reading:
    """The sensors of the processor, and of the GPU where that is the device."""
    if device == "cuda":
        return gpu(_nvml(), _uuid(), throttle_events(CPUS))
    if sys.platform == "darwin":
        return Reading(pressure=_pressure())
    return Reading(events=throttle_events(CPUS))


def reason(before: Reading, after: Reading) -> str | None:
    """Why a figure taken between the two moments is not to be believed, or None."""
    hotter = [name for name, count in after.events.items() if count > before.events.get(name, count)]
    if hotter:
        return f"the processor throttled for heat ({len(hotter)} counters rose)"
    if (after.heat_nanoseconds or 0) > (before.heat_nanoseconds or 0):
        return "the GPU was slowed for heat" + _state(after)
    slowed = after.slowed or before.slowed
    if slowed:
        return f"the GPU is slowed: {', '.join(slowed)}{_state(after)}"
    others = others_percent(after.uses, os.getpid())
    if others > OTHERS_PERCENT:
        return f"other processes used {others}% of the GPU"
    pressure = max(before.pressure or 0, after.pressure or 0)
    return f"macOS slows work for heat (thermal pressure {pressure})" if pressure >= HEAVY else None


def others_percent(uses: Mapping[int, int], own: int) -> int:
    """How much of the GPU other processes than our own had.

    In a container NVML tells process numbers that are not those seen inside. Where ours is not among them, the one
    that used the GPU most is taken for ours: while we measure it is, unless another leaves us less than half.
    """
    return sum(uses.values()) - uses.get(own, max(uses.values(), default=0))


def throttle_events(cpus: Path) -> dict[str, int]:
    """The kernel's counters, which count up from its start; virtual machines and ARM have none."""
    return {str(path.relative_to(cpus)): int(path.read_text(encoding="ascii")) for path in sorted(cpus.glob(COUNTERS))}


def gpu(nvml: ctypes.CDLL | None, uuid: str | None, events: Mapping[str, int]) -> Reading:
    """What NVML tells of one GPU; what a board does not support stays unknown."""
    handle = ctypes.c_void_p()
    if nvml is None or uuid is None or nvml.nvmlDeviceGetHandleByUUID(uuid.encode(), ctypes.byref(handle)):
        return Reading(events=events)
    reasons, violated = ctypes.c_ulonglong(), (ctypes.c_ulonglong * 2)()
    degrees, clock = ctypes.c_uint(), ctypes.c_uint()
    known = not nvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle, ctypes.byref(reasons))
    heat = not nvml.nvmlDeviceGetViolationStatus(handle, NVML_HEAT, ctypes.byref(violated))
    warm = not nvml.nvmlDeviceGetTemperature(handle, NVML_GPU_TEMPERATURE, ctypes.byref(degrees))
    clocked = not nvml.nvmlDeviceGetClockInfo(handle, NVML_SM_CLOCK, ctypes.byref(clock))
    return Reading(
        events=events,
        # The time of reference comes first, then that of the violation.
        heat_nanoseconds=violated[1] if heat else None,
        slowed=tuple(words for bit, words in SLOWED.items() if known and reasons.value & bit),
        degrees=degrees.value if warm else None,
        megahertz=clock.value if clocked else None,
        uses=_uses(nvml, handle),
    )


def _uses(nvml: ctypes.CDLL, handle: ctypes.c_void_p) -> dict[int, int]:
    """None on a GPU that is divided, or that a system other than Linux lends: NVML has no such samples there."""
    samples, count = (_Sample * MOST_PROCESSES)(), ctypes.c_uint(MOST_PROCESSES)
    since = ctypes.c_ulonglong(time.time_ns() // 1000 - RECENT_MICROSECONDS)
    if nvml.nvmlDeviceGetProcessUtilization(handle, samples, ctypes.byref(count), since):
        return {}
    return {one.pid: one.sm for one in samples[: count.value]}


def _state(reading: Reading) -> str:
    told = {"°C": reading.degrees, " MHz": reading.megahertz}
    seen = ", ".join(f"{value}{unit}" for unit, value in told.items() if value is not None)
    return f" ({seen})" if seen else ""


@cache
def _nvml() -> ctypes.CDLL | None:
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return None
    return None if nvml.nvmlInit_v2() else nvml


@cache
def _uuid() -> str | None:
    """The GPU that torch's first device is: the order of NVML is another where CUDA_VISIBLE_DEVICES says so."""
    import torch

    uuid = getattr(torch.cuda.get_device_properties(0), "uuid", None)
    return f"GPU-{uuid}" if uuid else None


@cache
def _listener() -> Callable[[], int] | None:
    """What tells macOS's thermal pressure by notification, which costs no process to ask."""
    library, token = ctypes.CDLL(None), ctypes.c_int()
    if not hasattr(library, "notify_register_check"):
        return None
    if library.notify_register_check(PRESSURE, ctypes.byref(token)):
        return None

    def level() -> int:
        state = ctypes.c_uint64()
        library.notify_get_state(token, ctypes.byref(state))
        return state.value

    return level


def _pressure() -> int | None:
    listener = _listener()
    return listener() if listener else None
