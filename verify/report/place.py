"""A stored report's place in its chain, and a quick look at a file that proves more than its place.

To prove a report takes both validators. What tells whether a file was touched is quicker: a digest of its bytes that a
head has counted, or else the report's own digest over its content.
"""

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verify.errors import IntegrityError
from verify.report import canonical
from verify.report.disk import read_regular
from verify.report.fields import plain
from verify.report.read import CHANGED, LARGEST_FILE, named


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stored report stands, as its file says without proof.

    Attributes:
        path: Its file.
        environment: Whose history it belongs to.
        machine: Whose chain.
        id: The report's.
        sequence: Where in the chain.
        created: When its run began, UTC.
        predecessor: Digest of the report before it.
        digest: Digest of its content.
        sha256: Digest of the file's bytes, which is computed here.
    """

    path: Path
    environment: str
    machine: str
    id: str
    sequence: int
    created: str
    predecessor: str | None
    digest: str
    sha256: str

    @property
    def file_name(self) -> str:
        """The name that the file must have."""
        return name_of(self.created, self.id)


def name_of(created: str, id_: str) -> str:
    """The name of a report's file: ``20260102T030405Z-0123456789ab.json``."""
    return f"{created.replace('-', '').replace(':', '')}-{id_}.json"


def place_of(path: Path, root: Path) -> Place:
    """The place of the report in a file.

    Raises:
        StorageError: It cannot be read.
        IntegrityError: It is no regular file below the root, or says no place.
    """
    return placed(path, root, read_regular(path, root, LARGEST_FILE))


def placed(path: Path, root: Path, data: bytes) -> Place:
    """The place of a report that was read.

    Raises:
        IntegrityError: It says none.
    """
    try:
        content = json.loads(data)
        before = content["predecessor"]
        return Place(
            path=path,
            environment=sys.intern(str(content["environment"]["name"])),
            machine=sys.intern(str(content["machine"])),
            id=str(content["id"]),
            sequence=int(content["sequence"]),
            created=str(content["created"]),
            predecessor=None if before is None else str(before),
            digest=str(content["digest"]),
            sha256=hashlib.sha256(data).hexdigest(),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise IntegrityError(
            f"{named(path, root)} is damaged", "see `verify history prove`; restore it from version control"
        ) from error


def sealed(data: bytes, where: str) -> dict[str, Any]:
    """The plain data of a stored report whose content has the digest that it says.

    Any change of a single byte is found, at a tenth of what `verify.report.read.parse_report` takes. What is not looked
    at is the shape: nobody but who computes a new digest can change that.

    Raises:
        IntegrityError: It was changed after it was written.
    """
    try:
        value: dict[str, Any] = json.loads(data, parse_float=_number, parse_constant=_none)
        text, digest = canonical.text_and_digest(value)
        if text.encode() == data and digest == value["digest"]:
            return value
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise IntegrityError(f"{where} is damaged", CHANGED) from error
    raise IntegrityError(f"{where}: its digest is not that of its content", CHANGED)


def _number(digits: str) -> float:
    return plain(float(digits))


def _none(name: str) -> float:
    raise ValueError(f"{name} is no number")
