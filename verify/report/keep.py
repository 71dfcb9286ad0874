"""Files that are kept whole or not at all."""

import contextlib
import os
from pathlib import Path

from verify.errors import IntegrityError
from verify.report.disk import Disk, settle, stage


def keep(disk: Disk, files: dict[Path, bytes]) -> None:
    """All new files, each whole or not at all; the first is the record and gets its name first.

    Raises:
        IntegrityError: One is there already.
        OSError: The disk refused.
    """
    staged: list[tuple[Path, Path]] = []
    try:
        for path, data in files.items():
            if os.path.lexists(path):
                raise _taken(path)
            staged.append((stage(disk, path, data), path))
        for temporary, path in staged:
            try:
                settle(disk, temporary, path)
            except FileExistsError as error:
                raise _taken(path) from error
        # The folders may be new too: a name is safe when the folder that holds it is.
        for folder in staged[0][1].parents[:3]:
            disk.sync_folder(folder)
    finally:
        for temporary, _ in staged:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def replace(disk: Disk, path: Path, data: bytes) -> None:
    """A file's new content, or the one it had: never a mixture.

    Raises:
        OSError: The disk refused.
    """
    temporary = stage(disk, path, data)
    try:
        disk.rename(temporary, path)
        disk.sync_folder(path.parent)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _taken(path: Path) -> IntegrityError:
    return IntegrityError(f"{path.name} exists", "reports are never overwritten; remove it or wait a second")
