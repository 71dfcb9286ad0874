"""The page of faults says what faults.toml says, and every test that it names is there."""

import re

import pytest

from tests.hostile.faults import PAGE, ROOT, ROW, Fault, faults, page, rows_of, unique
from tests.hostile.observer import Observer, names_of

ROWS = {int(row[0]): row[1:] for row in ROW.findall(PAGE.read_text(encoding="utf-8"))}
# What the project has to hold before anything of its own is added.
REQUIRED = range(1, 69)
FAULTS = faults()


def test_every_fault_has_its_row_and_only_one() -> None:
    numbers = [fault.number for fault in FAULTS]
    assert numbers == list(range(1, len(FAULTS) + 1))
    assert set(REQUIRED) <= set(numbers)
    assert list(ROWS) == numbers, "write it anew: ./noxw -s faults"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault.number))
def test_a_row_says_what_is_expected_and_what_was_seen(fault: Fault) -> None:
    title, expected, seen, held = ROWS[fault.number]
    assert (title, expected) == (fault.title, fault.expected), "write it anew: ./noxw -s faults"
    assert held == unique(", ".join(f"`{test.partition('[')[0]}`" for test in fault.held))
    assert re.match(r"[1-9][0-9,]* cases? holds?", seen)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault.number))
def test_each_is_held_by_tests_that_are_there(fault: Fault) -> None:
    assert fault.held
    for named in fault.held:
        file, _, test = named.partition("[")[0].partition("::")
        assert re.search(rf"^def {test}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE), named


def test_some_rows_are_written_anew_and_the_others_stay() -> None:
    text = page({1: "| 1 | a | b | 2 cases hold: `x \\| y` | `t` |", 2: "| 2 | c | d | 1 case holds | `u` |"})
    assert "2 faults, held in 3 cases" in text
    other = text.replace("1 case holds", "9 cases hold").replace("in 3 cases", "in 11 cases")
    assert page({**rows_of(text), 2: "| 2 | c | d | 9 cases hold | `u` |"}) == other


def test_what_is_said_is_heard_by_the_test_that_runs() -> None:
    observer = Observer(current="a.py::test_b[c]")
    observer.note("exit 4: x")
    observer.note("exit 4: x")
    assert dict(observer.seen) == {"a.py::test_b": ["exit 4: x"], "a.py::test_b[c]": ["exit 4: x"]}
    observer.current = ""
    observer.note("exit 5: y")
    assert len(observer.seen["a.py::test_b"]) == 1
    assert names_of("a.py::test_b") == ("a.py::test_b",)
