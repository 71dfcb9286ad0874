"""Spreadsheets are given values, never formulas."""

import csv

from hypothesis import given
from hypothesis import strategies as st

from verify.render.sheet import FORMULA, csv_lines


def test_a_table_is_what_a_reader_of_csv_gets() -> None:
    rows = [("a,b", 1.5, None), ('say "x"', -3, "two\nlines")]
    text = "".join(csv_lines(("name", "value", "note"), iter(rows)))
    read = list(csv.reader(text.splitlines(keepends=True)))
    assert read == [["name", "value", "note"], ["a,b", "1.5", ""], ['say "x"', "-3", "two\nlines"]]


@given(st.text(), st.sampled_from(FORMULA))
def test_no_text_is_a_formula(text: str, sign: str) -> None:
    (_, line) = csv_lines(("name",), [(sign + text,)])
    assert line.lstrip('"').startswith("'")
