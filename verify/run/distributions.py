"""Checks that an installed distribution brings, named by its entry points in the group ``verify.checks``.

They are looked up in the supervisor's own environment, never in the one under test: that holds exactly what its lock
holds, and another distribution there would cost the certificate. An entry point names a module, or a package that is
a folder of check files. Neither is imported here: its files are listed by a process of their own and given to the
interpreter under test by their path, as those of ``--checks`` are. A dependency of the distribution is therefore not at
hand when its checks run.
"""

import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import Distribution, EntryPoint, EntryPoints, distributions, entry_points
from pathlib import Path

from verify.errors import UsageError

GROUP = "verify.checks"
MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


@dataclass(frozen=True, slots=True)
class Brought:
    """What one entry point names.

    Attributes:
        distribution: Name and version.
        places: The file, or the folders, that hold the checks.
    """

    distribution: str
    places: tuple[Path, ...]


def brought() -> list[Brought]:
    """What the installed distributions bring, by their names.

    Raises:
        UsageError: An entry point names nothing that is there, or a distribution's cannot be read.
    """
    found = sorted((_distribution(entry), entry.name, entry) for entry in _entries())
    return [Brought(name, _places(name, entry)) for name, _, entry in found]


def refused(distribution: str, what: str) -> UsageError:
    """The complaint about a distribution."""
    return UsageError(f"{distribution}: {what}", "mend that distribution, or uninstall it from where `verify` runs")


def _entries() -> EntryPoints:
    try:
        return entry_points(group=GROUP)
    except (TypeError, ValueError):  # a line without `=`, or bytes that are no text
        for distribution in distributions():
            _refuse_unreadable(distribution)
        raise


def _refuse_unreadable(distribution: Distribution) -> None:
    try:
        _ = distribution.entry_points
    except (TypeError, ValueError) as error:
        what = f"its entry_points.txt in {distribution.locate_file('')} is malformed: a line is no `name = module`"
        raise refused(_called(distribution), what) from error


def _distribution(entry: EntryPoint) -> str:
    return _called(entry.dist) if entry.dist else entry.name


def _called(distribution: Distribution) -> str:
    return f"{distribution.name} {distribution.version}"


def _places(distribution: str, entry: EntryPoint) -> tuple[Path, ...]:
    spec = _spec(entry.value) if MODULE.fullmatch(entry.value) else None
    places = tuple(_of(spec)) if spec else ()
    if not places:
        what = f"its entry point {entry.name} = {entry.value} in {GROUP} names no module or folder of Python files"
        raise refused(distribution, what)
    return places


def _spec(module: str) -> ModuleSpec | None:
    """Where a module is. `find_spec` imports the parents of a dotted name, so each part is looked up in its parent."""
    top, *rest = module.split(".")
    try:
        spec = importlib.util.find_spec(top)
    except ValueError:  # imported here already, by somebody who did not say from where
        return None
    for name in rest:
        spec = PathFinder.find_spec(name, list(spec.submodule_search_locations or ())) if spec else None
    return spec


def _of(spec: ModuleSpec) -> Iterator[Path]:
    if spec.submodule_search_locations is not None:
        yield from (path for path in map(Path, spec.submodule_search_locations) if path.is_dir())
    elif spec.origin and spec.origin.endswith(".py"):
        yield Path(spec.origin)
