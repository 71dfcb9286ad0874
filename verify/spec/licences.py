"""The licences of what a build holds, as its distributions state them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from typing import Final

from verify.errors import StorageError
from verify.probe.package_name import normalised

UNKNOWN: Final = "unknown"
_CLASSIFIER: Final = "License :: "
# What says that there is a licence, and not which.
_EMPTY: Final = frozenset({"", "unknown", "none", "osi approved", "license.txt", "license"})


@dataclass(frozen=True, slots=True)
class LicenceChange:
    """A distribution whose licence differs between two builds.

    Attributes:
        name: Normalised name.
        before: Its licence in the one; None where it is not installed.
        after: Its licence in the other; None where it is not installed.
    """

    name: str
    before: str | None
    after: str | None


def licences_of(build: Path) -> dict[str, str]:
    """The licence of each installed distribution of a build, by normalised name.

    It is read from METADATA (packaging.python.org/en/latest/specifications/core-metadata): ``License-Expression``,
    else the classifiers, else the first line of ``License``, else `UNKNOWN`. Each is given as it is spelled there.

    Raises:
        StorageError: When the disk does not give it back.
    """
    metadata = sorted(build.glob("lib/python*/site-packages/*.dist-info/METADATA"))
    headers = [_headers(path) for path in metadata]
    return {normalised(header["Name"]): _licence(header) for header in headers if header["Name"]}


def licence_changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[LicenceChange, ...]:
    """What differs between the licences of two builds, by name; what comes and what goes included."""
    return tuple(
        LicenceChange(name, before.get(name), after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    )


def _headers(path: Path) -> Message:
    try:
        return HeaderParser().parsestr(path.read_text("utf-8", "replace"))
    except OSError as error:
        said = error.strerror or "unknown reason"
        raise StorageError(f"{path.parent.name}/METADATA cannot be read: {said}", "set up again") from error


def _licence(header: Message) -> str:
    return next((said for said in _statements(header) if said.lower() not in _EMPTY), UNKNOWN)


def _statements(header: Message) -> Iterator[str]:
    """Yield what a distribution says of its licence, the most exact first."""
    yield str(header["License-Expression"] or "").strip()
    classifiers = [str(line) for line in header.get_all("Classifier", [])]
    named = [line.rpartition(" :: ")[2].strip() for line in classifiers if line.startswith(_CLASSIFIER)]
    yield ", ".join(name for name in named if name.lower() not in _EMPTY)
    yield next(iter(str(header["License"] or "").strip().splitlines()), "").strip()
