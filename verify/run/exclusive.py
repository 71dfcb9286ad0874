"""One run at a time: two would disturb each other's figures."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from verify.errors import StorageError, VerifyError


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the lock file while the block runs; the kernel lets go of it when its holder dies.

    Raises:
        VerifyError: Another run holds it.
        StorageError: It cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be made: {error.strerror}", "make the folder writable, then run again"
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise VerifyError(
            "another run or set-up of this project is in progress", "wait for it: two would disturb each other"
        ) from error
    finally:
        os.close(descriptor)
