"""What the command finds around itself: the project, the clock, the machine's name for itself."""

import argparse
import getpass
import os
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from verify.errors import UsageError
from verify.probe.contention import Contention

MARKS = ("envs", "lockfiles")
TIME = "%Y-%m-%dT%H:%M:%SZ"


def project_root(arguments: argparse.Namespace) -> Path:
    """The project's folder: named, or the nearest one upwards, or the one this package lies in.

    Raises:
        UsageError: There is none.
    """
    own = Path(__file__).resolve().parents[2]
    here = Path.cwd()
    candidates = [Path(os.path.realpath(arguments.root))] if arguments.root else [here, *here.parents, own]
    for folder in candidates:
        if all((folder / mark).is_dir() for mark in MARKS):
            return folder
    raise UsageError(f"{candidates[0]} holds no envs/ and lockfiles/", "name the project's folder: verify --root DIR …")


def now() -> str:
    """This moment in UTC."""
    return datetime.now(UTC).strftime(TIME)


def conditions(load: float, after: Contention, **other: float) -> dict[str, Any]:
    """What else the machine was doing, as reports tell it.

    Args:
        load: The load before.
        after: What was seen of others meanwhile.
        other: Whatever else is worth knowing, each by its name.
    """
    return {
        "load_before": load,
        "load_after": after.load,
        "cpu_steal_percent": None if after.stolen is None else 100 * after.stolen,
        "others_busy_percent": None if after.others is None else 100 * after.others,
        "inconclusive": None,
        "other": other,
    }


def secrets(root: Path) -> dict[str, str]:
    """Texts that must not reach a report, and what stands for each."""
    # A node of a fleet runs in a project of its own, whose envs/ is a link to the one that is shared.
    shared = str((root / "envs").resolve().parent)
    known = {shared: ".", str(root): ".", str(Path.home()): "~", socket.gethostname(): "<host>", _user(): "<user>"}
    return known | _own_python(Path(sys.base_prefix), Path.home())


def _own_python(prefix: Path, home: Path) -> dict[str, str]:
    """Where a Python below the home folder lies, which the log of a crash is full of; a system's own tells nothing."""
    return {str(prefix): "<python>"} if prefix.is_relative_to(home) else {}


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return os.environ.get("USER", "")
