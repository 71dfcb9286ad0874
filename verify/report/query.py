"""Questions in SQL over the index: they read, and nothing else."""

import contextlib
import math
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from verify.errors import StorageError, UsageError
from verify.report.rows import TABLES

READING = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE)
FORBIDDEN = ("load_extension", "readfile", "writefile")
# Of an extended code the low byte tells what it is: the file is at fault, and not the question.
_PRIMARY = 0xFF
_OF_THE_FILE = frozenset(
    {
        *(sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB),
        *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PROTOCOL),
    }
)
Cell = str | int | float | None
NO_VALUES: Mapping[str, Cell] = {}


@dataclass(frozen=True, slots=True)
class Answers:
    """What a query gives: the names of the columns, and the rows as they come."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Cell, ...]]


@contextlib.contextmanager
def asked(index: Path, query: str, values: Mapping[str, Cell] = NO_VALUES) -> Iterator[Answers]:
    """Ask the index; ``median(value)`` and ``percentile(value, p)`` with p from 0 to 100 are there too.

    Args:
        index: Its file.
        query: One statement.
        values: What stands for its named parameters.

    Raises:
        UsageError: It cannot be understood, or would do more than read.
        StorageError: There is no index, or it cannot be read.
    """
    try:
        with contextlib.closing(_reader(index)) as connection:
            cursor = connection.execute(query, values)
            yield Answers(tuple(column[0] for column in cursor.description or ()), map(_plain, cursor))
    except (sqlite3.Error, sqlite3.Warning) as error:
        if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & _PRIMARY in _OF_THE_FILE:
            raise StorageError(f"cannot read {index.name}: {error}", f"remove {index.name}: it is made anew") from error
        raise UsageError(f"the query: {_said(error)}", f"the tables: {TABLES}") from error


def _reader(index: Path) -> sqlite3.Connection:
    if not index.is_file():
        raise StorageError(f"{index.name} is not there", "run the query again: it is made anew")
    connection = sqlite3.connect(f"{index.resolve().as_uri()}?mode=ro", uri=True)
    connection.create_aggregate("percentile", 2, Quantile)
    connection.create_aggregate("median", 1, Quantile)
    connection.set_authorizer(_may)
    return connection


def _may(action: int, _one: str | None, name: str | None, _database: str | None, _inside: str | None) -> int:
    allowed = action in READING and not (action == sqlite3.SQLITE_FUNCTION and name in FORBIDDEN)
    return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY


def _plain(row: Sequence[Cell | bytes]) -> tuple[Cell, ...]:
    return tuple(map(_cell, row))


def _cell(cell: Cell | bytes) -> Cell:
    """What every format can tell: JSON knows neither bytes nor what is not finite."""
    if isinstance(cell, bytes):
        return cell.hex()
    return str(cell) if isinstance(cell, float) and not math.isfinite(cell) else cell


def _said(error: Exception) -> str:
    return "it may read, and nothing else" if str(error) == "not authorized" else str(error)


def percentile(values: list[float], percent: float) -> float | None:
    """The percentile, linear between two values; None of none.

    Raises:
        ValueError: There is no such percentile.
    """
    if not 0 <= percent <= 100:  # noqa: PLR2004 - percent
        raise ValueError(f"{percent} is not from 0 to 100")
    if not values:
        return None
    ordered, place = sorted(values), percent / 100 * (len(values) - 1)
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    return low + (high - low) * (place - math.floor(place))


@dataclass(slots=True)
class Quantile:
    """SQLite's way to make an aggregate: it is given one row after the other, and then asked."""

    values: list[float] = field(default_factory=list)
    percent: float = 50.0

    def step(self, value: float | None, percent: float = 50.0) -> None:
        """One row; without a value it does not count."""
        self.percent = percent
        if value is not None:
            self.values.append(value)

    def finalize(self) -> Any:
        """The percentile of all rows; NULL of none."""
        return percentile(self.values, self.percent)
