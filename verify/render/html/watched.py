"""What sensors said in the course of a run, as pictures: one for each unit."""

import math
from collections.abc import Iterator, Sequence

from verify.language.speech import later, say
from verify.render import words
from verify.render.html.chart import Lines, Picture, Point, Series
from verify.render.sensors import name_of, subject_of
from verify.report.watched import Sensor, Watched

# As many points as a picture can show.
MOST_POINTS = 90
TITLES = {
    "%": later("In the course of the run: utilisation"),
    "B": later("In the course of the run: memory"),
    "°C": later("In the course of the run: temperature"),
    "W": later("In the course of the run: power"),
    "MHz": later("In the course of the run: clocks"),
}
GIGABYTE = 1e9
# A minute is a better unit from here on.
LONG_SECONDS = 600
TOTAL = "total"


def courses(watched: Watched) -> Iterator[Picture]:
    """A picture for each unit; fewer than two looks make none."""
    if len(watched.seconds) < 2:  # noqa: PLR2004 - a line has two ends
        return
    for unit, title in TITLES.items():
        sensors = [one for one in watched.sensors if one.unit == unit and one.name != TOTAL]
        series = tuple(filter(None, (_series(one, watched.seconds, sensors) for one in sensors)))
        if series:
            x = say("minutes") if watched.seconds[-1] > LONG_SECONDS else say("seconds")
            yield Picture(say(title), Lines(x, "GB" if unit == "B" else unit, series), [], _totals(watched, unit))


def _series(sensor: Sensor, seconds: Sequence[float], beside: Sequence[Sensor]) -> Series | None:
    step = math.ceil(len(seconds) / MOST_POINTS)
    length = 60.0 if seconds[-1] > LONG_SECONDS else 1.0
    size = GIGABYTE if sensor.unit == "B" else 1.0
    points = tuple(
        Point(at / length, value / size)
        for at, value in zip(seconds[::step], sensor.values[::step], strict=True)
        if value is not None
    )
    alike = sum(one.subject == sensor.subject for one in beside) > 1
    name = subject_of(sensor.subject)
    return Series(f"{name}, {name_of(sensor.name)}" if alike else name, points) if points else None


def _totals(watched: Watched, unit: str) -> str:
    """How much there is of what is used."""
    known = [
        f"{subject_of(one.subject)} {words.size(round(max(value for value in one.values if value is not None)))}"
        for one in watched.sensors
        if one.unit == unit and one.name == TOTAL and any(value is not None for value in one.values)
    ]
    return say("There is: {}.", ", ".join(known)) if known else ""
