"""Apple's GPU: what the IORegistry tells to anybody, and what powermetrics tells to root.

The texts of both tools are read by pure functions; how they look was taken from outputs that others recorded, see
`tests/monitor/test_apple.py`.
"""

import os
import re
import subprocess

from verify.monitor.reading import Reading, Unread, Value

REGISTRY = ("/usr/sbin/ioreg", "-r", "-d", "1", "-w", "0", "-c", "IOAccelerator")
METER = ("/usr/bin/powermetrics", "--samplers", "cpu_power,gpu_power", "-n", "1", "-i", "200")
LONGEST_SECONDS = 10.0
NODE = re.compile(r"^\+-o ", re.MULTILINE)
# "PerformanceStatistics" = {"Device Utilization %"=21,"In use system memory"=351141888,…}
STATISTIC = re.compile(r'"([^"]+)"=(\d+)')
MODEL = re.compile(r'^\s*"model" = "([^"]+)"', re.MULTILINE)
# Lines such as `GPU Power: 1234 mW`.
METERED = {
    ("gpu", "clock", "MHz"): (re.compile(r"^GPU HW active frequency:\s*([\d.]+) MHz", re.MULTILINE), 1.0),
    ("gpu", "power", "W"): (re.compile(r"^GPU Power:\s*([\d.]+) mW", re.MULTILINE), 1e-3),
    ("processor", "power", "W"): (re.compile(r"^CPU Power:\s*([\d.]+) mW", re.MULTILINE), 1e-3),
}
ROOT_ONLY = "powermetrics tells it to root only: sudo verify monitor"
HEAT = Unread("gpu temperature", "macOS tells it to no program")


def registry(text: str) -> Reading:
    """What ``ioreg`` says of each accelerator: how busy it is, and how much of the memory it has."""
    values: list[Value] = []
    for node in NODE.split(text)[1:]:
        counted = {name: float(number) for name, number in STATISTIC.findall(node)}
        model = MODEL.search(node)
        subject = f"gpu {model.group(1)}" if model else "gpu"
        if "Device Utilization %" in counted:
            values.append(Value(subject, "utilisation", "%", counted["Device Utilization %"]))
        if "In use system memory" in counted:
            values.append(Value(subject, "used", "B", counted["In use system memory"]))
    if not values:
        return Reading(unread=(Unread("gpu utilisation", "the IORegistry tells of no accelerator"),))
    return Reading(tuple(values))


def metered(text: str) -> Reading:
    """What ``powermetrics`` says of clock and power."""
    found = {key: pattern.search(text) for key, (pattern, _) in METERED.items()}
    return Reading(
        tuple(Value(*key, float(match.group(1)) * METERED[key][1]) for key, match in found.items() if match),
        tuple(
            Unread(f"{subject} {name}", "powermetrics does not tell it")
            for (subject, name, _), match in found.items()
            if not match
        ),
    )


def read_registry() -> Reading:
    """Ask ``ioreg``."""
    told = _asked(REGISTRY)
    reading = registry(told) if isinstance(told, str) else Reading(unread=(Unread("gpu utilisation", told.reason),))
    return Reading(reading.values, (*reading.unread, HEAT))


def read_meter() -> Reading:
    """Ask ``powermetrics``, which takes a fifth of a second, as root."""
    names = [f"{subject} {name}" for subject, name, _ in METERED]
    if os.geteuid():
        return Reading(unread=tuple(Unread(name, ROOT_ONLY) for name in names))
    told = _asked(METER)
    return (
        metered(told) if isinstance(told, str) else Reading(unread=tuple(Unread(name, told.reason) for name in names))
    )


def unmetered() -> Reading:
    """What is not asked of ``powermetrics`` while something is measured."""
    why = "powermetrics is not started in a run: it would take time from what is measured"
    return Reading(unread=tuple(Unread(f"{subject} {name}", why) for subject, name, _ in METERED))


def _asked(words: tuple[str, ...]) -> str | Unread:
    try:
        ended = subprocess.run(
            words, capture_output=True, text=True, errors="replace", timeout=LONGEST_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Unread(words[0], f"{words[0]} does not answer: {error}")
    if ended.returncode:
        return Unread(words[0], f"{words[0]} ended with {ended.returncode}")
    return ended.stdout
