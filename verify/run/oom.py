"""How often the kernel has killed for want of memory in this control group, to tell such a kill from another."""

from pathlib import Path

OWN_GROUPS = Path("/proc/self/cgroup")
MOUNT = Path("/sys/fs/cgroup")


def memory_kills(own_groups: Path = OWN_GROUPS, mount: Path = MOUNT) -> int:
    """Out-of-memory kills so far; 0 where no control group counts them (then a kill is only a kill)."""
    if not own_groups.exists():
        return 0
    for line in own_groups.read_text(encoding="ascii").splitlines():
        _, controllers, path = line.split(":", 2)
        group = path.lstrip("/")
        if not controllers:
            counts = [mount / group / "memory.events", mount / "memory.events"]
        elif "memory" in controllers.split(","):
            counts = [mount / "memory" / group / "memory.oom_control", mount / "memory/memory.oom_control"]
        else:
            continue
        for path_of_counts in counts:
            if path_of_counts.exists():
                return _count(path_of_counts.read_text(encoding="ascii"))
    return 0


def _count(text: str) -> int:
    fields = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
    return int(fields.get("oom_kill", 0))
