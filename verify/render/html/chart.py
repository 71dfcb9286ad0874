"""What a picture shows: lines over an axis, or bars one below the other. How it is drawn is not said here."""

from collections.abc import Sequence
from dataclasses import dataclass

from verify.report import v3

Figure = tuple[v3.Result, v3.Measurement]


@dataclass(frozen=True, slots=True)
class Point:
    """A value of a series.

    Attributes:
        x: Where.
        y: What.
        low: Where its samples begin, without the outer quarter; None where there is nothing to show.
        high: Where they end.
        doubtful: Whether something disturbed it.
    """

    x: float
    y: float
    low: float | None = None
    high: float | None = None
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """Points that belong together; the name is empty where there is one series only."""

    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Lines:
    """Series over an axis, which are joined by lines, or not.

    Attributes:
        x: What the horizontal axis says.
        y: What the vertical axis says.
        series: At least one, each of at least one point.
        log_x: Whether the horizontal axis is logarithmic.
        log_y: Whether the vertical axis is.
        roofs: Lines above which nothing can lie.
        joined: Whether a series is a line, not a cloud.
    """

    x: str
    y: str
    series: tuple[Series, ...]
    log_x: bool = False
    log_y: bool = False
    roofs: tuple[Series, ...] = ()
    joined: bool = True


@dataclass(frozen=True, slots=True)
class Bar:
    """A length.

    Attributes:
        name: What it is of.
        value: In the unit of the chart.
        said: The value in words, with its unit.
        low: Where its interval begins.
        high: Where it ends.
        doubtful: Whether something disturbed it.
    """

    name: str
    value: float
    said: str
    low: float | None = None
    high: float | None = None
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Bars:
    """Lengths one below the other, from zero.

    Attributes:
        bars: At least one.
        reference: A value that they are compared with; it is marked.
    """

    bars: tuple[Bar, ...]
    reference: float | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart, what it is about, and the figures that it shows.

    Attributes:
        title: What is shown.
        chart: How.
        figures: Those of the report that it rests on.
        words: What has to be known to read it; may be empty.
        claim: What the check claims whose figures they are; empty where they are of several.
    """

    title: str
    chart: Lines | Bars
    figures: Sequence[Figure]
    words: str = ""
    claim: str = ""

    @property
    def doubtful(self) -> bool:
        """Whether something disturbed any of it."""
        return any(figure.inconclusive for _, figure in self.figures)
