"""What the rules found in stored reports, remembered from audit to audit: a cache that can be thrown away.

It excuses no byte from being read: what is remembered holds for the digest of a report's bytes and of its page's, which
are computed each time, and for the rules, policies and environments of then: its *context*, which each row names.
A file that is damaged, or is no memory, is made anew; where none can be kept, nothing is remembered and nothing fails.
Whoever can write the file can make it say that nothing was found: `verify audit --anew` asks nobody.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from verify.claims.finding import AuditFinding
from verify.judge.waivers import Questions
from verify.report.read import named
from verify.run.judging import Examined, Judged

FILE = "audit.sqlite"
# A file that holds anything but this table is none of ours.
_TABLE = (
    "CREATE TABLE judged (name TEXT PRIMARY KEY, context TEXT, content TEXT, findings TEXT, asked TEXT) WITHOUT ROWID"
)
_PATIENCE_SECONDS = 10
_INSERT = "INSERT OR REPLACE INTO judged VALUES (?, ?, ?, CAST(? AS TEXT), CAST(? AS TEXT))"
_FINDINGS = TypeAdapter(tuple[AuditFinding, ...])
_ASKED = TypeAdapter(Questions | None)


@dataclass(slots=True)
class Memory:
    """What was found before.

    Attributes:
        context: Digest of all that a judgement depends on beside the report; what another gave is not recalled.
        connection: To its file; None where nothing can be remembered.
    """

    context: str
    connection: sqlite3.Connection | None

    def size(self) -> int:
        """How many reports are remembered."""
        return sum(
            int(count) for (count,) in self._asked("SELECT count(*) FROM judged WHERE context = ?", self.context)
        )

    def recalled(self, root: Path, paths: Sequence[Path]) -> list[tuple[Path, Judged | None]]:
        """Each of some reports, and what is remembered of it."""
        names = [named(path, root) for path in paths]
        marks = ", ".join("?" * len(names))
        query = f"SELECT name, content, findings, asked FROM judged WHERE context = ? AND name IN ({marks})"  # noqa: S608
        rows = self._asked(query, self.context, *names)
        known = {name: _judged(*row) for name, *row in rows}
        return [(path, known.get(name)) for path, name in zip(paths, names, strict=True)]

    def keep(self, root: Path, part: Iterable[Examined]) -> None:
        """Remember what was judged anew."""
        rows = [
            (named(one.looked.path, root), self.context, one.judged.content, *_texts(one.judged))
            for one in part
            if one.judged and one.anew
        ]
        if self.connection and rows:
            try:
                with self.connection:
                    self.connection.executemany(_INSERT, rows)
            except sqlite3.Error:
                self._give_up()

    def _asked(self, query: str, *values: str) -> list[tuple[str, ...]]:
        try:
            return self.connection.execute(query, values).fetchall() if self.connection else []
        except sqlite3.Error:
            self._give_up()
            return []

    def _give_up(self) -> None:
        if self.connection:
            self.connection.close()
        self.connection = None


@contextlib.contextmanager
def remembering(file: Path | None, context: str) -> Iterator[Memory]:
    """The memory in a file; an empty one where there is none.

    Args:
        file: Made where it is not, with its folder; None for no memory.
        context: Digest of all that a judgement depends on beside the report.
    """
    memory = Memory(context, _opened(file) if file else None)
    try:
        yield memory
    finally:
        if memory.connection:
            memory.connection.close()


def _texts(judged: Judged) -> tuple[bytes, bytes]:
    return _FINDINGS.dump_json(judged.findings), _ASKED.dump_json(judged.asked)


def _judged(content: str, found: str, asked: str) -> Judged | None:
    """What a row remembers; None where it is not what we wrote."""
    try:
        return Judged(content, _FINDINGS.validate_json(found), _ASKED.validate_json(asked))
    except ValidationError:
        return None


def _opened(file: Path) -> sqlite3.Connection | None:
    """A connection to a memory; None where there can be none."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        connection = _sound(file)
        if connection is None:
            file.unlink(missing_ok=True)
            connection = sqlite3.connect(file, timeout=_PATIENCE_SECONDS)
            connection.execute(_TABLE)
        # What a power failure destroys here is made anew.
        connection.execute("PRAGMA synchronous = OFF")
    except (OSError, sqlite3.Error):
        return None
    connection.text_factory = _text
    return connection


def _text(data: bytes) -> str:
    """What a row says that nobody of us wrote need not be text."""
    return data.decode(errors="replace")


def _sound(file: Path) -> sqlite3.Connection | None:
    """A connection to a memory that is whole; None where the file is none.

    Raises:
        sqlite3.OperationalError: It may be one, and somebody has it, or it cannot be read.
    """
    if file.is_symlink() or not file.is_file():
        return None
    connection = sqlite3.connect(file, timeout=_PATIENCE_SECONDS)
    try:
        tables = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
        whole = connection.execute("PRAGMA quick_check").fetchall() == [("ok",)]
        ours = whole and tables == [(_TABLE,)]
    except sqlite3.OperationalError:
        connection.close()
        raise
    except sqlite3.DatabaseError:
        ours = False
    if not ours:
        connection.close()
    return connection if ours else None
