"""Processes that left their session: Linux hands them to us when their parent ends, and we end them."""

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Collection
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
PR_GET_CHILD_SUBREAPER = 37
PROCESSES = Path("/proc")


def adopt_orphans() -> frozenset[int]:
    """Make this process the one that orphans below it are handed to; elsewhere than on Linux there is none.

    Returns:
        The children that it has already, which are nobody's orphans: helpers of the standard library, for example.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    return frozenset(_children())


def adopts_orphans() -> bool:
    """Whether orphans below this process are handed to it."""
    told = ctypes.c_int(0)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_GET_CHILD_SUBREAPER, ctypes.byref(told), 0, 0, 0)
    return bool(told.value)


def end_orphans(ours: Collection[int]) -> None:
    """Kill and reap every child of this process, and what it leaves in turn, but for those that are ours.

    Args:
        ours: Children that this process started itself and that may live on.
    """
    while found := [child for child in _children() if child not in ours]:
        for orphan in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(orphan, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(orphan, 0)


def _children() -> list[int]:
    """The children of this process; the kernel's own list of them is an option that many kernels lack."""
    if sys.platform != "linux":
        return []
    return [int(path.name) for path in PROCESSES.glob("[0-9]*") if _parent(path) == os.getpid()]


def _parent(process: Path) -> int | None:
    try:
        # The name before it, in parentheses, may hold anything.
        return int((process / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return None
