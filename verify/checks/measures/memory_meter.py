"""How much memory a device's framework uses, how much it has reserved, and how it is asked to give that back."""

import ctypes
import gc
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Meter:
    """The memory of one device.

    Attributes:
        used: Bytes in live arrays; of the CPU, what is resident.
        reserved: Bytes that other programs cannot have: those in use, and those in the allocator's cache.
        empty: Hands the cache back.
        synchronise: Waits until the device has done what was queued.
    """

    used: Callable[[], int]
    reserved: Callable[[], int]
    empty: Callable[[], object]
    synchronise: Callable[[], object]

    def release(self) -> None:
        """All that a program can do to give memory back."""
        self.synchronise()
        gc.collect()
        self.empty()


def meter_of(device: str) -> Meter:
    """The meter of a device."""
    if device == "mlx":
        import mlx.core as mx

        return Meter(
            used=mx.get_active_memory,
            reserved=lambda: mx.get_active_memory() + mx.get_cache_memory(),
            empty=mx.clear_cache,
            synchronise=mx.synchronize,
        )
    if device == "cpu":
        return Meter(used=resident_bytes, reserved=resident_bytes, empty=_trim, synchronise=_trim)
    return _cuda() if device == "cuda" else _mps()


def resident_bytes() -> int:
    """What this process holds of the machine's memory now, not at its peak."""
    if STATUS.exists():
        fields = dict(line.split(":", 1) for line in STATUS.read_text(encoding="utf-8").splitlines())
        return int(fields["VmRSS"].split()[0]) * 1024
    words = ["ps", "-o", "rss=", "-p", str(os.getpid())]
    return int(subprocess.run(words, check=True, capture_output=True, text=True, timeout=30).stdout) * 1024


def _trim() -> None:
    """Have the C library give freed pages back: it keeps them, and what is resident then says little of what is used.

    https://man7.org/linux/man-pages/man3/malloc_trim.3.html, and what macOS has in its place.
    """
    library = ctypes.CDLL(None)
    for name, words in (("malloc_trim", (0,)), ("malloc_zone_pressure_relief", (None, 0))):
        if hasattr(library, name):
            getattr(library, name)(*words)


def _cuda() -> Meter:
    from torch import cuda

    return Meter(
        used=cuda.memory_allocated,
        reserved=cuda.memory_reserved,
        empty=cuda.empty_cache,
        synchronise=cuda.synchronize,
    )


def _mps() -> Meter:
    from torch import mps

    return Meter(
        used=mps.current_allocated_memory,
        reserved=mps.driver_allocated_memory,
        empty=mps.empty_cache,
        synchronise=mps.synchronize,
    )
