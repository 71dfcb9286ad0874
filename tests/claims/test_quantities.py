"""Numbers, however they are written, are read as what they are."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.claims.quantities import Found, quantities
from verify.claims.units import unit_in


def only(text: str) -> Found:
    """The one quantity of a text."""
    (found,) = quantities(text)
    return found


@pytest.mark.parametrize(
    ("text", "low", "high", "unit", "step"),
    [
        ("3,210 GFLOPS", 3210, 3210, "GFLOPS", 1),
        ("11.4 TFLOPS", 11400, 11400, "GFLOPS", 100),
        ("0.21 ms", 0.00021, 0.00021, "s", 0.00001),
        ("2h 13min", 7980, 7980, "s", 60),
        ("5 min 30.5 s", 330.5, 330.5, "s", 0.1),
        ("1小时20分钟", 4800, 4800, "s", 60),
        ("850 us", 0.00085, 0.00085, "s", 1e-6),
        ("12 分钟", 720, 720, "s", 60),
        ("1.5 小时", 5400, 5400, "s", 360),
        ("7秒", 7, 7, "s", 1),
        ("0.7ms/batch", 0.0007, 0.0007, "s", 0.0001),
        ("512 MB", 0.512, 0.512, "GB", 0.001),
        ("24 GiB", 24, 24, "GiB", 1),
        ("2 TB/s", 2000, 2000, "GB/s", 1000),
        ("40 Gb/s", 40, 40, "Gb/s", 1),
        ("31,400 samples/sec", 31400, 31400, "samples/s", 1),
        ("88.5 tok/s", 88.5, 88.5, "tokens/s", 0.1),
        ("0.31 It/sec", 0.31, 0.31, "it/s", 0.01),
        ("9,000 参数/毫秒", 9000, 9000, "parameters/ms", 1),
        ("45 W", 45, 45, "W", 1),
        ("0.37%", 0.37, 0.37, "%", 0.01),
        ("3.1 倍", 3.1, 3.1, "x", 0.1),
        ("360M", 360e6, 360e6, "1", 1e6),
        ("3.145M", 3.145e6, 3.145e6, "1", 1e3),
        ("13B", 13e9, 13e9, "1", 1e9),
        ("5万", 50000, 50000, "1", 10000),
        ("2e-4", 2e-4, 2e-4, "1", 1e-4),
        ("3-5x", 3, 5, "x", 1),
        ("1.5-3x", 1.5, 3, "x", 1),
        ("4-9分钟", 240, 540, "s", 60),
        ("12 ~ 20 GB", 12, 20, "GB", 1),
        ("0.31 ~ 0.35 It/sec", 0.31, 0.35, "it/s", 0.01),
        ("2-6B", 2e9, 6e9, "1", 1e9),
        ("300ms - 2 s", 0.3, 2, "s", 1),
        ("-0.25", -0.25, -0.25, "1", 0.01),
        ("< 2 秒", 0, 2, "s", 1),
        ("<3s", 0, 3, "s", 1),
        ("up to 30 W", 0, 30, "W", 1),
        ("> 12 GB", 12, math.inf, "GB", 1),
        ("700+", 700, math.inf, "1", 1),
        ("900+ samples/s", 900, math.inf, "samples/s", 1),
        ("95%+", 95, math.inf, "%", 1),
    ],
)
def test_what_people_write_is_read(text: str, low: float, high: float, unit: str, step: float) -> None:
    quantity = only(text).quantity
    assert quantity.unit == unit
    assert (quantity.low, quantity.high) == pytest.approx((low, high))
    assert quantity.step == pytest.approx(step)
    assert quantity.text == text


@pytest.mark.parametrize("text", ["~3 GB", "约 3 GB", "about 3 GB", "≈3 GB", "大约3 GB"])
def test_what_is_approximate_is_marked_so(text: str) -> None:
    assert only(text).quantity.approximate
    assert not only("3 GB").quantity.approximate


def test_a_minus_between_words_is_no_sign() -> None:
    assert only("GPT-3 GB").quantity.low == 3
    assert only("loss -3").quantity.low == -3


def test_a_number_without_a_unit_takes_that_of_its_column() -> None:
    (found,) = quantities("0.42", unit_in("Time (ms)"))
    assert found.quantity.low == pytest.approx(0.00042)
    (found,) = quantities("0.42 s", unit_in("Time (ms)"))
    assert found.quantity.low == 0.42


def test_a_rate_without_a_subject_is_told_apart() -> None:
    assert only("4,100/s").bare_rate
    assert not only("4,100 tokens/s").bare_rate
    assert not only("4,100").bare_rate


@pytest.mark.parametrize("text", ["9" * 50, "1" * 5000, "1e999"])
def test_gigantic_numbers_are_no_quantities(text: str) -> None:
    assert not [found for found in quantities(text) if found.quantity.low > 1e45]


def test_the_words_behind_a_number_are_no_unit() -> None:
    assert [found.quantity.unit for found in quantities("3 models, 5 steps, 6 sets")] == ["1", "1", "1"]


_UNITS = {
    "GB": ("GB", 1.0),
    "MB": ("GB", 1e-3),
    "GiB": ("GiB", 1.0),
    "ms": ("s", 1e-3),
    "秒": ("s", 1.0),
    "分钟": ("s", 60.0),
    "minutes": ("s", 60.0),
    "GFLOPS": ("GFLOPS", 1.0),
    "TFLOPS": ("GFLOPS", 1e3),
    "GB/s": ("GB/s", 1.0),
    "tokens/s": ("tokens/s", 1.0),
    "samples/sec": ("samples/s", 1.0),
    "%": ("%", 1.0),
    "x": ("x", 1.0),
    "倍": ("x", 1.0),
    "W": ("W", 1.0),
}


@given(
    number=st.tuples(st.integers(1, 10**9), st.integers(0, 4)),
    written=st.sampled_from(sorted(_UNITS)),
    style=st.sampled_from(["{:,.{}f}", "{:.{}f}", "{:,.{}f} ", "{:.{}f} "]),
    before=st.sampled_from(["", "~", "约 ", "time: ", "用了", "(", "about "]),
    after=st.sampled_from(["", ")", "。", ", and so on", " 左右"]),
)
def test_a_number_in_any_style_is_read_back(
    number: tuple[int, int], written: str, style: str, before: str, after: str
) -> None:
    digits, places = number
    value = digits / 10**places
    quantity = only(before + style.format(value, places) + written + after).quantity
    unit, worth = _UNITS[written]
    assert quantity.unit == unit
    assert quantity.low == quantity.high == pytest.approx(value * worth)
    assert quantity.step == pytest.approx(10.0**-places * worth)
    assert quantity.approximate == (before in {"~", "约 ", "about "})


@given(
    low=st.integers(1, 10**6),
    more=st.integers(1, 10**6),
    written=st.sampled_from(sorted(_UNITS)),
    between=st.sampled_from(["-", "~", " - ", " ~ ", "到", "至", " to "]),
    twice=st.booleans(),
)
def test_a_range_in_any_style_is_read_back(low: int, more: int, written: str, between: str, twice: bool) -> None:
    quantity = only(f"{low}{written if twice else ''}{between}{low + more}{written}").quantity
    unit, worth = _UNITS[written]
    assert quantity.unit == unit
    assert (quantity.low, quantity.high) == pytest.approx((low * worth, (low + more) * worth))


@given(st.text(max_size=200))
def test_no_text_stops_the_reader(text: str) -> None:
    for found in quantities(text):
        assert 0 <= found.start < found.end <= len(text)
        assert found.quantity.low <= found.quantity.high
        assert not math.isnan(found.quantity.low)
