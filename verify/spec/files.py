"""Reads small files within a limit, and replaces a file whole or not at all."""

import os
from pathlib import Path

from verify.errors import StorageError, UsageError


def read_bytes(path: Path, where: str, limit: int) -> bytes:
    """Read a regular file of at most ``limit`` bytes.

    Raises:
        UsageError: When it is missing, no regular file, or larger.
        StorageError: When the disk does not give it back.
    """
    try:
        if path.exists() and not path.is_file():
            raise UsageError(f"{where} is no regular file", "remove it, and restore the file with git")
        if not path.is_file():
            raise UsageError(f"{where} does not exist", "look at the name, or restore the file with git")
        with path.open("rb") as stream:
            raw = stream.read(limit + 1)
    except OSError as error:
        raise StorageError(f"{where} cannot be read: {error.strerror}", "repair its permissions or the disk") from error
    if len(raw) > limit:
        raise UsageError(f"{where} is larger than {limit:,} bytes", "a file of this kind is small; restore it")
    return raw


def replace_file(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a file so that a reader, or a program that is killed, sees the old bytes or the new ones.

    Args:
        path: The file.
        data: All of its new bytes.
        durable: Also outlast a power cut. Beside a large installation that makes the disk write all of it first.

    Raises:
        StorageError: When the disk refuses; the old bytes are still there.
    """
    beside = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as stream:
            stream.write(data)
            stream.flush()
            if durable:
                os.fsync(stream.fileno())
        beside.replace(path)
        if durable:
            _sync_directory(path.parent)
    except OSError as error:
        raise refused(path, error) from error


def _sync_directory(path: Path) -> None:
    """Make renames inside a directory survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def refused(path: Path, error: OSError) -> StorageError:
    """Word what a disk said."""
    said = error.strerror or "unknown reason"
    return StorageError(f"{path.name} cannot be written: {said}", "make room or repair permissions, then run it again")
