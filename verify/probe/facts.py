"""What this machine and this installation are, as the interpreter under test sees them."""

import importlib.metadata
import os
import platform
import sys
from pathlib import Path
from typing import Any

from verify.probe import accelerators, sysctl

CPUINFO = Path("/proc/cpuinfo")
MEMINFO = Path("/proc/meminfo")
OS_RELEASE = Path("/etc/os-release")
# cgroup v2, then v1; a limit above any real memory means none.
MEMORY_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
NO_LIMIT = 1 << 60
CONTAINER_MARKS = {Path("/.dockerenv"): "docker", Path("/run/.containerenv"): "podman"}
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
        "memory_limit_bytes": memory_limit_bytes(),
        "container": _container(),
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
    if sys.platform == "darwin":
        cores = sysctl.number("hw.physicalcpu")
        name, flags = sysctl.text("machdep.cpu.brand_string"), {"asimd"}
    else:
        name, flags, cores = _cpuinfo(CPUINFO.read_text(encoding="utf-8", errors="replace"))
    logical = _usable_processors()
    return {
        "name": name or platform.machine(),
        "physical_cores": cores or logical,
        "logical_cores": logical,
        "instruction_sets": [known for known in INSTRUCTION_SETS if known in flags],
    }


def _cpuinfo(text: str) -> tuple[str | None, set[str], int]:
    """Name, flags and number of physical cores that a ``/proc/cpuinfo`` tells of."""
    name: str | None = None
    flags: set[str] = set()
    cores: set[tuple[str, str]] = set()
    for block in text.split("\n\n"):
        fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in block.splitlines())}
        name = name or fields.get("model name")
        flags |= set(fields.get("flags", fields.get("Features", "")).split())
        if "core id" in fields:
            cores.add((fields.get("physical id", "0"), fields["core id"]))
    return name, flags, len(cores)


def _usable_processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory_bytes() -> int:
    if sys.platform == "darwin":
        return sysctl.number("hw.memsize") or 0
    for line in MEMINFO.read_text(encoding="utf-8").splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def memory_limit_bytes() -> int | None:
    """The control group's memory limit, or None."""
    for path in MEMORY_LIMITS:
        if path.exists():
            text = path.read_text(encoding="ascii").strip()
            if text.isdigit() and int(text) < NO_LIMIT:
                return int(text)
    return None


def _container() -> str | None:
    return next((name for mark, name in CONTAINER_MARKS.items() if mark.exists()), None)


def _power_mode() -> str | None:
    governor = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    return governor.read_text(encoding="ascii").strip() if governor.exists() else None


def _packages() -> list[Facts]:
    found = {
        (item.metadata["Name"], item.version) for item in importlib.metadata.distributions() if item.metadata["Name"]
    }
    return [{"name": name, "version": version} for name, version in sorted(found, key=lambda item: item[0].lower())]
