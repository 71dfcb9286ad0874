"""Whether a node may take jobs: its newest certificate holds, and the machine is the one that was certified."""

from collections.abc import Iterator

from verify.judge.status import Present, lapses
from verify.report import v1, v3

# Kernels of one machine leave a little more or less of its memory from start to start; a module less is more.
MEMORY_MISSING = 0.02


def reasons(report: v3.Report, present: Present) -> list[str]:
    """Why the machine should take no jobs; nothing when it may.

    Args:
        report: Its last that has a verdict, upgraded.
        present: What it is held against.
    """
    before, after = report.facts, present.facts
    return [*lapses(report, present), *_smaller(before, after), *_devices(before, after)]


def too_few(counted: int, promised: int | None) -> list[str]:
    """Why a count of GPUs is too low; nothing when nobody said how many there should be."""
    if promised is None or counted >= promised:
        return []
    return [f"{counted} of {promised} GPUs answer the driver"]


def _smaller(before: v1.Facts, after: v1.Facts) -> Iterator[str]:
    if after.memory_bytes < before.memory_bytes * (1 - MEMORY_MISSING):
        was, now = before.memory_bytes / 1e9, after.memory_bytes / 1e9
        yield f"the memory was {was:.1f} GB, is {now:.1f} GB"
    if before.processor.name != after.processor.name:
        yield f"the processor was {before.processor.name}, is {after.processor.name}"
    if before.processor.physical_cores != after.processor.physical_cores:
        yield f"the cores were {before.processor.physical_cores}, are {after.processor.physical_cores}"


def _devices(before: v1.Facts, after: v1.Facts) -> Iterator[str]:
    """What computed when the machine was certified still does, on the same device."""
    here = {device.name: device for device in after.devices}
    for was in before.devices:
        now = here.get(was.name)
        if not was.computes:
            continue
        if now is None or not now.computes:
            why = now.problem if now is not None and now.problem else "nobody says why"
            yield f"{was.name} does not compute any more: {why}"
        elif (was.title, was.memory_bytes) != (now.title, now.memory_bytes):
            yield f"{was.name} was {_what(was)}, is {_what(now)}"


def _what(device: v1.DeviceFacts) -> str:
    size = f" with {device.memory_bytes / 1e9:.1f} GB" if device.memory_bytes is not None else ""
    return f"{device.title or device.name}{size}"
