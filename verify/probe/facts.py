"""What this machine and this installation are, as the interpreter under test sees them."""

import importlib.metadata
import os
import platform
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from verify.probe import accelerators, cgroup, sysctl

CPUINFO = Path("/proc/cpuinfo")
MEMINFO = Path("/proc/meminfo")
OS_RELEASE = Path("/etc/os-release")
CPUS = Path("/sys/devices/system/cpu")
# Drivers whose `cpuinfo_max_freq` is the highest clock that the processor reaches; acpi-cpufreq knows the base only.
DRIVERS = ("intel_pstate", "intel_cpufreq", "amd-pstate", "amd-pstate-epp", "cppc_cpufreq")
HIGHEST = "highest"
NOMINAL = "a virtual machine's nominal one"
MOMENTARY = "at the moment it was read"
# What engines leave in a container; Kubernetes leaves a folder and a variable, its engine nothing.
CONTAINER_MARKS = {
    Path("/.dockerenv"): "docker",
    Path("/run/.containerenv"): "podman",
    Path("/var/run/secrets/kubernetes.io"): "kubernetes",
}
CONTAINER_GROUPS = {"/kubepods": "kubernetes", "/docker": "docker", "/libpod": "podman", "/lxc": "lxc"}
# The instruction sets that decide how fast a matrix product can be.
INSTRUCTION_SETS = (
    "avx2",
    "fma",
    "avx512f",
    "avx512_bf16",
    "avx512_vnni",
    "avx_vnni",
    "amx_bf16",
    "amx_tile",
    "asimd",
    "sve",
)

Facts = dict[str, Any]


def collect() -> Facts:
    """All facts, in the shape of the report's `facts`."""
    return {
        **_system(),
        "python": {
            "version": platform.python_version(),
            "implementation": platform.python_implementation(),
            "compiler": platform.python_compiler(),
        },
        "processor": _processor(),
        "memory_bytes": _memory_bytes(),
        "memory_limit_bytes": cgroup.memory_limit_bytes(),
        "processors_allowed": cgroup.processors_allowed(),
        "container": container(),
        "power_mode": _power_mode(),
        "devices": accelerators.devices(),
        "packages": _packages(),
    }


def _system() -> Facts:
    mac = sys.platform == "darwin"
    return {
        "system": platform.system(),
        "system_version": f"macOS {platform.mac_ver()[0]}" if mac else _pretty_name(),
        "system_build": sysctl.text("kern.osversion") if mac else None,
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "libc": " ".join(platform.libc_ver()).strip() or None,
    }


def _pretty_name() -> str:
    if OS_RELEASE.exists():
        for line in OS_RELEASE.read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition("=")
            if key == "PRETTY_NAME":
                return value.strip("\"'")
    return platform.system()


def _processor() -> Facts:
    logical = _usable_processors()
    if sys.platform == "darwin":
        cores, flags = sysctl.number("hw.physicalcpu"), {"asimd"}
        name, identity, clock = sysctl.text("machdep.cpu.brand_string"), _NOBODY, _UNKNOWN_CLOCK
        held = mac_caches(sysctl.number)
    else:
        text = CPUINFO.read_text(encoding="utf-8", errors="replace")
        name, flags, cores = _cpuinfo(text)
        identity, clock, held = identified(text), clocked(text, CPUS), caches(CPUS)
    return {
        "name": name or platform.machine(),
        "physical_cores": cores or logical,
        "logical_cores": logical,
        "instruction_sets": [known for known in INSTRUCTION_SETS if known in flags],
        **identity,
        **clock,
        "caches": held,
    }


_NOBODY: Facts = {"vendor": None, "family": None, "model": None}
_UNKNOWN_CLOCK: Facts = {"clock_hertz": None, "clock_is": None}


def _cpuinfo(text: str) -> tuple[str | None, set[str], int]:
    """Name, flags and number of physical cores that a ``/proc/cpuinfo`` tells of."""
    name: str | None = None
    flags: set[str] = set()
    cores: set[tuple[str, str]] = set()
    for block in text.split("\n\n"):
        fields = _fields(block)
        name = name or fields.get("model name")
        flags |= set(fields.get("flags", fields.get("Features", "")).split())
        if "core id" in fields:
            cores.add((fields.get("physical id", "0"), fields["core id"]))
    return name, flags, len(cores)


def _fields(block: str) -> dict[str, str]:
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in block.splitlines())}


def identified(text: str) -> Facts:
    """Vendor, family and model of the first processor of a ``/proc/cpuinfo``, which tell its microarchitecture."""
    fields = _fields(text.partition("\n\n")[0])
    # ARM's implementer and part are hexadecimal there, and have no family.
    family, model = fields.get("cpu family"), fields.get("model", fields.get("CPU part"))
    return {
        "vendor": fields.get("vendor_id", fields.get("CPU implementer")),
        "family": int(family) if family else None,
        "model": int(model, 0) if model else None,
    }


def clocked(text: str, cpus: Path) -> Facts:
    """The processor's clock, and what clock that is."""
    highest = [int(path.read_text(encoding="ascii")) for path in cpus.glob("cpu[0-9]*/cpufreq/cpuinfo_max_freq")]
    driver = cpus / "cpu0/cpufreq/scaling_driver"
    if highest and driver.exists() and driver.read_text(encoding="ascii").strip() in DRIVERS:
        return {"clock_hertz": 1000 * max(highest), "clock_is": HIGHEST}
    fields = _fields(text.partition("\n\n")[0])
    if "cpu MHz" not in fields:
        return _UNKNOWN_CLOCK
    kind = NOMINAL if "hypervisor" in fields.get("flags", "").split() else MOMENTARY
    return {"clock_hertz": round(1e6 * float(fields["cpu MHz"])), "clock_is": kind}


def caches(cpus: Path) -> list[Facts]:
    """The caches for data, each level with the size of one and how many there are."""
    found: dict[tuple[int, str], int] = {}
    for index in cpus.glob("cpu[0-9]*/cache/index[0-9]*"):
        told = {name: _told(index / name) for name in ("level", "type", "size", "shared_cpu_list")}
        if told["type"] in ("Data", "Unified") and told["level"].isdigit() and told["size"].rstrip("K").isdigit():
            found[int(told["level"]), told["shared_cpu_list"]] = int(told["size"].rstrip("K")) * 1024
    kinds = Counter((level, size) for (level, _), size in found.items())
    return [{"level": level, "bytes": size, "count": count} for (level, size), count in sorted(kinds.items())]


def _told(path: Path) -> str:
    return path.read_text(encoding="ascii").strip() if path.exists() else ""


def mac_caches(number: Callable[[str], int | None]) -> list[Facts]:
    """The second-level caches of a Mac's kinds of core; it does not tell of the one behind them."""
    found = []
    for kind in ("hw.perflevel0", "hw.perflevel1"):
        size, cores, sharing = (number(f"{kind}.{what}") for what in ("l2cachesize", "physicalcpu", "cpusperl2"))
        if size and cores and sharing:
            found.append({"level": 2, "bytes": size, "count": -(-cores // sharing)})
    return found


def _usable_processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory_bytes() -> int:
    if sys.platform == "darwin":
        return sysctl.number("hw.memsize") or 0
    for line in MEMINFO.read_text(encoding="utf-8").splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def container(own_groups: Path = cgroup.OWN) -> str | None:
    """What kind of container this runs in, by what its engine left there, or by the names of its control groups."""
    marked = next((name for mark, name in CONTAINER_MARKS.items() if mark.exists()), None)
    if marked or not own_groups.exists():
        return marked
    told = own_groups.read_text(encoding="ascii", errors="replace")
    return next((name for word, name in CONTAINER_GROUPS.items() if word in told), None)


def _power_mode() -> str | None:
    governor = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    return governor.read_text(encoding="ascii").strip() if governor.exists() else None


def _packages() -> list[Facts]:
    found = {
        (item.metadata["Name"], item.version) for item in importlib.metadata.distributions() if item.metadata["Name"]
    }
    return [{"name": name, "version": version} for name, version in sorted(found, key=lambda item: item[0].lower())]
