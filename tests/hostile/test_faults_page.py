"""The page of faults names tests that are there, and one at least for each fault."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/faults.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[a-z_/]+\.py)::(test_[a-z0-9_]+)`")
FAULTS = range(1, 37)


def test_every_fault_has_its_row_and_only_one() -> None:
    assert [int(number) for number, _, _ in ROW.findall(PAGE)] == list(FAULTS)


@pytest.mark.parametrize("row", ROW.findall(PAGE), ids=lambda row: row[0])
def test_each_is_held_by_tests_that_are_there(row: tuple[str, str, str]) -> None:
    named = TEST.findall(row[2])
    assert named
    assert ", ".join(f"`{file}::{test}`" for file, test in named) == row[2].strip()
    for file, test in named:
        assert re.search(rf"^def {test}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE), test
