"""Where environments live: builds made aside, and links that are swapped in one step.

``.environments/builds/NAME-DIGEST-N`` is a build, ``.environments/NAME`` a link to the one that is used, and
``.environments/current`` the name that was set up last. Beside the environments lie the slots, links of the same
kind to builds of locks that are only compared. A build that no link points to is left over from a
set-up that was replaced or interrupted, and goes at the next one, unless a run is using it.

Nothing here is synced to the disk: an environment can be made again, and the checks compare each installed file
with its recorded hash, while a sync would wait for gigabytes.
"""

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Final, Literal, get_args

from verify.errors import StorageError, VerifyError
from verify.probe.regular import read_regular
from verify.spec.files import refused, replace_file

_STAMP: Final = "verify-stamp.json"
_RECIPE: Final = 1
_LARGEST: Final = 64 * 1024
_STATE: Final = "state"
Slot = Literal["gate-now", "gate-new", "gate-mix"]
SLOTS: Final[frozenset[str]] = frozenset(get_args(Slot))
PLAIN_NAME: Final = "[a-z0-9][a-z0-9_-]{0,63}"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a build was made from; written into it last.

    Attributes:
        platform: The platform.
        lock_digest: SHA-256 of its lock.
        platform_digest: SHA-256 of its TOML.
        python: The Python that it runs, such as ``3.11``.
        recipe: Goes up when builds are made in another way.
    """

    platform: str
    lock_digest: str
    platform_digest: str
    python: str
    recipe: int = _RECIPE


def environments_directory(root: Path) -> Path:
    """Say where environments live."""
    return root / ".environments"


def state_directory(root: Path) -> Path:
    """Say where runs keep what is neither an environment nor a report: their lock, scratch, cache, made-up identity.

    That is beside the environments; where those cannot be written, as in an image, ``state`` there links to a folder
    that can.
    """
    state = environments_directory(root) / _STATE
    return state if state.is_symlink() else environments_directory(root)


def python_of(build: Path) -> Path:
    """Say where the Python of a build lies."""
    return build / "bin" / "python"


def live_build(root: Path, name: str) -> Path | None:
    """Return the build that an environment uses; None when it is not set up."""
    if not re.fullmatch(PLAIN_NAME, name):
        return None
    link = environments_directory(root) / name
    return link.resolve() if link.is_symlink() and python_of(link).exists() else None


def stamp_of(build: Path) -> Stamp | None:
    """Read what a build was made from; None where that cannot be told."""
    try:
        return Stamp(**json.loads(read_regular(build / _STAMP, _LARGEST)))
    except (OSError, ValueError, TypeError, RecursionError):
        return None


def current_environment(root: Path) -> str | None:
    """Return the name that was set up last; None when nothing was."""
    try:
        return read_regular(environments_directory(root) / "current", _LARGEST).decode().strip() or None
    except (OSError, ValueError):
        return None


def remember_current(root: Path, name: str) -> None:
    """Keep the name that was set up last."""
    if current_environment(root) != name:
        replace_file(environments_directory(root) / "current", f"{name}\n".encode(), durable=False)


def new_build(root: Path, name: str, lock_digest: str) -> Path:
    """Choose the directory of a new build; it does not exist yet."""
    builds = environments_directory(root) / "builds"
    names = (f"{name}-{lock_digest[:12]}-{number}" for number in count(1))
    return next(builds / candidate for candidate in names if not (builds / candidate).exists())


def adopt(root: Path, name: str, build: Path, stamp: Stamp) -> None:
    """Make a finished build the one that an environment uses, in one step.

    Raises:
        StorageError: When the disk refuses; the old build is still in use.
    """
    home = environments_directory(root)
    replace_file(build / _STAMP, json.dumps(asdict(stamp), indent=1).encode(), durable=False)
    beside = home / f".{name}.new"
    try:
        beside.unlink(missing_ok=True)
        beside.symlink_to(Path("builds") / build.name)
        beside.replace(home / name)
    except OSError as error:
        raise refused(home / name, error) from error


def leftovers(root: Path) -> list[Path]:
    """Find the builds that nothing points to."""
    home = environments_directory(root)
    used = {link.resolve() for link in home.iterdir() if link.is_symlink() and not link.name.startswith(".")}
    return [build for build in (home / "builds").iterdir() if build.resolve() not in used]


def sweep(root: Path) -> None:
    """Remove the builds that nothing points to; for who holds `without_runs`, since a run may still use one."""
    for build in leftovers(root):
        remove_build(build)


def vacate(root: Path, slot: Slot) -> None:
    """Give back what the build of a slot takes on the disk; for who holds the lock of runs.

    Raises:
        VerifyError: When a set-up is running.
        StorageError: When the disk refuses.
    """
    link = environments_directory(root) / slot
    with setting_up(root):
        try:
            link.unlink(missing_ok=True)
        except OSError as error:
            raise refused(link, error) from error
        sweep(root)


def remove_build(build: Path) -> None:
    """Remove a build; what resists is left to the next sweep."""
    shutil.rmtree(build, ignore_errors=True)


@contextmanager
def setting_up(root: Path) -> Iterator[None]:
    """Hold the set-ups of a project to one at a time; the kernel lets go when a holder dies.

    Raises:
        VerifyError: When another set-up is running.
        StorageError: When the disk refuses.
    """
    busy = VerifyError("another set-up of this project is running", "wait for it, then run yours again")
    with _held(environments_directory(root) / "lock", busy):
        yield


@contextmanager
def without_runs(root: Path) -> Iterator[None]:
    """Keep runs away while builds come and go: with the lock that each run holds, and under its name.

    Raises:
        VerifyError: When a run is in progress.
        StorageError: When the disk refuses.
    """
    busy = VerifyError("a run of this project is in progress", "wait for it, then set up again")
    with _held(state_directory(root) / "run", busy):
        yield


def refuse_without_room(root: Path, gigabytes: float) -> None:
    """Look for free space before anything is downloaded.

    Args:
        root: The project.
        gigabytes: What a set-up needs, in decimal gigabytes.

    Raises:
        StorageError: When there is less.
    """
    free = shutil.disk_usage(root).free / 1e9
    if free < gigabytes:
        raise StorageError(
            f"set-up needs {gigabytes:g} GB of free disk, and {free:.1f} GB are left",
            "free some space, then run it again",
        )


@contextmanager
def _held(lock: Path, busy: VerifyError) -> Iterator[None]:
    try:
        (lock.parent / "builds").mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise refused(lock.parent, error) from error
    try:
        _claim(descriptor, busy)
        yield
    finally:
        with suppress(OSError):
            os.close(descriptor)


def _claim(descriptor: int, busy: VerifyError) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise busy from None
