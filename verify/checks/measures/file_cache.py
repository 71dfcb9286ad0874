"""The system's file cache, which decides how long reading a file takes."""

import gc
import os
from pathlib import Path


def forgotten(folder: Path) -> bool:
    """Drop a folder's files from the cache, where the system takes such advice; none may be mapped. macOS does not."""
    gc.collect()
    if not hasattr(os, "posix_fadvise"):
        return False
    for path in folder.iterdir():
        with path.open("rb") as file:
            # What was not yet written to the disk would stay.
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return True
