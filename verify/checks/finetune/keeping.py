"""Keeps what a run trains: the old files or the new ones, and on the disk before anybody is told of them."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


class Unkept(OSError):  # noqa: N818 - says what the matter is
    """What was trained could not be written; the text says where, and why."""


def unkept(path: Path, error: Exception) -> Unkept:
    """Tell in one line what a writer said of a file or a folder."""
    said = getattr(error, "strerror", None) or str(error).partition("\n")[0] or type(error).__name__
    return Unkept(f"{path} cannot be written: {said}")


@contextmanager
def keeping(path: Path, *others: type[Exception]) -> Iterator[None]:
    """While something is written, have all that its writer may say of the disk told in one way.

    Args:
        path: What is written.
        others: What its writer raises beside `OSError`.

    Raises:
        Unkept: It could not be written.
    """
    told: tuple[type[Exception], ...] = (OSError, *others)
    try:
        yield
    except Unkept:
        raise
    except told as error:
        raise unkept(path, error) from error


def keep_folder(folder: Path, save: Callable[[Path], None]) -> None:
    """Have a folder of weights written aside, and then put into its place.

    Where there was none before, it comes into place as a whole. Otherwise file by file, the weights last: what
    describes them is the same for all of one run.

    Args:
        folder: Where it shall be.
        save: Writes it into the folder that it is given.

    Raises:
        Unkept: It could not be written; what was there before still is.
    """
    from safetensors import SafetensorError

    beside = folder.with_name(f".{folder.name}.part")
    # torch and MLX have no error of their own for a disk.
    with keeping(folder, RuntimeError, SafetensorError):
        shutil.rmtree(beside, ignore_errors=True)
        save(beside)
        sync_folder(beside)
        if folder.is_dir():
            for path in sorted(beside.iterdir(), key=lambda path: (path.suffix == ".safetensors", path.name)):
                path.replace(folder / path.name)
            beside.rmdir()
            _sync(folder)
        else:
            beside.rename(folder)
        _sync(folder.parent)


def sync_folder(folder: Path) -> None:
    """Have a folder, its files and its name outlast a power cut."""
    for path in (*folder.iterdir(), folder, folder.parent):
        _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
