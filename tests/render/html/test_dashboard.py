"""The page over a history: what it holds."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from tests.render.html.reader import Reader
from tests.render.test_hostile import HOSTILE
from verify.render.changes import Beside, Told
from verify.render.html.dashboard import MOST_POINTS, Dashboard, render, thinned
from verify.report.course import Course, Point, Step
from verify.report.difference import Change
from verify.report.overview import Listed, Taken
from verify.report.series import Series
from verify.report.v2 import Finding

POINTS = tuple(Point(number, 100.0 if number < 6 else 80.0) for number in range(1, 11))
STEP = Step(
    last=5, first=6, before=100, after=80, shift=-20, low=-20, high=-20, points=(5, 5), probability=0.01, within=False
)
SERIES = Series("cpu", "a" * 32, "matmul.rate[cpu]", "gflops", '{"n":1024}', "GFLOPS", "higher", POINTS, ("x",) * 10)
TOLD = Told(SERIES, Course("steps", 10, (STEP,)), (Beside((), (Change("torch", "2.12.0", "2.13.0"),)),))


def listed(number: int, verdict: str | None = "certified", **changes: Any) -> Listed:
    one = Listed(
        id=f"{number:012x}",
        environment="cpu",
        machine="a" * 32,
        sequence=number,
        created=f"2026-02-{number:02d}T16:30:05Z",
        finished=f"2026-02-{number:02d}T16:41:37Z",
        level="certify",
        verdict=verdict,
        passed=9,
        planned=10,
        lock="1" * 64,
    )
    return replace(one, **changes)


def taken(report: int, value: float) -> Taken:
    return Taken(
        f"{report:012x}", "matmul.rate[cpu]", "gflops", '{"n":1024}', "GFLOPS", "higher", value, value - 1, value + 1
    )


def history(**changes: Any) -> Dashboard:
    whole = Dashboard(
        reports=[listed(1), listed(2), listed(3, None, level="quick")],
        told=[TOLD],
        taken=[taken(1, 100), taken(2, 80)],
        longest_days=30,
        broken=[],
    )
    return replace(whole, **changes)


def data_of(page: str) -> dict[str, Any]:
    (text,) = re.findall('<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    data: dict[str, Any] = json.loads(text)
    return data


def test_the_first_screen_tells_each_machines_verdict_and_when_it_is_too_old() -> None:
    text = Reader(render(history())).text
    assert "3 reports of 1 machine" in text
    assert "certified 2026-03-04 2026-02-03, level quick, 9 of 10 passed" in text


def test_a_history_that_was_tampered_with_is_told_first() -> None:
    finding = Finding(rule="chain.gap", subject="cpu", message="number 2 is missing", severity="error", grade="certain")
    text = Reader(render(history(broken=[finding]))).text
    assert text.index("not what was written") < text.index("number 2 is missing") < text.index("certified")


def test_a_course_has_its_steps_and_what_changed_beside_them() -> None:
    (course,) = data_of(render(history()))["courses"]
    assert course["points"] == [[point.sequence, point.value] for point in POINTS]
    assert course["conditions"] == "n 1024"
    (step,) = course["steps"]
    assert (step["first"], step["before"], step["after"]) == (6, 100, 80)
    assert "torch" in step["beside"][0]
    assert "2.13.0" in step["beside"][0]


def test_reports_are_compared_by_the_same_figures() -> None:
    held = data_of(render(history()))["taken"]
    assert held["figures"] == [["matmul.rate[cpu]", "gflops", "n 1024", "GFLOPS", "higher"]]
    assert held["reports"] == {f"{1:012x}": [[0, 100, 99, 101]], f"{2:012x}": [[0, 80, 79, 81]]}


@pytest.mark.parametrize("payload", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_does_not_change_the_shape_of_the_page(payload: str) -> None:
    series = replace(SERIES, check=payload, name=payload, conditions=payload, unit=payload, environment=payload)
    told = replace(TOLD, series=series, beside=(Beside((Change(payload, payload, payload),), ()),))
    reports = [listed(1, environment=payload, machine=payload, level=payload, lock=payload)]
    page = render(history(reports=reports, told=[told]))
    assert Reader(page).tags == Reader(render(history(reports=[listed(1)]))).tags
    assert data_of(page)["courses"]


def test_the_policy_names_the_script_and_the_style_of_the_page() -> None:
    page = render(history())
    policy = next(value for tag, name, value in Reader(page).attributes if (tag, name) == ("meta", "content"))
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-\S+'; script-src 'sha256-\S+'; base-uri 'none'; form-action 'none'",
        policy,
    )
    assert "unsafe" not in policy


def test_a_long_course_is_thinned_to_values_that_it_has() -> None:
    points = [Point(number, float(number * 7919 % 1000)) for number in range(1000)]
    few = thinned(points, 100)
    assert len(few) == 100
    assert set(few) <= set(points)
    assert [point.sequence for point in few] == sorted(point.sequence for point in few)
    assert thinned(points, 1000) == points


def test_many_courses_share_what_a_page_can_hold() -> None:
    series = replace(SERIES, points=tuple(Point(number, 1.5) for number in range(200)))
    told = [Told(series, Course("steady", 200, ()), ())] * 1000
    courses = data_of(render(history(told=told)))["courses"]
    assert sum(len(course["points"]) for course in courses) <= MOST_POINTS
    assert {course["count"] for course in courses} == {200}
