"""Columns of a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.language.width import columns, cut, padded, wrapped

MIXED = st.text("ab 中文，。（）—✓", max_size=40)


@pytest.mark.parametrize(("text", "width"), [("", 0), ("lock", 4), ("锁文件", 6), ("✓ 通过", 6), ("a，b", 4), ("—", 1)])
def test_a_wide_character_takes_two_columns(text: str, width: int) -> None:
    assert columns(text) == width


@given(MIXED, st.integers(min_value=0, max_value=50))
def test_padding_fills_up_and_cuts_nothing(text: str, width: int) -> None:
    full = padded(text, width)
    assert full.startswith(text)
    assert columns(full) == max(columns(text), width)


@given(MIXED, st.integers(min_value=0, max_value=50))
def test_a_cut_text_fits_and_misses_at_most_one_column(text: str, width: int) -> None:
    kept = cut(text, width)
    assert text.startswith(kept)
    assert columns(kept) <= width
    assert kept == text or columns(kept) >= width - 1


@given(MIXED, st.integers(min_value=20, max_value=50))
def test_wrapping_loses_nothing_but_spaces_and_fits(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    # A run of closing marks is not broken before.
    assert all(columns(line) <= width or line[-1] in "，。）" for line in lines)


def test_no_line_begins_with_a_closing_mark() -> None:
    assert wrapped("环境，锁文件（平台）", 10) == ["环境，锁文", "件（平台）"]


def test_words_are_not_broken() -> None:
    assert wrapped("set up the lock of a platform", 12) == ["set up the", "lock of a", "platform"]
