"""More values than should be held in memory, in groups and in order: SQLite sorts them in a temporary file.

The file is private to this process and gone with it. What SQLite holds of it in memory has a limit of its own.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar, overload

from verify.errors import StorageError

T = TypeVar("T")

_TABLE = "CREATE TABLE shelf (part TEXT, number INTEGER, tie TEXT, value TEXT)"
_INDEX = "CREATE INDEX in_order ON shelf (part, number, tie)"
_IN_ORDER = "SELECT value FROM shelf WHERE part = ? ORDER BY number, tie, rowid LIMIT ? OFFSET ?"
# What SQLite calls a whole number; what a damaged file says need not be one.
_LARGEST = 2**63 - 1
_ALL = -1
_MOST_PAGES = 2**28


class Shelf(Generic[T]):
    """Groups of values, each of which is in order.

    Args:
        pack: The parts of a value: texts, whole numbers, None, and lists of these.
        unpack: The value again, from its parts.
        most_pages: How large its file may become, in pages of 4 KiB.
    """

    def __init__(
        self, pack: Callable[[T], Sequence[Any]], unpack: Callable[..., T], most_pages: int = _MOST_PAGES
    ) -> None:
        self._pack = pack
        self._unpack = unpack
        self._connection = sqlite3.connect("")
        self._connection.execute(f"PRAGMA max_page_count = {most_pages}")
        self._connection.execute(_TABLE)
        self._connection.execute(_INDEX)

    def put(self, group: Sequence[str], number: int, tie: str, value: T) -> None:
        """Add a value to a group.

        Args:
            group: The group's name.
            number: What the group is sorted by.
            tie: What those of one number are sorted by.
            value: What is kept.

        Raises:
            StorageError: There is no room for temporary files.
        """
        limited = max(-_LARGEST, min(number, _LARGEST))
        try:
            # As ASCII: what a damaged file says need not be text that can be encoded.
            row = json.dumps(group), limited, json.dumps(tie), json.dumps(self._pack(value))
            self._connection.execute("INSERT INTO shelf VALUES (?, ?, ?, ?)", row)
        except sqlite3.Error as error:
            hint = "make room where temporary files lie, or name another place in TMPDIR"
            raise StorageError(f"cannot keep what was read: {error}", hint) from error

    def groups(self) -> list[tuple[str, ...]]:
        """The names of the groups, sorted."""
        found = self._connection.execute("SELECT DISTINCT part FROM shelf")
        return sorted(tuple(json.loads(part)) for (part,) in found)

    def group(self, *group: str) -> "Group[T]":
        """The values of a group, in order; of a group that nobody named it has none."""
        return Group(self, json.dumps(group))

    def count(self, part: str) -> int:
        """How many values a group has."""
        return int(self._connection.execute("SELECT count(*) FROM shelf WHERE part = ?", (part,)).fetchone()[0])

    def values(self, part: str, start: int = 0, most: int = _ALL) -> Iterator[T]:
        """The values of a group from one on."""
        for (value,) in self._connection.execute(_IN_ORDER, (part, most, start)):
            yield self._unpack(*json.loads(value))


class Group(Sequence[T]):
    """A group on a shelf: a sequence whose values are read as they are asked for."""

    def __init__(self, shelf: Shelf[T], part: str) -> None:
        self._shelf = shelf
        self._part = part

    def __len__(self) -> int:
        return self._shelf.count(self._part)

    def __iter__(self) -> Iterator[T]:
        return self._shelf.values(self._part)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        places = range(len(self))[index]
        if isinstance(places, int):
            return next(self._shelf.values(self._part, places, 1))
        return [self[place] for place in places]
