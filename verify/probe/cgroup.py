"""What the control groups that this process is in let it have of memory and processors, by version 1 and version 2.

A group is bound by every group above it, so the least limit on the way up holds. A container sees its own group as the
root of the mount, and is told the path that it has outside: where that path does not exist, the mount is its group.
"""

from collections.abc import Iterator
from pathlib import Path

OWN = Path("/proc/self/cgroup")
MOUNT = Path("/sys/fs/cgroup")
# Version 1 writes the largest page-aligned number where there is no limit; no machine has an exbibyte.
NO_LIMIT = 1 << 60
# What the kernel gives back when it is asked to, in version 2 and in version 1.
RECLAIMABLE = ("inactive_file", "total_inactive_file")


def memory_limit_bytes(own: Path | None = None, mount: Path | None = None) -> int | None:
    """The least memory limit, or None without one."""
    limits = (_limit(group) for group in groups("memory", own, mount))
    return min((limit for limit in limits if limit is not None), default=None)


def memory_left_bytes(own: Path | None = None, mount: Path | None = None) -> int | None:
    """What the limits leave of what is used already, not counting pages of files that can be dropped; None without."""
    found = []
    for group in groups("memory", own, mount):
        limit, used = _limit(group), _number(group / "memory.current", group / "memory.usage_in_bytes")
        if limit is not None and used is not None:
            kept = _fields(group / "memory.stat")
            droppable = next((int(kept[name]) for name in reversed(RECLAIMABLE) if name in kept), 0)
            found.append(max(0, limit - max(0, used - droppable)))
    return min(found, default=None)


def processors_allowed(own: Path | None = None, mount: Path | None = None) -> float | None:
    """How many processors' time the least quota allows, or None without one."""
    quotas = (_quota(group) for group in groups("cpu", own, mount))
    return min((quota for quota in quotas if quota is not None), default=None)


def withheld_seconds(own: Path | None = None, mount: Path | None = None) -> float:
    """For how long this group's threads were kept from running by its quota; 0 without one.

    https://docs.kernel.org/scheduler/sched-bwc.html: microseconds in version 2, nanoseconds in version 1.
    """
    for group in groups("cpu", own, mount):
        kept = _fields(group / "cpu.stat")
        if "throttled_usec" in kept or "throttled_time" in kept:
            return int(kept.get("throttled_usec", 0)) / 1e6 + int(kept.get("throttled_time", 0)) / 1e9
    return 0.0


def groups(controller: str, own: Path | None = None, mount: Path | None = None) -> Iterator[Path]:
    """The folders of this process's group and of those above it that a controller has, the innermost first."""
    own, mount = own or OWN, mount or MOUNT
    for line in own.read_text(encoding="ascii", errors="replace").splitlines() if own.exists() else ():
        _, controllers, path = line.split(":", 2)
        if not controllers:
            # Beside version 1, version 2 is mounted one folder below.
            yield from _upwards(mount / "unified" if (mount / "unified").is_dir() else mount, path)
        elif controller in controllers.split(","):
            place = mount / controllers
            yield from _upwards(place if place.is_dir() else mount / controller, path)


def _upwards(root: Path, path: str) -> Iterator[Path]:
    group = root / path.lstrip("/")
    # A group of another container's is told as `/../name`.
    inside = [] if ".." in group.parts else [group, *group.parents]
    yield from (folder for folder in inside if folder.is_relative_to(root) and folder != root and folder.is_dir())
    if root.is_dir():
        yield root


def _limit(group: Path) -> int | None:
    limit = _number(group / "memory.max", group / "memory.limit_in_bytes")
    return limit if limit is not None and limit < NO_LIMIT else None


def _quota(group: Path) -> float | None:
    quota, _, period = _text(group / "cpu.max").partition(" ")
    if not quota:
        quota, period = _text(group / "cpu.cfs_quota_us"), _text(group / "cpu.cfs_period_us")
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() and int(period) else None


def _number(*paths: Path) -> int | None:
    texts = (_text(path) for path in paths)
    return next((int(text) for text in texts if text.isdigit()), None)


def _fields(path: Path) -> dict[str, str]:
    words = (line.split() for line in _text(path).splitlines())
    return {pair[0]: pair[1] for pair in words if len(pair) == 2}  # noqa: PLR2004 - a name and its value


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""
