"""What lies in the folders of a history."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

from verify.errors import IntegrityError, StorageError
from verify.report.read import named


@dataclass(frozen=True, slots=True)
class Files(Sequence[Path]):
    """Files of a folder: of a hundred thousand only their names are held."""

    folder: Path
    names: Sequence[str]

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, index: int) -> Path: ...
    @overload
    def __getitem__(self, index: slice) -> "Files": ...
    def __getitem__(self, index: int | slice) -> "Path | Files":
        if isinstance(index, slice):
            return Files(self.folder, self.names[index])
        return self.folder / self.names[index]


def listed(folder: Path, root: Path) -> list[Path]:
    """What lies in a folder, by name; nothing where nothing is.

    Raises:
        StorageError: It cannot be read.
        IntegrityError: It is no folder.
    """
    return sorted(entries(folder, root), key=lambda path: path.name)


def entries(folder: Path, root: Path) -> Iterator[Path]:
    """The same as they come; whoever takes only the first knows that it can be listed.

    Raises:
        StorageError: It cannot be read.
        IntegrityError: It is no folder.
    """
    try:
        yield from folder.iterdir()
    except FileNotFoundError:
        return
    except NotADirectoryError as error:
        # To skip it would make a history look empty.
        wrong = folder if folder.parent.is_dir() else folder.parent
        raise IntegrityError(f"{named(wrong, root)} is no folder", "reports live in folders: move it away") from error
    except OSError as error:
        hint = "check the folder and its permissions"
        raise StorageError(f"cannot read {named(folder, root)}: {error.strerror}", hint) from error


def no_link(path: Path, root: Path) -> None:
    """Refuse a folder of reports that is a link.

    Raises:
        IntegrityError: It is one.
    """
    if path.is_symlink():
        raise IntegrityError(f"{named(path, root)} is a symbolic link", "reports live in the project: replace it")
