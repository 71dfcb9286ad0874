"""What each figure's history did, and what the reports on both sides of a step say of it."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from verify.judge.change_points import FEWEST, LEVEL, course_of
from verify.render.changes import Beside, Told, render
from verify.report.course import Step
from verify.report.difference import difference
from verify.report.history import read_stored
from verify.report.series import Series
from verify.report.upgrade import newest


def courses(root: Path, many: Iterable[Series]) -> list[Told]:
    """What each history did; the reports beside a step are read and proven.

    Raises:
        StorageError: One cannot be read.
        IntegrityError: One was changed.
    """
    return [_told(root, series) for series in many]


def told(found: list[Told], *, as_json: bool) -> str:
    """For people, or for machines."""
    if as_json:
        return json.dumps([asdict(one) for one in found], indent=2) + "\n"
    return render(found, fewest=FEWEST, level=LEVEL)


def _told(root: Path, series: Series) -> Told:
    course = course_of(series.points)
    return Told(series, course, tuple(_beside(root, series, step) for step in course.steps))


def _beside(root: Path, series: Series, step: Step) -> Beside:
    files = {point.sequence: file for point, file in zip(series.points, series.files, strict=True)}
    before, after = (newest(read_stored(root / files[number], root)) for number in (step.last, step.first))
    found = difference(before, after)
    return Beside(found.facts, found.packages)
