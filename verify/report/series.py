"""The history of each figure of each machine, from the index."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verify.report.course import Point
from verify.report.query import asked

_QUERY = """
SELECT environment, machine, check_id, name, conditions, unit, direction, sequence, value, high - low, path
FROM measurements JOIN reports USING (report)
WHERE provenance = 'measured' AND inconclusive IS NULL AND direction != 'equal'
  AND (:environment IS NULL OR environment = :environment)
  AND (:metric IS NULL OR name = :metric OR check_id = :metric OR check_id LIKE :metric || '[%')
ORDER BY environment, machine, check_id, name, conditions, unit, sequence
"""


@dataclass(frozen=True, slots=True)
class Series:
    """A figure through the history of a machine.

    Attributes:
        environment: Whose history.
        machine: Whose chain.
        check: What measured it.
        name: Of the figure.
        conditions: Those of all its points, as JSON.
        unit: Of its values.
        direction: Which way is better.
        points: By sequence.
        files: The report of each point, from the project's root.
    """

    environment: str
    machine: str
    check: str
    name: str
    conditions: str
    unit: str
    direction: str
    points: tuple[Point, ...]
    files: tuple[str, ...]


def series_of(index: Path, *, environment: str | None, metric: str | None, last: int) -> Iterator[Series]:
    """Each figure that was measured and not disturbed, and has a better and a worse.

    Args:
        index: Up to date.
        environment: Only of this one.
        metric: Only figures, or those of checks, of this name.
        last: Of each the newest so many points.

    Raises:
        StorageError: There is no index.
    """
    with asked(index, _QUERY, {"environment": environment, "metric": metric}) as answers:
        for key, rows in itertools.groupby(answers.rows, key=lambda row: row[:7]):
            newest: list[Any] = list(rows)[-last:]
            whose, machine, check, name, conditions, unit, direction = map(str, key)
            yield Series(
                environment=whose,
                machine=machine,
                check=check,
                name=name,
                conditions=conditions,
                unit=unit,
                direction=direction,
                points=tuple(Point(*row[7:10]) for row in newest),
                files=tuple(row[10] for row in newest),
            )
