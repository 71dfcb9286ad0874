"""An index over the history, for questions over many reports: a cache that can be thrown away, made from the files.

A file that has the size and the time of change that the index knows is not read again. Whoever changes a report and
puts both back is not found here: that is what `verify.report.wholeness` is for. What is read is proven before it is
kept: by a head, whose root the bytes of its chain give, or else report by report, which takes several times as long.
"""

import contextlib
import itertools
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from verify.errors import StorageError
from verify.report.chain import counts
from verify.report.heads import heads_beside
from verify.report.history import FOLDER, environments, stored
from verify.report.place import Place
from verify.report.rows import SCHEMA, Rows, Source, prove, rows_of
from verify.report.spread import parts_of, processors, spread

FILE = "history.sqlite"
# Raised with every change of the schema: an index of another one is made anew.
VERSION = 1
CHUNK = 50
# Below, a second process takes longer to start than it saves.
MANY = 500

# Told what is done, and to how many reports of how many.
Told = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What came of bringing the index up to date: reports it holds, read anew, and forgotten."""

    reports: int
    read: int
    forgotten: int


def refresh(root: Path, index: Path, told: Told = lambda _what, _done, _all: None) -> Refreshed:
    """Bring the index up to date, in one transaction: all of it, or nothing.

    Args:
        root: The project.
        index: Its file, whose folder is made where there is none.
        told: Progress.

    Raises:
        IntegrityError: A report was changed.
        StorageError: A report cannot be read, or the index not be written.
    """
    try:
        with contextlib.closing(_opened(index)) as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            known = {
                path: number for path, *number in connection.execute("SELECT path, report, size, mtime_ns FROM reports")
            }
            found = list(_sources(root))
            new = [source for source in found if known.get(source.path, [])[1:] != [source.size, source.mtime_ns]]
            gone = known.keys() - {source.path for source in found}
            stale = known.keys() & {source.path for source in new}
            _forget(connection, [known[path][0] for path in gone | stale])
            _add(connection, root, new, told)
            _prove(root, _unproven(connection, root, new), told)
            return Refreshed(len(found), len(new), len(gone))
    except sqlite3.Error as error:
        raise StorageError(f"cannot write {index.name}: {error}", f"remove {index.name}: it is made anew") from error


def _opened(index: Path) -> sqlite3.Connection:
    """The index; an empty one where there is none, or none of today's."""
    index.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(index, timeout=60, isolation_level=None)
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.OperationalError:
        # It is one, and somebody has it, or it cannot be read.
        raise
    except sqlite3.DatabaseError:
        version = None
    if version != VERSION:
        connection.close()
        index.unlink()
        connection = sqlite3.connect(index, timeout=60, isolation_level=None)
        connection.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
    # What a power failure destroys here is made anew.
    connection.execute("PRAGMA synchronous = OFF")
    return connection


def _sources(root: Path) -> Iterator[Source]:
    for environment in environments(root):
        for path in stored(root, environment):
            status = path.lstat()
            yield Source(f"{FOLDER}/{environment}/{path.name}", status.st_size, status.st_mtime_ns)


def _forget(connection: sqlite3.Connection, numbers: Sequence[int]) -> None:
    for table in ("reports", "results", "measurements"):
        connection.executemany(f"DELETE FROM {table} WHERE report = ?", [(number,) for number in numbers])  # noqa: S608


def _add(connection: sqlite3.Connection, root: Path, sources: Sequence[Source], told: Told) -> None:
    sets: dict[str, int] = dict(connection.execute("SELECT content, package_set FROM package_sets"))
    for done, source in enumerate(sources, start=1):
        _insert(connection, rows_of(root, source), sets)
        told("reading", done, len(sources))


def _insert(connection: sqlite3.Connection, rows: Rows, sets: dict[str, int]) -> None:
    if rows.packages not in sets:
        sets[rows.packages] = len(sets) + 1
        connection.execute("INSERT INTO package_sets VALUES (?, ?)", (sets[rows.packages], rows.packages))
        packages = ((sets[rows.packages], *package) for package in json.loads(rows.packages))
        connection.executemany(_into("set_packages", 3), packages)
    report = connection.execute(
        _into("reports", 2 + len(rows.report)), (None, *rows.report, sets[rows.packages])
    ).lastrowid
    for table, parts in (("results", rows.results), ("measurements", rows.measurements)):
        if parts:
            connection.executemany(_into(table, 1 + len(parts[0])), ((report, *part) for part in parts))


def _into(table: str, columns: int) -> str:
    return f"INSERT INTO {table} VALUES ({', '.join('?' * columns)})"  # noqa: S608 - names of ours


def _unproven(connection: sqlite3.Connection, root: Path, sources: Sequence[Source]) -> list[Source]:
    """Those of the files whose bytes no head counts."""
    left = {source.path: source for source in sources}
    rows = connection.execute(_PLACES) if left else ()
    for (environment, machine), chain in itertools.groupby((_place(root, row) for row in rows), key=_whose):
        places = list(chain)
        heads = [head for _, head in heads_beside(root / FOLDER / environment, root, machine)]
        counted = max((head.count for head in heads if counts(head, places)), default=0)
        for place in places[:counted]:
            left.pop(f"{FOLDER}/{environment}/{place.path.name}", None)
    return list(left.values())


_PLACES = """
SELECT path, environment, machine, id, sequence, created, NULL, digest, sha256 FROM reports
ORDER BY environment, machine, sequence, created
"""


def _place(root: Path, row: Sequence[Any]) -> Place:
    return Place(root / row[0], *row[1:])


def _whose(place: Place) -> tuple[str, str]:
    return place.environment, place.machine


def _prove(root: Path, sources: Sequence[Source], told: Told) -> None:
    """Prove each report by itself; many are shared among processes."""
    several = processors() if len(sources) > MANY else 1
    for number, _ in enumerate(spread(partial(_proven, root), parts_of(sources, CHUNK), several), start=1):
        told("proving", min(number * CHUNK, len(sources)), len(sources))


def _proven(root: Path, sources: Sequence[Source]) -> None:
    for source in sources:
        prove(root, source)
