"""Which of the changes between two locks make a difference: the smallest set of them that still shows it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import combinations, pairwise
from pathlib import Path
from typing import Final

from verify.spec.difference import difference
from verify.spec.lock import Lock, LockedPackage, format_lock, format_packages, lock_path
from verify.spec.platform import load_platform
from verify.spec.resolve import NoSolution, ask_of_platform, resolve
from verify.spec.uv import ask_pip

Names = frozenset[str]
# What does not resolve costs seconds and no build, yet the groups grow in number with the power of their size.
_LARGEST_GROUP: Final = 3


@dataclass(frozen=True, slots=True)
class Trial:
    """One set of changes that was tried.

    Attributes:
        names: The packages whose change was taken, sorted.
        reproduced: Whether the difference showed; None where the set does not resolve or install.
    """

    names: tuple[str, ...]
    reproduced: bool | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to.

    Attributes:
        reproduced: Whether all changes together show the difference; where they do not, nothing was searched.
        names: The smallest set that still shows it, sorted; empty where it shows without any change.
        entangled: Those of `names` without which the rest does not resolve or install: each may be there for
            another's sake only.
        trail: Every trial, in order; none was made twice.
    """

    reproduced: bool
    names: tuple[str, ...]
    entangled: tuple[str, ...]
    trail: tuple[Trial, ...]


def smallest(names: Iterable[str], reproduces: Callable[[Names], bool | None]) -> Found:
    """Find a smallest set of changes that still shows a difference, by delta debugging.

    The algorithm is ddmin of Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", IEEE
    Transactions on Software Engineering 28(2), 2002. It ends with a set of which no single change can be left out.
    A change may stay there only because the set without it does not resolve, so groups of such changes, of up to
    three, are then left out together. Equal questions are answered in an equal order.

    Args:
        names: The packages that change.
        reproduces: Takes exactly these changes, and says whether the difference shows; None where they do not
            resolve or install together. Asked at most once a set.
    """
    trail: dict[Names, bool | None] = {}

    def shows(some: Sequence[str]) -> bool:
        asked = frozenset(some)
        if asked not in trail:
            trail[asked] = reproduces(asked)
        return trail[asked] is True

    every = tuple(sorted(set(names)))
    reproduced = shows(every)
    left: tuple[str, ...] = ()
    if reproduced and not shows(()):
        left = _without_groups(_ddmin(every, shows), shows, trail)
    entangled = tuple(name for name in left if len(left) > 1 and trail[frozenset(left) - {name}] is None)
    trials = tuple(Trial(tuple(sorted(some)), answer) for some, answer in trail.items())
    return Found(reproduced, left, entangled, trials)


def _ddmin(names: tuple[str, ...], shows: Callable[[Sequence[str]], bool]) -> tuple[str, ...]:
    """Reduce to a part, or to what is left without a part, in ever smaller parts."""
    parts = 2
    while len(names) > 1:
        chunks = _split(names, parts)
        rests = [tuple(name for name in names if name not in chunk) for chunk in chunks]
        if part := next(filter(shows, chunks), None):
            names, parts = part, 2
        elif rest := next(filter(shows, rests), None):
            names, parts = rest, max(parts - 1, 2)
        elif parts < len(names):
            parts = min(2 * parts, len(names))
        else:
            break
    return names


def _split(names: tuple[str, ...], parts: int) -> list[tuple[str, ...]]:
    edges = [len(names) * number // parts for number in range(parts + 1)]
    return [names[start:end] for start, end in pairwise(edges)]


def _without_groups(
    names: tuple[str, ...], shows: Callable[[Sequence[str]], bool], trail: Mapping[Names, bool | None]
) -> tuple[str, ...]:
    """Leave out together what cannot be left out alone, for as long as that goes.

    What lies within a set that does not show the difference is taken not to show it either, and not asked.
    """
    stuck = [name for name in names if trail[frozenset(names) - {name}] is None]
    for size in range(2, _LARGEST_GROUP + 1):
        for group in combinations(stuck, size):
            rest = tuple(name for name in names if name not in group)
            hopeless = any(answer is False and some.issuperset(rest) for some, answer in trail.items())
            if not hopeless and shows(rest):
                return _without_groups(_ddmin(rest, shows), shows, trail)
    return names


def subset_lock(
    root: Path, current: Lock, candidate: Lock, names: Iterable[str], *, environ: Mapping[str, str]
) -> Lock | None:
    """Take some of the changes between two locks, and leave every other package as it is.

    Packages that the candidate adds come along where a change that is taken needs them; packages that it removes
    stay unless their removal is taken.

    Args:
        root: The project.
        current: The lock to start from.
        candidate: The lock that the changes lead to.
        names: The packages whose change is taken.
        environ: The environment of the caller.

    Returns:
        The lock, which is not written; None where uv finds that these versions do not go together.

    Raises:
        IntegrityError: When something in a lock is no version.
        UsageError: When the platform is wrong.
        VerifyError: When uv fails otherwise.
    """
    changes = {change.name: change for change in difference(current, candidate)}
    taken = changes.keys() & set(names)
    gone = {name for name in taken if changes[name].kind == "removed"}
    added = {name for name, change in changes.items() if change.kind == "added"}
    before = {package.name: package for package in current.packages}
    after = {package.name: package for package in candidate.packages}
    picked = before | {name: after[name] for name in (taken | added) - gone}
    offered = {name: package for name, package in picked.items() if name not in gone}
    pinned = offered.keys() - (added - taken)
    packages = _closed(root, current.platform, offered, pinned, environ)
    if packages is None:
        return None
    data = format_lock(current.platform, current.platform_digest, packages)
    path = lock_path(root, f"{current.platform}.bisect")
    return Lock(path, current.platform, sha256(data).hexdigest(), current.platform_digest, packages)


def _closed(
    root: Path,
    platform_name: str,
    offered: Mapping[str, LockedPackage],
    pinned: Collection[str],
    environ: Mapping[str, str],
) -> tuple[LockedPackage, ...] | None:
    """Return those that are pinned, with what they need of those that are offered; None where that is not enough."""
    pins = tuple(f"{name}=={offered[name].version}" for name in sorted(pinned))
    platform = load_platform(root, platform_name).model_copy(update={"requirements": pins})
    pip = ask_pip(environ, root)
    try:
        found = resolve(ask_of_platform(platform, pip.links), format_packages(offered.values()), pip, environ)
    except NoSolution:
        return None
    chosen = [offered.get(package.name) for package in found]
    known = tuple(package for package in chosen if package)
    return known if [package.version for package in known] == [package.version for package in found] else None
