"""What sensors said, as pictures."""

from typing import Any

from tests import examples
from verify.render.html import page
from verify.render.html.chart import Lines
from verify.render.html.watched import MOST_POINTS, courses
from verify.report.watched import Sensor, Watched


def sensor(subject: str, name: str, unit: str, values: list[float | None]) -> Sensor:
    return Sensor(subject=subject, name=name, unit=unit, values=tuple(values))


def watched(count: int, *sensors: Sensor, every: float = 5) -> Watched:
    return Watched(seconds=tuple(every * number for number in range(count)), sensors=sensors, unread={})


def test_each_unit_is_a_picture_in_which_what_was_not_read_is_left_out() -> None:
    seen = watched(
        3,
        sensor("processor", "utilisation", "%", [1, 2, 3]),
        sensor("gpu 0", "utilisation", "%", [None, 98, 99]),
        sensor("memory", "used", "B", [4e9, 5e9, 6e9]),
        sensor("memory", "total", "B", [16e9, 16e9, 16e9]),
        sensor("gpu 0", "temperature", "°C", [None, None, None]),
    )
    busy, memory = courses(seen)
    assert isinstance(busy.chart, Lines)
    assert [series.name for series in busy.chart.series] == ["processor", "gpu 0"]
    assert [point.y for point in busy.chart.series[1].points] == [98, 99]
    assert isinstance(memory.chart, Lines)
    assert [(point.x, point.y) for point in memory.chart.series[0].points] == [(0, 4), (5, 5), (10, 6)]
    assert memory.words == "There is: memory 16 GB."


def test_a_long_run_is_told_in_minutes_and_no_page_grows_with_it() -> None:
    (picture,) = courses(watched(360, sensor("processor", "utilisation", "%", [50.0] * 360)))
    assert isinstance(picture.chart, Lines)
    assert picture.chart.x == "minutes"
    points = picture.chart.series[0].points
    assert len(points) <= MOST_POINTS
    assert points[-1].x > 29


def test_a_single_look_makes_no_picture() -> None:
    assert list(courses(watched(1, sensor("processor", "utilisation", "%", [50.0])))) == []


def test_the_page_of_a_report_shows_it() -> None:
    seen: dict[str, Any] = watched(3, sensor("processor", "power", "W", [1, 2, 3])).model_dump(mode="json")
    assert "In the course of the run: power" in page.render(examples.report(watched=seen))
    assert "In the course of the run" not in page.render(examples.report())
