"""Opening files that a user names: a pipe, a device or a folder is refused, and nothing is waited for."""

import errno
import os
import stat
from pathlib import Path


def regular(path: str, flags: int) -> int:
    """An ``opener`` for `open`, which opens regular files only; links are followed.

    Raises:
        OSError: It cannot be opened, or is something else.
    """
    # Without it, opening a pipe waits for somebody who writes to it.
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EINVAL, "it is no regular file", path)


def read_regular(path: Path, largest: int) -> bytes:
    """The bytes of a regular file.

    Args:
        path: The file.
        largest: Of how many bytes it may be.

    Raises:
        OSError: It cannot be read, is no regular file, or is larger.
    """
    with open(path, "rb", opener=regular) as file:
        size = os.fstat(file.fileno()).st_size
        if size > largest:
            raise OSError(errno.EFBIG, f"it has {size:,} bytes, the limit is {largest:,}", str(path))
        return file.read(largest)
