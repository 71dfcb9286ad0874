"""Wheels that lie in a directory, as pip's and uv's ``find-links`` offer them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from verify.spec.lock import LockedPackage

_WHEEL = re.compile(r"([A-Za-z0-9._]+)-([A-Za-z0-9.+!_]+)(?:-\d[^-]*)?-([^-]+)-[^-]+-[^-]+\.whl")


@dataclass(frozen=True, slots=True)
class Wheel:
    """What the name of a wheel says.

    Attributes:
        name: Normalized name.
        version: Version, as in a lock.
        pythons: The Pythons it is for: ``cp311``, ``py3``…
    """

    name: str
    version: str
    pythons: tuple[str, ...]


def lists_wheel_of(place: str, packages: Sequence[str]) -> bool:
    """Say whether a directory holds a wheel, of any version, of one of the packages."""
    return any(wheel.name in packages for wheel in _wheels(place))


def locked_wheels(place: str, packages: Iterable[LockedPackage], python: str) -> set[str]:
    """Name the packages whose locked version lies in a directory, built for a Python such as ``3.11``."""
    wanted = {(package.name, package.version) for package in packages}
    return {wheel.name for wheel in _wheels(place) if (wheel.name, wheel.version) in wanted and _runs_on(wheel, python)}


def _wheels(place: str) -> Iterator[Wheel]:
    if "://" in place or not Path(place).is_dir():
        return
    for path in sorted(Path(place).glob("*.whl")):
        found = _WHEEL.fullmatch(path.name)
        if found:
            name = re.sub(r"[-_.]+", "-", found[1]).lower()
            yield Wheel(name, found[2].replace("_", "+"), tuple(found[3].split(".")))


def _runs_on(wheel: Wheel, python: str) -> bool:
    own = "cp" + python.replace(".", "")
    return any(tag == own or tag.startswith("py3") for tag in wheel.pythons)
