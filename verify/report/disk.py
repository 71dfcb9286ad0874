"""The few things we ask of a file system, so that a test can be one that refuses."""

import contextlib
import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from verify.errors import IntegrityError, StorageError

TEMPORARY = ".part"
PLAIN = "reports are plain files: replace it"
# What file systems without hard links, FAT among them, answer.
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP)
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def read_regular(path: Path, root: Path, limit: int) -> bytes:
    """The content of a regular file below the root; never follows a link, never waits for a pipe.

    Args:
        path: The file.
        root: What it must lie below, links resolved.
        limit: The largest size, in bytes, that is read.

    Raises:
        StorageError: It cannot be read.
        IntegrityError: It is no regular file, lies elsewhere, or is too large.
    """
    try:
        _below(path, root)
        with open(path, "rb", opener=_plainly) as file:
            if os.fstat(file.fileno()).st_size > limit:
                raise IntegrityError(f"{path.name} is larger than {limit} bytes", "no report is that large: remove it")
            return file.read(limit + 1)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise IntegrityError(f"{path.name} is a symbolic link", PLAIN) from error
        raise StorageError(
            f"cannot read {path.name}: {error.strerror}", "check the path and its permissions"
        ) from error


def _plainly(path: str, flags: int) -> int:
    """Open a regular file, without following a link to it or waiting for a pipe's writer."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise IntegrityError(f"{Path(path).name} is no regular file", PLAIN)


def _below(path: Path, root: Path) -> None:
    if _through_folders(str(path.parent), str(root)):
        return
    # Path.resolve has an error of its own for links that lead back to themselves.
    parent = Path(os.path.realpath(path.parent, strict=True))
    if not parent.is_relative_to(os.path.realpath(root)):
        raise IntegrityError(f"{path.name} lies outside of the project", "give a path below the project's root")


def _through_folders(folder: str, root: str) -> bool:
    """Whether one comes from the root to a folder through no link, which is told sooner than where links lead."""
    if (folder != root and not folder.startswith(root + os.sep)) or f"{os.sep}.." in folder:
        return False
    while len(folder) > len(root):
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            return False
        folder = folder.rpartition(os.sep)[0]
    return True


def stage(disk: "Disk", path: Path, data: bytes) -> Path:
    """Write a file's content, safely on the disk, under a temporary name beside it.

    Returns:
        The temporary name.

    Raises:
        OSError: The disk refused; nothing is left behind, as far as it lets us.
    """
    temporary = path.with_name(f".{path.name}{TEMPORARY}")
    descriptor = disk.create(temporary)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[disk.write(descriptor, bytes(rest)) :]
        # A failed sync is a failure: asking again would succeed without having written.
        disk.sync(descriptor)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    finally:
        os.close(descriptor)
    return temporary


def settle(disk: "Disk", temporary: Path, path: Path) -> None:
    """Give a staged file its final name, which nothing has yet.

    Raises:
        FileExistsError: Something has that name.
        OSError: The disk refused.
    """
    try:
        disk.link(temporary, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path.name) from error
        disk.rename(temporary, path)
    else:
        temporary.unlink()


def sweep(folder: Path) -> None:
    """Remove temporary files that a killed writer left; only for who holds the folder's lock."""
    for stale in folder.glob(f".*{TEMPORARY}"):
        stale.unlink(missing_ok=True)


class Disk(Protocol):
    """A file system: the operations that keeping a report takes."""

    def create(self, path: Path) -> int:
        """A new file's descriptor; fails where anything has that name."""

    def write(self, descriptor: int, data: bytes) -> int:
        """How many of the bytes were taken."""

    def sync(self, descriptor: int) -> None:
        """Wait until what was written is on the disk."""

    def link(self, old: Path, new: Path) -> None:
        """Give a file its final name beside the temporary one; fails where anything has that name."""

    def rename(self, old: Path, new: Path) -> None:
        """Give a file its final name instead of the temporary one, whatever had it before."""

    def sync_folder(self, folder: Path) -> None:
        """Wait until the names in a folder are on the disk."""


@dataclass(frozen=True, slots=True)
class LocalDisk:
    """The file system of this machine."""

    def create(self, path: Path) -> int:
        """A new file's descriptor; fails where anything has that name."""
        return os.open(path, _CREATE, 0o644)

    def write(self, descriptor: int, data: bytes) -> int:
        """How many of the bytes were taken."""
        return os.write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        """Wait until what was written is on the disk."""
        os.fsync(descriptor)

    def link(self, old: Path, new: Path) -> None:
        """Give a file its final name beside the temporary one; fails where anything has that name."""
        os.link(old, new)

    def rename(self, old: Path, new: Path) -> None:
        """Give a file its final name instead of the temporary one, whatever had it before."""
        old.rename(new)

    def sync_folder(self, folder: Path) -> None:
        """Wait until the names in a folder are on the disk."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


LOCAL = LocalDisk()
