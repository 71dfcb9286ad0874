"""How often the kernel has killed for want of memory in this control group, to tell such a kill from another."""

from pathlib import Path

from verify.probe.cgroup import MOUNT, OWN, groups


def memory_kills(own_groups: Path = OWN, mount: Path = MOUNT) -> int:
    """Out-of-memory kills so far; 0 where no control group counts them (then a kill is only a kill)."""
    for group in groups("memory", own_groups, mount):
        for told in (group / "memory.events", group / "memory.oom_control"):
            if told.exists():
                return _count(told.read_text(encoding="ascii"))
    return 0


def _count(text: str) -> int:
    fields = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
    return int(fields.get("oom_kill", 0))
