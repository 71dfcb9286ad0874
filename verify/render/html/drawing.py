"""Charts as SVG, in numbers and classes only: colours and themes are the style sheet's."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from markupsafe import Markup

from verify.render import words
from verify.render.html.chart import Bar, Bars, Lines, Point, Series
from verify.render.html.scale import Scale, scale_over

WIDTH, HEIGHT = 420, 250
LEFT, RIGHT, TOP, BOTTOM = 54, 12, 10, 42
RADIUS = 4
# A line of more points is clearer without their marks.
MOST_MARKS = 12
# As many as the style sheet has colours and the marks below have shapes.
KINDS = 6
BAR_WIDTH, BAR_HEIGHT = 200, 14


def lines(chart: Lines, label: str) -> Markup:
    """The chart as a picture; the label is what a screen reader says."""
    across, up = _scales(chart)
    parts = [
        *_grid(chart, across, up),
        *(piece for series in chart.roofs for piece in _roof(series, across, up)),
        *(piece for kind, series in enumerate(chart.series) for piece in _series(chart, kind, series, across, up)),
    ]
    head = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">').format(WIDTH, HEIGHT, label)
    return head + Markup("").join(parts) + Markup("</svg>")


def swatch(kind: int) -> Markup:
    """The mark of a series, for the legend."""
    shape = _mark(kind % KINDS, 8, 8, hollow=False)
    return Markup('<svg class="swatch" viewBox="0 0 16 16" aria-hidden="true">{}</svg>').format(shape)


def bar(one: Bar, chart: Bars) -> Markup:
    """One bar; its words stand beside it."""
    scale = _reach(chart)
    end = BAR_WIDTH * scale.place(one.value)
    parts = [
        Markup('<rect class="bar{}" width="{}" height="{}"/>').format(
            " doubtful" if one.doubtful else "", _short(end), BAR_HEIGHT
        ),
    ]
    if one.low is not None and one.high is not None:
        ends = [_short(BAR_WIDTH * scale.place(value)) for value in (one.low, one.high)]
        parts.append(Markup('<path class="whisker" d="M{0} 3v8M{1} 3v8M{0} 7H{1}"/>').format(*ends))
    if chart.reference is not None:
        at = _short(BAR_WIDTH * scale.place(chart.reference))
        parts.append(Markup('<path class="reference" d="M{} 0v{}"/>').format(at, BAR_HEIGHT))
    size = f"0 0 {BAR_WIDTH} {BAR_HEIGHT}"
    head = Markup('<svg class="bars" viewBox="{}" preserveAspectRatio="none" aria-hidden="true">').format(size)
    return head + Markup("").join(parts) + Markup("</svg>")


def _reach(chart: Bars) -> Scale:
    ends = [end for one in chart.bars for end in (one.value, one.low, one.high) if end is not None]
    marked = [] if chart.reference is None else [chart.reference]
    return scale_over([*ends, *marked, 0.0], logarithmic=False, from_zero=True)


def _scales(chart: Lines) -> tuple[Scale, Scale]:
    points = [point for series in (*chart.series, *chart.roofs) for point in series.points]
    heights = [end for point in points for end in (point.y, point.low, point.high) if end is not None]
    return (
        scale_over([point.x for point in points], logarithmic=chart.log_x),
        scale_over(heights, logarithmic=chart.log_y),
    )


def _at(point: Point, across: Scale, up: Scale) -> tuple[float, float]:
    return _column(point.x, across), _row(point.y, up)


def _column(value: float, across: Scale) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * across.place(value), 1)


def _row(value: float, up: Scale) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * up.place(value), 1)


def _grid(chart: Lines, across: Scale, up: Scale) -> Iterator[Markup]:
    floor, end = HEIGHT - BOTTOM, WIDTH - RIGHT
    rows = [(value, _row(value, up)) for value in up.ticks]
    columns = _apart([(value, _column(value, across)) for value in across.ticks])
    grid = [f"M{LEFT} {y:g}H{end}" for _, y in rows] + [f"M{x:g} {floor}v4" for _, x in columns]
    yield Markup('<path class="grid" d="{}"/>').format("".join(grid))
    for value, y in rows:
        yield Markup('<text class="end" x="{}" y="{:g}">{}</text>').format(LEFT - 5, y + 4, tick(value))
    for value, x in columns:
        yield Markup('<text class="middle" x="{:g}" y="{}">{}</text>').format(x, floor + 16, tick(value))
    yield Markup('<path class="axis" d="M{} {}V{}H{}"/>').format(LEFT, TOP, floor, end)
    yield Markup('<text class="middle" x="{}" y="{}">{}</text>').format((LEFT + end) / 2, HEIGHT - 6, chart.x)


def _apart(ticks: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Those ticks whose words do not touch those of the tick before."""
    kept: list[tuple[float, float]] = []
    for value, x in ticks:
        if not kept or x - kept[-1][1] >= 3.5 * (len(tick(value)) + len(tick(kept[-1][0]))) + 4:
            kept.append((value, x))
    return kept


def _roof(series: Series, across: Scale, up: Scale) -> Iterator[Markup]:
    placed = [_at(point, across, up) for point in series.points]
    yield Markup('<path class="roof" d="{}"><title>{}</title></path>').format(_path(placed), series.name)


def _series(chart: Lines, kind: int, series: Series, across: Scale, up: Scale) -> Iterator[Markup]:
    placed = [_at(point, across, up) for point in series.points]
    colour = kind % KINDS
    if chart.joined and len(placed) > 1:
        yield Markup('<path class="line k{}" d="{}"/>').format(colour, _path(placed))
    for point, (x, y) in zip(series.points, placed, strict=True):
        if point.low is not None and point.high is not None:
            ends = _row(point.low, up), _row(point.high, up)
            yield Markup('<path class="spread k{}" d="M{} {}V{}"/>').format(colour, x, *ends)
        if not chart.joined or len(placed) <= MOST_MARKS:
            yield _mark(colour, x, y, hollow=point.doubtful)


def _path(placed: Sequence[tuple[float, float]]) -> str:
    """From point to point, each told by how far it is from the one before, which takes fewer letters."""
    x, y = placed[0]
    steps = [round(to - of, 1) for one, other in pairwise(placed) for of, to in zip(one, other, strict=True)]
    return f"M{x:g} {y:g}l" + "".join(f"{step:g}" if step < 0 else f" {step + 0:g}" for step in steps)


def marks() -> Markup:
    """The shape of each series, drawn once: series differ by shape, not by colour alone."""
    r = RADIUS
    shapes = (
        f"M{-r} 0a{r} {r} 0 1 0 {2 * r} 0a{r} {r} 0 1 0 {-2 * r} 0",
        f"M{-r} {-r}h{2 * r}v{2 * r}h{-2 * r}z",
        f"M0 {-r - 1}l{r + 1} {2 * r}h{-2 * (r + 1)}z",
        f"M0 {-r - 1}l{r + 1} {r + 1}l{-(r + 1)} {r + 1}l{-(r + 1)} {-(r + 1)}z",
        f"M0 {r + 1}l{r + 1} {-2 * r}h{-2 * (r + 1)}z",
        f"M{-r} -2h{2 * r}v4h{-2 * r}z",
    )
    drawn = [Markup('<path id="m{}" d="{}"/>').format(kind, shape) for kind, shape in enumerate(shapes)]
    return Markup('<svg class="hidden" aria-hidden="true"><defs>{}</defs></svg>').format(Markup("").join(drawn))


def _mark(kind: int, x: float, y: float, *, hollow: bool) -> Markup:
    of = " doubtful" if hollow else ""
    return Markup('<use href="#m{0}" class="mark k{0}{1}" x="{2:g}" y="{3:g}"/>').format(kind, of, x, y)


def tick(value: float) -> str:
    """A value at an axis, short: ``250``, ``0.5``, ``4k``, ``1e+09`` where that is shorter."""
    size = abs(value)
    for letter, factor in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if size >= factor and math.isclose(round(value / factor, 1), value / factor, rel_tol=5e-2):
            return f"{value / factor:.3g}{letter}"
    return words.number(value) if size >= 1e-3 or not value else f"{value:.0e}"  # noqa: PLR2004 - shorter as a power


def _short(value: float) -> str:
    return f"{value:.1f}"
