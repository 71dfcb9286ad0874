"""Numbers, times and sizes as people read them."""

from typing import Any

import pytest

from tests import examples
from verify.render import words
from verify.report import v3


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (124439808, "124,439,808"),
        (0, "0"),
        (-3, "-3"),
        (2.302585, "2.303"),
        (12632.4, "12,632"),
        (-12632.4, "-12,632"),
        (1e-7, "1e-07"),
        (1e15 + 0.5, "1e+15"),
        (0.0114, "0.0114"),
    ],
)
def test_numbers(value: float, shown: str) -> None:
    assert words.number(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0.0 s"),
        (3.75, "3.8 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 0 s"),
        (692, "11 min 32 s"),
        (7500, "2 h 05 min"),
    ],
)
def test_durations(seconds: float, shown: str) -> None:
    assert words.duration(seconds) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (None, words.NONE),
        (0, "0 B"),
        (999, "999 B"),
        (4096, "4.1 kB"),
        (412_000_000, "412 MB"),
        (68719476736, "68.7 GB"),
    ],
)
def test_sizes(count: int | None, shown: str) -> None:
    assert words.size(count) == shown


def figure(samples: list[float], direction: str, **more: Any) -> v3.Measurement:
    """A figure with these samples."""
    data = examples.measured("it", samples, "ms", direction=direction, **more)
    report = examples.certify(results=[examples.result("a.b", measurements=[data])])
    return report.results[0].measurements[0]


@pytest.mark.parametrize(
    ("samples", "direction", "quartiles", "best"),
    [
        ([1, 2, 3, 4, 5], "higher", "2 to 4", "5"),
        ([1, 2, 3, 4, 5], "lower", "2 to 4", "1"),
        ([1, 2, 3, 4, 5], "equal", "2 to 4", words.NONE),
        ([1, 2], "lower", words.NONE, "1"),
        ([1], "lower", words.NONE, words.NONE),
    ],
)
def test_spread(samples: list[float], direction: str, quartiles: str, best: str) -> None:
    of = figure(samples, direction)
    assert (words.quartiles(of), words.best(of)) == (quartiles, best)


def test_a_curve_is_shown_from_where_it_began_to_where_it_ended() -> None:
    curve = figure([8.0, 6.0, 4.0, 1.0], "lower", along="step", value=1.0)
    assert words.value(curve) == "8 █▆▄▁ 1"
    assert (words.quartiles(curve), words.best(curve)) == (words.NONE, words.NONE)
    assert words.value(figure([1, 2, 3], "lower")) == "2"


def test_a_long_curve_keeps_its_shape_in_two_dozen_bars() -> None:
    falling = words.shape([float(100 - step) for step in range(101)])
    assert (falling[0], falling[-1]) == ("█", "▁")
    assert list(falling) == sorted(falling, reverse=True)
    assert len(falling) <= words.LONGEST_SHAPE
    assert words.shape([1.0, 1.0, 1.0]) == "▁▁▁"


def test_a_peak_that_is_unknown_is_said_to_be_unknown_where_one_could_be() -> None:
    assert words.share_of_peak(figure([1], "lower")) == words.NONE
    rate = figure([1], "higher").model_copy(update={"unit": "GFLOPS"})
    assert words.share_of_peak(rate) == "peak unknown"


def test_columns_without_content_are_left_out() -> None:
    rows = [("a", "b", "c"), ("1", words.NONE, ""), ("", words.NONE, "")]
    assert words.filled(rows) == [["a"], ["1"], [""]]


def test_long_logs_show_their_end() -> None:
    shown = words.visible_lines("\n".join(map(str, range(100))) + "\n", 3)
    assert shown == "… (97 lines above)\n97\n98\n99"
