"""Joules, from what counts them: RAPL for processors, NVML for NVIDIA's GPUs, powermetrics for Apple's chips.

What is read here is pure: files, a library's number, a tool's text. Nothing here measures a time.
"""

import ctypes
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

POWERCAP = Path("/sys/class/powercap")
NVML = "libnvidia-ml.so.1"
# "Combined Power (CPU + GPU + ANE): 5043 mW", once a sample.
COMBINED = re.compile(r"^Combined Power .*?:\s*(\d+(?:\.\d+)?)\s*mW", re.MULTILINE)


class Unreadable(Exception):  # noqa: N818 - reads as what it says
    """No joules are to be had here, for the reason given."""


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter of energy, at one moment.

    Attributes:
        microjoules: What it shows.
        range_microjoules: What it wraps round after; 0 for one that does not.
    """

    microjoules: int
    range_microjoules: int


def rapl(folder: Path = POWERCAP) -> dict[str, Counter]:
    """The counters of the processor packages, by zone.

    Only whole packages: their cores and memory are counted in them or beside them differently on each model, and
    ``psys`` counts all of it again.

    Raises:
        Unreadable: There are none, or they are kept from this user.
    """
    zones = sorted(zone for zone in folder.glob("intel-rapl:*") if zone.name.count(":") == 1)
    packages = [zone for zone in zones if (zone / "name").read_text(encoding="ascii").startswith("package-")]
    if not packages:
        raise Unreadable(f"{folder} has no package of intel-rapl: this kernel or this virtual machine counts no energy")
    try:
        return {zone.name: _counter(zone) for zone in packages}
    except PermissionError as error:
        # Since https://platypusattack.com (CVE-2020-8694) only root may read it.
        raise Unreadable(f"only root may read {error.filename}") from error


def _counter(zone: Path) -> Counter:
    shown, most = (int((zone / name).read_text(encoding="ascii")) for name in ("energy_uj", "max_energy_range_uj"))
    return Counter(shown, most)


def joules_between(before: Mapping[str, Counter], after: Mapping[str, Counter]) -> float:
    """What all counters counted between two moments, each of which may have wrapped round once.

    Twice cannot be seen: at 500 W, the usual range of 262 kJ lasts nine minutes.

    Raises:
        ValueError: Other counters were there, or one that does not wrap fell.
    """
    if before.keys() != after.keys():
        raise ValueError(f"counters {sorted(before)} became {sorted(after)}")
    return sum(_microjoules(zone, before[zone], after[zone]) for zone in before) / 1e6


def _microjoules(zone: str, before: Counter, after: Counter) -> int:
    counted = after.microjoules - before.microjoules
    if counted < 0 and not after.range_microjoules:
        raise ValueError(f"{zone} fell from {before.microjoules} to {after.microjoules} µJ")
    return counted if counted >= 0 else counted + after.range_microjoules


def nvml(uuid: str) -> dict[str, Counter]:
    """The counter of one GPU, since its driver was loaded.

    Args:
        uuid: As torch tells it, with or without ``GPU-``: numbers differ where devices are hidden.

    Raises:
        Unreadable: NVML is not there, or the GPU does not count (before Volta).
    """
    try:
        library = ctypes.CDLL(NVML)
    except OSError as error:
        raise Unreadable(f"{NVML} cannot be loaded: {error}") from error
    device, millijoules = ctypes.c_void_p(), ctypes.c_ulonglong()
    name = f"GPU-{uuid.removeprefix('GPU-')}".encode()
    for function, words in (
        ("nvmlInit_v2", ()),
        ("nvmlDeviceGetHandleByUUID", (name, ctypes.byref(device))),
        ("nvmlDeviceGetTotalEnergyConsumption", (device, ctypes.byref(millijoules))),
    ):
        code = getattr(library, function)(*words)
        if code:
            raise Unreadable(f"{function} answered {code}: this GPU or its driver does not count energy")
    return {name.decode(): Counter(millijoules.value * 1000, 0)}


def powermetrics_watts(text: str) -> list[float]:
    """The power of the whole chip in each sample of powermetrics' text.

    Raises:
        Unreadable: The text holds none.
    """
    watts = [float(number) / 1000 for number in COMBINED.findall(text)]
    if not watts:
        raise Unreadable("powermetrics told no combined power")
    return watts
