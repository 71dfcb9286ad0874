"""What differs between two locks of a platform: packages, and the advisories that apply."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from packaging.version import InvalidVersion, Version

from verify.errors import IntegrityError
from verify.spec.advisories import Advisory, applying
from verify.spec.environment import Environment
from verify.spec.lock import Lock, LockedPackage
from verify.spec.platform import Platform

Kind = Literal["added", "removed", "upgraded", "downgraded", "other_hashes"]


@dataclass(frozen=True, slots=True)
class PackageChange:
    """One package that differs.

    Attributes:
        name: Normalised name.
        before: Version in the current lock; None where it is not there.
        after: Version in the candidate; None where it is not there.
        kind: How it differs. ``other_hashes``: the same version, and other files that may be installed.
    """

    name: str
    before: str | None
    after: str | None
    kind: Kind


@dataclass(frozen=True, slots=True)
class AdvisoryChange:
    """An advisory that applies to at least one of two locks.

    Attributes:
        advisory: The advisory.
        kind: Whether it applies to the candidate alone, to both, or to the current lock alone.
    """

    advisory: Advisory
    kind: Literal["comes", "stays", "goes"]


def difference(current: Lock, candidate: Lock) -> tuple[PackageChange, ...]:
    """What differs between two locks, by name.

    Versions are ordered as packaging.python.org/en/latest/specifications/version-specifiers says (PEP 440): by epoch,
    release, pre-, post- and development release, then by local version. Versions that it holds equal, such as 2.0
    and 2.0.0, differ in nothing but their hashes, whose order does not count.

    Raises:
        IntegrityError: When something in a lock is no version.
    """
    before = {package.name: package for package in current.packages}
    after = {package.name: package for package in candidate.packages}
    changes = (_change(name, before.get(name), after.get(name)) for name in sorted(before | after))
    return tuple(change for change in changes if change)


def advisory_changes(
    advisories: Sequence[Advisory],
    environment: Environment,
    platform: Platform,
    current: Lock,
    candidate: Lock,
    *,
    macos: str,
) -> tuple[AdvisoryChange, ...]:
    """The advisories that come, stay or go with a candidate, in the order of the policy.

    Args:
        advisories: The policy.
        environment: What is set up.
        platform: What it installs.
        current: The lock that is in use.
        candidate: The lock that may take its place.
        macos: The version of macOS here; empty on any other system.
    """
    before, after = (applying(advisories, environment, platform, lock, macos) for lock in (current, candidate))
    return tuple(
        AdvisoryChange(each, "stays" if each in before and each in after else "comes" if each in after else "goes")
        for each in advisories
        if each in before or each in after
    )


def _change(name: str, before: LockedPackage | None, after: LockedPackage | None) -> PackageChange | None:
    if before is None:
        return PackageChange(name, None, after.version, "added") if after else None
    if after is None:
        return PackageChange(name, before.version, None, "removed")
    old, new = _version(before), _version(after)
    if old == new and set(before.hashes) == set(after.hashes):
        return None
    kind: Kind = "upgraded" if old < new else "downgraded" if old > new else "other_hashes"
    return PackageChange(name, before.version, after.version, kind)


def _version(package: LockedPackage) -> Version:
    try:
        return Version(package.version)
    except InvalidVersion:
        raise IntegrityError(
            f"{package.name} is locked in `{package.version}`, which is no version", "lock again"
        ) from None
