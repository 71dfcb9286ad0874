"""Builds an environment from its lock: aside, and then into place in one step."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from verify.errors import VerifyError
from verify.spec.builds import (
    Slot,
    Stamp,
    adopt,
    leftovers,
    live_build,
    new_build,
    python_of,
    refuse_without_room,
    remember_current,
    remove_build,
    setting_up,
    stamp_of,
    sweep,
    without_runs,
)
from verify.spec.environment import load_environment
from verify.spec.files import replace_file
from verify.spec.interpreter import Interpreter, interpreter_of
from verify.spec.lock import Lock, LockedPackage, format_packages, read_lock
from verify.spec.platform import Platform, load_platform, package_of
from verify.spec.uv import Pip, ask_pip, run_uv, uv_environment
from verify.spec.wheels import locked_wheels

__all__ = ["Interpreter", "Provisioned", "interpreter_of", "provision", "provision_lock"]

_INSTALL: Final = (
    "pip",
    "install",
    "--no-deps",
    "--require-hashes",
    "--only-binary=:all:",
)


@dataclass(frozen=True, slots=True)
class Provisioned:
    """What a set-up came to.

    Attributes:
        status: ``unchanged`` when the environment was there already, as the lock wants it.
        environment: The name of the environment.
        interpreter: Its Python.
        lock_digest: SHA-256 of the lock that it holds.
    """

    status: Literal["built", "unchanged"]
    environment: str
    interpreter: Path
    lock_digest: str


@dataclass(frozen=True, slots=True)
class Job:
    """What is built, from what.

    Attributes:
        root: The project.
        name: The environment or the slot.
        platform: What it installs.
        lock: In which versions.
        environ: The environment of the caller.
        report: Is told what is being done.
    """

    root: Path
    name: str
    platform: Platform
    lock: Lock
    environ: Mapping[str, str]
    report: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Step:
    """Packages that are installed together.

    Attributes:
        packages: The packages.
        index: The address of the only index they may come from; None for the one that is configured.
    """

    packages: tuple[LockedPackage, ...]
    index: str | None


def provision(
    root: Path,
    environment_name: str,
    *,
    environ: Mapping[str, str],
    report: Callable[[str], None],
    recreate: bool = False,
) -> Provisioned:
    """Install what an environment's lock says, or find that it is installed.

    Whatever goes wrong, and whenever it is interrupted, the environment that was there before stays.

    Args:
        root: The project.
        environment_name: The environment.
        environ: The environment of the caller.
        report: Is told, a line at a time, what is being done.
        recreate: Build again even when nothing has changed.

    Raises:
        UsageError: When environment or platform are wrong, or the lock is missing.
        IntegrityError: When the lock is not whole, or a wheel is not the one that was locked.
        StorageError: When the disk refuses or is too full.
        VerifyError: When another set-up is running, a run is in progress where something is to be built, or uv,
            Python or an index cannot be reached.
    """
    platform = load_platform(root, load_environment(root, environment_name).platform)
    lock = read_lock(root, platform.name)
    job = Job(root, environment_name, platform, lock, environ, report)
    with setting_up(root):
        build = None if recreate else _present(job)
        found = build is not None
        if build is None:
            with without_runs(root):
                build = _renew(job)
        else:
            _tidy(root)
        remember_current(root, environment_name)
    return Provisioned("unchanged" if found else "built", environment_name, python_of(build), lock.digest)


def provision_lock(
    root: Path,
    slot: Slot,
    platform: Platform,
    lock: Lock,
    *,
    environ: Mapping[str, str],
    report: Callable[[str], None],
) -> Path:
    """Install any lock of a platform aside, or find that its slot holds it, and leave every environment as it is.

    For who holds the lock of runs, for as long as the build is in use: builds that nothing points to are removed.
    Whatever goes wrong, and whenever it is interrupted, the build that was in the slot before stays.

    Args:
        root: The project.
        slot: Where the build is linked.
        platform: What is installed.
        lock: In which versions.
        environ: The environment of the caller.
        report: Is told, a line at a time, what is being done.

    Returns:
        The build.

    Raises:
        IntegrityError: When a wheel is not the one that was locked.
        StorageError: When the disk refuses or is too full.
        VerifyError: When a set-up is running, or uv, Python or an index cannot be reached.
    """
    job = Job(root, slot, platform, lock, environ, report)
    with setting_up(root):
        return _present(job) or _renew(job)


def steps(platform: Platform, lock: Lock, links: Sequence[str]) -> list[Step]:
    """Part the packages of a lock by where they come from.

    A package with an index of its own comes from there and from nowhere else, unless its wheel lies in a
    directory at hand; then that index, which may be out of reach, is not asked.
    """
    at_hand = {name for place in links for name in locked_wheels(place, lock.packages, platform.python)}
    index_of = {
        package_of(package): index.url
        for index in platform.indexes
        for package in index.packages
        if package_of(package) not in at_hand
    }
    addresses = [None, *dict.fromkeys(index_of.values())]
    parted = [Step(_from(lock.packages, index_of, address), address) for address in addresses]
    return [step for step in parted if step.packages]


def _from(
    packages: Iterable[LockedPackage], index_of: Mapping[str, str], address: str | None
) -> tuple[LockedPackage, ...]:
    return tuple(package for package in packages if index_of.get(package.name) == address)


def _tidy(root: Path) -> None:
    """Remove what a killed set-up left, where there is any; a run in progress leaves it to the next one."""
    if leftovers(root):
        with suppress(VerifyError), without_runs(root):
            sweep(root)


def _present(job: Job) -> Path | None:
    """Return the build that is in use already, where it is what would be built."""
    build = live_build(job.root, job.name)
    return build if build and stamp_of(build) == _stamp(job) else None


def _renew(job: Job) -> Path:
    build = _build(job)
    adopt(job.root, job.name, build, _stamp(job))
    return build


def _stamp(job: Job) -> Stamp:
    return Stamp(job.platform.name, job.lock.digest, job.platform.digest, job.platform.python)


def _where(job: Job) -> str:
    """Name the lock as messages do."""
    path = job.lock.path
    return path.relative_to(job.root).as_posix() if path.is_relative_to(job.root) else str(path)


def _build(job: Job) -> Path:
    """Make a whole build aside; leave nothing of one that failed."""
    sweep(job.root)
    refuse_without_room(job.root, job.platform.disk_gb_at_least)
    build = new_build(job.root, job.name, job.lock.digest)
    job.report(f"building {job.name}: Python {job.platform.python}, {len(job.lock.packages)} packages of {_where(job)}")
    with ExitStack() as failing:
        failing.callback(remove_build, build)
        _fill(job, build, ask_pip(job.environ, job.root))
        failing.pop_all()
    return build


def _fill(job: Job, build: Path, pip: Pip) -> None:
    python = job.platform.python
    run_uv(
        ["venv", "--no-project", "--relocatable", "--quiet", "--python", python, str(build)],
        environ=uv_environment(job.environ, **pip.variables),
        cwd=build.parent,
        doing=f"making an environment of Python {python}",
    )
    links = [place for place in pip.links if "://" in place or locked_wheels(place, job.lock.packages, python)]
    # A file shared with uv's cache would carry an edit in one environment into every later one.
    mode = job.environ.get("UV_LINK_MODE") or ("clone" if job.platform.macos else "copy")
    environ = uv_environment(job.environ, links, **pip.variables, UV_LINK_MODE=mode)
    *first, last = steps(job.platform, job.lock, links)
    for step in first:
        _install(job, build, step, environ, [])
    _install(job, build, last, environ, ["--compile-bytecode"])


def _install(job: Job, build: Path, step: Step, environ: Mapping[str, str], more: Sequence[str]) -> None:
    wanted = build / "verify-wanted.txt"
    replace_file(wanted, format_packages(step.packages).encode(), durable=False)
    index = ["--default-index", step.index] if step.index else []
    run_uv(
        [*_INSTALL, *index, *more, "--python", str(python_of(build)), "-r", str(wanted)],
        environ=environ,
        cwd=build.parent,
        doing=f"installing {_where(job)}",
    )
    wanted.unlink()
