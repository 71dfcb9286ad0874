"""Which sensors this machine has."""

import sys
from functools import partial

from verify.monitor import apple, nvidia
from verify.monitor.host import Host
from verify.monitor.reading import Reading, Source, Unread


def sources(*, in_a_run: bool) -> list[Source]:
    """What to look at on this machine.

    Args:
        in_a_run: Whether something is measured meanwhile: then only what costs next to nothing is asked.
    """
    found: list[Source] = [Host(in_a_run).read]
    if sys.platform == "darwin":
        return [*found, apple.read_registry, apple.unmetered if in_a_run else apple.read_meter]
    nvml = nvidia.library()
    return [*found, partial(_untold, nvml) if isinstance(nvml, str) else partial(nvidia.read, nvml)]


def _untold(reason: str) -> Reading:
    return Reading(unread=(Unread("gpu", reason),))
