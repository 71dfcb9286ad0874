"""Candidates: locks that are compared with the lock of a platform before one takes its place."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from verify.errors import UsageError
from verify.probe.package_name import normalised
from verify.spec.files import read_bytes, replace_file
from verify.spec.lock import MAX_BYTES, Lock, LockedPackage, format_lock, format_packages, lock_path, parse_foreign
from verify.spec.platform import Platform, load_platform
from verify.spec.resolve import ask_of_platform, resolve
from verify.spec.uv import ask_pip


def candidate_path(root: Path, platform_name: str) -> Path:
    """Say where the candidate of a platform lies: beside its lock, under a name that no platform can have."""
    return lock_path(root, f"{platform_name}.candidate")


def make_candidate(
    root: Path, platform_name: str, wanted: Sequence[str], *, environ: Mapping[str, str], current: Lock
) -> bytes:
    """Resolve what a platform's lock would be with other versions; every other pin stays where it can.

    Args:
        root: The project.
        platform_name: The platform.
        wanted: Packages of the current lock: ``transformers`` for the newest version that fits, or
            ``transformers==5.1.0``; nothing at all for the newest of everything.
        environ: The environment of the caller.
        current: The lock whose pins are held on to.

    Returns:
        The bytes of the candidate, a lock in our format. Nothing is written.

    Raises:
        UsageError: When a word is no requirement or its package is not in the lock, or the platform is wrong.
        NoSolution: When there are no versions that go together so.
        IntegrityError: When uv finds a file that has another hash than the one that is locked.
        VerifyError: When uv fails otherwise.
    """
    platform = load_platform(root, platform_name)
    upgrading = [_wish(word, current) for word in wanted]
    pip = ask_pip(environ, root)
    seed = format_packages(current.packages) if upgrading else ""
    found = resolve(ask_of_platform(platform, pip.links), seed, pip, environ, upgrading)
    return format_lock(platform.name, platform.digest, found)


def read_foreign(root: Path, path: Path, platform_name: str, *, edited: bool = False) -> Lock:
    """Read a lock from anywhere, to compare with it: of our format, or a plain hashed requirements file.

    Unlike that of `read_lock`, it may have been made from another version of the platform's TOML, which
    `Lock.platform_digest` tells. A plain file does not tell what it was made from; its comments are passed over.

    Args:
        root: The project; a file below it is named by its path there.
        path: The file.
        platform_name: The platform that it is for.
        edited: Whether somebody may have edited one of our format: a robot that proposes an upgrade does.

    Raises:
        UsageError: When it is missing, or the lock of another platform, or there is no such platform.
        IntegrityError: When it is not whole, was edited by hand, or holds anything but pins and hashes.
        StorageError: When the disk does not give it back.
    """
    name = load_platform(root, platform_name).name
    where = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
    raw = read_bytes(path, where, MAX_BYTES)
    source, packages = parse_foreign(raw, name, where, edited=edited)
    return Lock(path, name, sha256(raw).hexdigest(), source, packages)


def promote(root: Path, lock: Lock) -> None:
    """Make a candidate, wherever it lies, the lock of its platform, in one step.

    Raises:
        UsageError: When it lacks what the platform's TOML requires now, or that file is wrong.
        StorageError: When the disk refuses; the old lock is still there.
    """
    platform = load_platform(root, lock.platform)
    _refuse_gaps(platform, lock)
    replace_file(lock_path(root, platform.name), format_lock(platform.name, platform.digest, _canonical(lock.packages)))


def _wish(word: str, current: Lock) -> str:
    requirement = _requirement(word)
    if requirement is None or requirement.url or requirement.marker or requirement.extras:
        raise UsageError(
            f"`{word}` is no package with an optional version", "write `transformers`, or `transformers==5.1.0`"
        )
    known = [package.name for package in current.packages]
    name = normalised(requirement.name)
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        toml = f"envs/platforms/{current.platform}.toml"
        hint = f"did you mean `{near[0]}`?" if near else f"require it in {toml} first, then lock again"
        raise UsageError(f"there is no package `{name}` in the lock of {current.platform}", hint)
    return f"{name}{requirement.specifier}"


def _refuse_gaps(platform: Platform, lock: Lock) -> None:
    versions = {package.name: package.version for package in lock.packages}
    for word in platform.requirements:
        requirement = _requirement(word)
        version = versions.get(normalised(requirement.name)) if requirement else None
        if requirement is None or version is None or not requirement.specifier.contains(version, prereleases=True):
            holds = f"holds version {version}" if version else "does not hold it"
            raise UsageError(
                f"envs/platforms/{platform.name}.toml requires {word}, and {lock.path.name} {holds}",
                "make a candidate from the platform as it is now, and promote that",
            )


def _requirement(word: str) -> Requirement | None:
    try:
        return Requirement(word)
    except InvalidRequirement:
        return None


def _canonical(packages: Iterable[LockedPackage]) -> list[LockedPackage]:
    """Order packages and hashes as uv does, so that locking again changes no byte."""
    ordered = sorted(packages, key=lambda package: package.name)
    return [replace(package, hashes=tuple(sorted(package.hashes))) for package in ordered]
