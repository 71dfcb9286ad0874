"""What is kept on a shelf comes back, in order, whatever it is."""

from itertools import islice
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.errors import StorageError
from verify.report.shelf import Shelf


class Kept(NamedTuple):
    """A value."""

    number: int
    name: str | None


# Half characters too: a damaged file may say them.
NAMES = st.text(st.characters(), max_size=5)
VALUES = st.lists(st.tuples(NAMES, st.builds(Kept, st.integers(-3, 3), st.none() | NAMES)), max_size=12)


def shelf_of(values: list[tuple[str, Kept]]) -> Shelf[Kept]:
    """A shelf with the values in their groups."""
    shelf = Shelf(tuple, Kept)
    for group, value in values:
        shelf.put([group], value.number, "", value)
    return shelf


@given(VALUES)
def test_every_group_is_what_sorting_makes_of_it(values: list[tuple[str, Kept]]) -> None:
    shelf = shelf_of(values)
    assert shelf.groups() == sorted({(group,) for group, _ in values})
    for (group,) in shelf.groups():
        expected = sorted((value for name, value in values if name == group), key=lambda value: value.number)
        found = shelf.group(group)
        assert list(found) == expected
        assert (len(found), found[0], found[-1]) == (len(expected), expected[0], expected[-1])
        assert found[1:3] == list(islice(found, 1, 3)) == expected[1:3]


def test_of_one_number_the_tie_decides() -> None:
    shelf = Shelf(tuple, Kept)
    for tie in ("2026-02", "2026-01"):
        shelf.put(["a"], 1, tie, Kept(1, tie))
    assert [value.name for value in shelf.group("a")] == ["2026-01", "2026-02"]


@pytest.mark.parametrize("number", [10**400, -(10**400)])
def test_a_number_beyond_all_bounds_is_kept_and_comes_last_or_first(number: int) -> None:
    kept = list(shelf_of([("a", Kept(0, None)), ("a", Kept(number, None))]).group("a"))
    assert {value.number for value in kept} == {0, number}
    assert kept[-1 if number > 0 else 0].number == number


def test_a_group_that_nobody_named_is_empty() -> None:
    assert len(shelf_of([]).group("a")) == 0
    with pytest.raises(IndexError):
        _ = shelf_of([]).group("a")[0]


def test_no_room_for_temporary_files_is_told() -> None:
    shelf = Shelf(tuple, Kept, most_pages=8)

    def fill() -> None:
        for number in range(1000):
            shelf.put(["a"], number, "", Kept(number, "x" * 100))

    with pytest.raises(StorageError, match="full"):
        fill()
