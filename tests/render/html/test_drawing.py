"""Lines as SVG: where their points lie."""

import re

from hypothesis import given
from hypothesis import strategies as st

from verify.render.html.chart import Lines, Point, Series
from verify.render.html.drawing import HEIGHT, WIDTH, _path, lines

PLACES = st.floats(0, WIDTH).map(lambda value: round(value, 1))


@given(st.lists(st.tuples(PLACES, PLACES), min_size=2, max_size=50))
def test_a_path_leads_through_its_points(placed: list[tuple[float, float]]) -> None:
    start, steps = _path(placed).removeprefix("M").split("l")
    numbers = [float(number) for number in re.findall(r"-?[\d.]+", steps)]
    at, ends = tuple(map(float, start.split())), []
    for x, y in zip([0.0, *numbers[::2]], [0.0, *numbers[1::2]], strict=True):
        at = round(at[0] + x, 1), round(at[1] + y, 1)
        ends.append(at)
    assert ends == placed


def test_a_line_lies_within_its_picture() -> None:
    points = tuple(Point(float(x), 10.0 - x) for x in range(5))
    drawn = lines(Lines("n", "s", (Series("", points),)), "seconds against n")
    found = re.search(r'class="line k0" d="M([\d.]+) ([\d.]+)l', drawn)
    assert found
    assert 0 < float(found[1]) < WIDTH
    assert 0 < float(found[2]) < HEIGHT
