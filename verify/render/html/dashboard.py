"""One page over a history: its machines, the course of every figure, its reports, any two of the newest compared."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

from verify.language.speech import say
from verify.render import words
from verify.render.changes import Beside, Told
from verify.render.difference import changes
from verify.render.html.island import island
from verify.render.html.templates import filled, text_of, words_of_script
from verify.render.kept import word
from verify.report.course import Point
from verify.report.fields import ending, moment
from verify.report.overview import Listed, Taken
from verify.report.v2 import Finding

# All courses together have at most so many points: more than a screen can show, and a megabyte.
MOST_POINTS = 60_000
FEWEST_POINTS = 24
SCRIPT = "dashboard.js"


@dataclass(frozen=True, slots=True)
class Dashboard:
    """What the page is made from.

    Attributes:
        reports: All, the oldest first.
        told: The course of each figure.
        taken: The figures of the newest reports, for comparing.
        longest_days: After how many days a certificate ends by itself.
        broken: What is not what was written.
    """

    reports: Sequence[Listed]
    told: Sequence[Told]
    taken: Sequence[Taken]
    longest_days: int
    broken: Sequence[Finding]


def render(history: Dashboard) -> str:
    """The history as one HTML file."""
    data = {
        "reports": _reports(history.reports),
        "courses": _courses(history.told),
        "taken": _taken(history.taken),
        "words": words_of_script(text_of(SCRIPT)),
    }
    return filled(
        "dashboard.html",
        script=SCRIPT,
        chains=[_chain(history, chain) for chain in _chains(history.reports)],
        count=len(history.reports),
        steps=sum(len(one.course.steps) for one in history.told),
        broken=history.broken,
        data=island(data),
    )


def _chains(reports: Sequence[Listed]) -> list[list[Listed]]:
    chains: dict[tuple[str, str], list[Listed]] = {}
    for report in reports:
        chains.setdefault((report.environment, report.machine), []).append(report)
    return list(chains.values())


def _chain(history: Dashboard, chain: Sequence[Listed]) -> dict[str, Any]:
    """A machine's newest verdict, and until when it is not too old."""
    last = max(chain, key=lambda report: report.sequence)
    judged = max((report for report in chain if report.verdict), key=lambda report: report.sequence, default=None)
    ends = judged and moment(ending(judged.finished, timedelta(days=history.longest_days)))
    return {
        "environment": last.environment,
        "machine": last.machine[:12],
        "reports": len(chain),
        "last": last,
        "judged": judged,
        "ends": ends and f"{ends:%Y-%m-%d}",
    }


def _reports(reports: Sequence[Listed]) -> list[list[Any]]:
    return [
        [
            *(words.visible(text) for text in (one.id, one.environment, one.machine[:12])),
            one.sequence,
            one.created,
            words.visible(one.level),
            one.verdict or "not judged",
            one.passed,
            one.planned,
            one.lock[:12],
        ]
        for one in reports
    ]


def _courses(told: Sequence[Told]) -> list[dict[str, Any]]:
    most = max(FEWEST_POINTS, MOST_POINTS // max(1, len(told)))
    return [_course(one, most) for one in told]


def _course(one: Told, most: int) -> dict[str, Any]:
    series = one.series
    return {
        "check": words.visible(series.check),
        "name": words.visible(series.name),
        "conditions": words.visible(_conditions(series.conditions)),
        "unit": words.visible(series.unit),
        "better": series.direction,
        "environment": words.visible(series.environment),
        "machine": series.machine[:12],
        "points": [[point.sequence, float(f"{point.value:.5g}")] for point in thinned(series.points, most)],
        "count": len(series.points),
        "shape": one.course.shape,
        "steps": [
            {
                "first": step.first,
                "before": step.before,
                "after": step.after,
                "chance": step.probability,
                "beside": _beside(beside),
            }
            for step, beside in zip(one.course.steps, one.beside, strict=True)
        ],
    }


def thinned(points: Sequence[Point], most: int) -> list[Point]:
    """At most so many: of each stretch the one that its median is, so that no value is made up."""
    if len(points) <= most:
        return list(points)
    edges = [round(number * len(points) / most) for number in range(most + 1)]
    stretches = [points[start:end] for start, end in pairwise(edges)]
    return [_middle(stretch) for stretch in stretches]


def _middle(stretch: Sequence[Point]) -> Point:
    median = statistics.median_low(point.value for point in stretch)
    return next(point for point in stretch if point.value == median)


def _beside(beside: Beside) -> list[str]:
    found = [*changes(say("fact"), beside.facts, word), *changes(say("package"), beside.packages)]
    return [words.visible(line.strip()) for line in found]


def _conditions(text: str) -> str:
    return text.strip("{}").replace('"', "").replace(":", " ").replace(",", ", ")


def _taken(taken: Sequence[Taken]) -> dict[str, Any]:
    """Figures once, and of each report the values of those that it has."""
    keys: dict[tuple[str, ...], int] = {}
    by_report: dict[str, list[Any]] = {}
    for one in taken:
        key = (one.check, one.name, _conditions(one.conditions), one.unit, one.direction)
        number = keys.setdefault(tuple(map(words.visible, key)), len(keys))
        ends = [None if end is None else float(f"{end:.5g}") for end in (one.low, one.high)]
        by_report.setdefault(one.report, []).append([number, float(f"{one.value:.5g}"), *ends])
    return {"figures": list(keys), "reports": by_report}
