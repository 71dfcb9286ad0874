from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.checks.behaviour import logits
from verify.checks.behaviour.exchange import Exchange, exchange_of, read, reading, write
from verify.probe.context import Context, Failed, Skipped

QUESTION = logits.the_same_weights_give_the_same_logits
PLACE = "logits.the_same_weights_give_the_same_logits"
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def context(scratch: Path, settings: Mapping[str, Any]) -> Context:
    return Context("cpu", 0, 1, scratch, scratch, scratch, scratch, settings)


def told(tmp_path: Path, leave: str, kept: str = "") -> Context:
    settings = {"leave": str(tmp_path / leave), "kept": str(tmp_path / kept) if kept else ""}
    return context(tmp_path, settings)


def test_what_one_leaves_the_other_finds(tmp_path: Path) -> None:
    exchange_of(told(tmp_path, "one"), QUESTION).leave("losses", [0.1, 2.5])
    assert exchange_of(told(tmp_path, "other", "one"), QUESTION).found("losses") == [0.1, 2.5]
    assert read(tmp_path / "one" / PLACE / "cpu" / "losses.json") == [0.1, 2.5]


def test_the_first_to_come_finds_its_own(tmp_path: Path) -> None:
    exchange = exchange_of(told(tmp_path, "one"), QUESTION)
    exchange.leave("losses", [1.0])
    assert exchange.kept is None
    assert exchange.found("losses") == [1.0]


def test_devices_do_not_share_a_folder(tmp_path: Path) -> None:
    of_cpu = told(tmp_path, "one")
    places = {exchange_of(replace(of_cpu, device=device), QUESTION).left for device in ("cpu", "mps", "")}
    assert {place.name for place in places} == {"cpu", "mps", "any"}


def test_it_is_noted_whether_anything_was_compared(tmp_path: Path) -> None:
    first, second = told(tmp_path, "one"), told(tmp_path, "other", "one")
    for ctx in (first, second):
        exchange_of(ctx, QUESTION)
    assert (first.notes, second.notes) == ({"compared": False}, {"compared": True})


def test_a_check_that_left_nothing_cannot_be_held_against(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    with pytest.raises(Skipped, match=f"left nothing of {PLACE}/cpu"):
        exchange_of(told(tmp_path, "other", "one"), QUESTION)


def test_an_answer_that_was_not_left_is_named(tmp_path: Path) -> None:
    exchange_of(told(tmp_path, "one"), QUESTION)
    exchange = exchange_of(told(tmp_path, "other", "one"), QUESTION)
    exchange.leave("losses", [])
    with pytest.raises(Skipped, match=r"left no losses\.json"):
        exchange.found("losses")


def test_material_is_made_once_and_handed_on(tmp_path: Path) -> None:
    made: list[Path] = []

    def make(folder: Path) -> None:
        made.append(folder)
        write(folder / "ids.json", [len(made)])

    for leave, kept in (("one", ""), ("two", "one"), ("three", "two")):
        folder = exchange_of(told(tmp_path, leave, kept), QUESTION).material(make)
        assert folder.is_relative_to(tmp_path / leave)
        assert read(folder / "ids.json") == [1]
    assert len(made) == 1


@given(value=PLAIN)
def test_plain_data_are_found_as_they_were_left(value: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    exchange = Exchange(tmp_path_factory.mktemp("left"), None)
    exchange.leave("value", value)
    assert exchange.found("value") == value


@pytest.mark.parametrize("error", [TypeError("use_dora"), KeyError("rope_theta"), RuntimeError("no\nsuch op")])
def test_what_a_framework_cannot_read_fails_in_its_own_words(error: Exception) -> None:
    first = str(error).splitlines()[0]
    with pytest.raises(Failed) as told, reading("an adapter"):
        raise error
    assert str(told.value) == f"an adapter cannot be read here: {type(error).__name__}: {first}"


def test_an_answer_on_the_way_is_no_failure_to_read() -> None:
    with pytest.raises(Skipped, match="elsewhere"), reading("an adapter"):
        raise Skipped("elsewhere")
