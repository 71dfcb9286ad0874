"""What a page over a history shows of its reports, from the index."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verify.report.query import asked


@dataclass(frozen=True, slots=True)
class Listed:
    """A report of the history, in a line.

    Attributes:
        id: Of the report.
        environment: Whose history.
        machine: Whose chain.
        sequence: Its number in the chain.
        created: When the run began, UTC.
        finished: When it ended.
        level: What was asked.
        verdict: ``certified``, ``conditional``, ``refused``; None where none was given.
        passed: How many checks passed.
        planned: Of how many.
        lock: Digest of the lock.
    """

    id: str
    environment: str
    machine: str
    sequence: int
    created: str
    finished: str
    level: str
    verdict: str | None
    passed: int
    planned: int
    lock: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A figure of a report: its value, and its lowest and highest sample where there are several."""

    report: str
    check: str
    name: str
    conditions: str
    unit: str
    direction: str
    value: float
    low: float | None
    high: float | None


_REPORTS = """
SELECT id, environment, machine, sequence, created, finished, level, verdict, passed, planned, lock FROM reports
WHERE :environment IS NULL OR environment = :environment ORDER BY created, environment, machine, sequence
"""
# Conditions whose values are only counts of a run's own work are kept: two figures are the same where all are.
_FIGURES = """
SELECT id, check_id, name, conditions, unit, direction, value, low, high FROM measurements JOIN reports USING (report)
WHERE report IN (
    SELECT report FROM reports WHERE :environment IS NULL OR environment = :environment
    ORDER BY created DESC LIMIT :last
) AND direction != 'equal' AND provenance = 'measured' ORDER BY check_id, name, conditions, created
"""


def listed(index: Path, environment: str | None) -> list[Listed]:
    """Every report, the oldest first.

    Raises:
        StorageError: There is no index.
    """
    return [Listed(*row) for row in _rows(index, _REPORTS, {"environment": environment})]


def taken(index: Path, environment: str | None, last: int) -> list[Taken]:
    """The figures that were measured in the newest so many reports, and have a better and a worse.

    Raises:
        StorageError: There is no index.
    """
    return [Taken(*row) for row in _rows(index, _FIGURES, {"environment": environment, "last": last})]


def _rows(index: Path, query: str, values: Mapping[str, str | int | None]) -> list[tuple[Any, ...]]:
    with asked(index, query, values) as answers:
        return list(answers.rows)
