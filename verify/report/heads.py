"""The heads beside the reports: ``<machine>.head`` for every chain, and ``<machine>.head.dsse`` where one is signed."""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from verify.errors import IntegrityError
from verify.report.chain import Kept
from verify.report.disk import Disk
from verify.report.head import PAYLOAD_TYPE, SIGNED, SUFFIX, Head, Sign, Unseal, head_bytes, head_of, read_head
from verify.report.keep import replace
from verify.report.place import Place
from verify.report.read import named

_FILE = re.compile(r"([0-9a-f]{32})\.head(\.dsse)?")
_KEPT: dict[Kept, str] = {"own": SUFFIX, "signed": SIGNED}


def is_head(path: Path) -> bool:
    """Whether a file has the name of a head."""
    return _FILE.fullmatch(path.name) is not None


def machines_of(paths: Iterable[Path]) -> set[str]:
    """The machines whose heads are among files."""
    return {found[1] for path in paths if (found := _FILE.fullmatch(path.name))}


def heads_beside(folder: Path, root: Path, machine: str, unseal: Unseal | None = None) -> list[tuple[Kept, Head]]:
    """The heads of a machine's chain, the plain one first.

    Raises:
        StorageError: One cannot be read.
        IntegrityError: One is no head, or that of another chain.
    """
    paths = {kept: folder / f"{machine}{suffix}" for kept, suffix in _KEPT.items()}
    return [(kept, _own(path, root, machine, unseal)) for kept, path in paths.items() if os.path.lexists(path)]


def write_heads(disk: Disk, folder: Path, chain: Sequence[Place], sign: Sign | None) -> None:
    """Count all of a chain, by sequence, in its head; in a signed one too, where a key is given.

    The signed head comes last: each counts the beginning of a chain, so an older one is right too.

    Raises:
        OSError: The disk refused; the heads before are as they were.
    """
    head = head_of(chain)
    data = head_bytes(head)
    replace(disk, folder / f"{head.machine}{SUFFIX}", data)
    if sign:
        replace(disk, folder / f"{head.machine}{SIGNED}", sign(data, PAYLOAD_TYPE))


def _own(path: Path, root: Path, machine: str, unseal: Unseal | None) -> Head:
    head = read_head(path, root, unseal)
    if (head.environment, head.machine) != (path.parent.name, machine):
        whose = f"{head.machine[:12]} in {head.environment}"
        raise IntegrityError(f"{named(path, root)} is the head of {whose}", "restore it from version control")
    return head
