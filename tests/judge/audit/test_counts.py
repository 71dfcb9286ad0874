"""Totals are those of what is listed."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.judge.audit import plain_counts
from tests.judge.audit.documents import audited, claim, document, known, listed, machine, pinned, rules, statement
from verify.claims.claim import Arm, Claim, Document, Enumeration, Place, Topic, Unit
from verify.judge.audit import counts


def _suite(total: str, passed: str, *names: str, kind: str = "benchmark") -> Document:
    counted = claim("tests_total", total, kind=kind), claim("tests_passed", passed, kind=kind)
    return document(*counted, enumerations=(listed(kind, *names),))


def test_as_many_are_listed_as_are_stated() -> None:
    assert rules(_suite("3", "3", "one", "two", "three")) == []


def test_a_test_that_is_counted_and_not_listed_is_found() -> None:
    (finding,) = audited(_suite("4", "4", "one", "two", "three"))
    assert (finding.rule, finding.message) == ("counts.listed", "4 stated, 3 listed")


def test_a_list_of_another_kind_says_nothing() -> None:
    counted = claim("tests_total", "4", kind="functional")
    assert rules(document(counted, enumerations=(listed("benchmark", "one"),))) == []


@pytest.mark.parametrize(("stated", "expected"), [(3, ["counts.listed"]), (4, []), (None, [])])
def test_a_list_has_as_many_items_as_it_says(stated: int | None, expected: list[str]) -> None:
    layers = listed("layers", "first", "second", "third", "output", stated=stated)
    assert rules(document(enumerations=(layers,))) == expected


@pytest.mark.parametrize(("failed", "expected"), [("2", []), ("1", ["counts.outcomes"])])
def test_what_passed_and_what_failed_make_up_the_total(failed: str, expected: list[str]) -> None:
    counted = claim("tests_total", "9"), claim("tests_passed", "7"), claim("tests_failed", failed)
    assert rules(document(*counted)) == expected


def test_what_was_left_out_is_part_of_the_total() -> None:
    tests = listed("functional", "one", "two", "three", every=True)
    items = (*tests.items[:2], dataclasses.replace(tests.items[2], passed=None))
    tests = dataclasses.replace(tests, items=items)
    counted = claim("tests_total", "3"), claim("tests_passed", "2"), claim("tests_failed", "0")
    assert rules(document(*counted, enumerations=(tests,))) == []
    assert rules(document(*counted)) == ["counts.outcomes"]


@pytest.mark.parametrize(("rate", "expected"), [("78", []), ("100", ["counts.rate"])])
def test_a_rate_of_passing_is_that_of_the_tests(rate: str, expected: list[str]) -> None:
    counted = claim("tests_total", "9"), claim("tests_passed", "7"), claim("pass_rate", rate, "%", kind="core")
    assert rules(document(*counted)) == expected


def test_a_rate_beside_a_list_of_its_tests_is_left_to_the_list() -> None:
    counted = claim("tests_total", "9"), claim("tests_passed", "7"), claim("pass_rate", "100", "%", kind="core")
    assert rules(document(*counted, enumerations=(listed("core", "one", "two"),))) == []


def test_who_says_all_names_all() -> None:
    arm = Arm(Place("old.md", 1), "tuned", {"precision": "bf16", "compile": "on", "optimizer": "muon"})
    said = [statement("works", about, line=5, every=True) for about in ("bf16", "compile", "muon")]
    assert rules(document(statements=tuple(said[:2]), arms=(arm,))) == ["counts.everything"]
    assert rules(document(statements=tuple(said), arms=(arm,))) == []


def test_what_failed_earlier_is_still_asked() -> None:
    earlier = document(claim("tests_total", "6"), claim("tests_passed", "4"))
    now = document(claim("tests_total", "4", kind="functional"), claim("tests_passed", "4", kind="functional"))
    assert rules(now, earlier) == ["counts.dropped"]
    assert rules(now, document(claim("tests_total", "4"), claim("tests_passed", "4"))) == []


def test_the_list_of_versions_does_not_shrink() -> None:
    earlier = document(pinned=pinned(torch="2.10.0", peft="0.18.1"), machines=(machine(python="3.13"),))
    assert rules(document(pinned=pinned(torch="2.10.0")), earlier) == ["counts.versions", "counts.versions"]
    assert rules(document(pinned=pinned(torch="2.11.0", peft="0.19")), document(pinned=pinned(torch="2.10.0"))) == []


def test_all_of_something_else_is_not_all_of_an_arm() -> None:
    arm = Arm(Place("old.md", 1), "tuned", {"precision": "bf16", "compile": "on", "optimizer": "muon"})
    said = tuple(statement("works", about, line=5, every=True) for about in ("lora", "peft"))
    assert "counts.everything" not in rules(document(statements=said, arms=(arm,)))


# Few enough of each that claims of one kind, section and line meet, and numbers that no rounding brings together.
KINDS = st.sampled_from(["test", "benchmark"])
SECTIONS = st.sampled_from([("Report",), ("Report", "One"), ("Report", "Two"), ("Report", "One", "Part")])
LINES = st.integers(1, 4)
NUMBERS = st.sampled_from(["0", "2", "4"])


@st.composite
def _claims(draw: st.DrawFn, *topics: Topic) -> Claim:
    topic = draw(st.sampled_from(topics))
    stated = draw(st.sampled_from(["0", "50"]) if topic == "pass_rate" else NUMBERS)
    unit: Unit = "%" if topic == "pass_rate" else "1"
    made = claim(topic, stated, unit, line=draw(LINES), section=draw(SECTIONS), kind=draw(KINDS))
    some = {"of": "blocks"} if draw(st.booleans()) else {}
    return dataclasses.replace(made, settings={**made.settings, **some})


@st.composite
def _lists(draw: st.DrawFn, *kinds: str) -> Enumeration:
    what, stated, every = draw(st.sampled_from(kinds)), draw(st.none() | st.just(2)), draw(st.booleans())
    entry = listed(what, *draw(st.sampled_from([(), ("one", "two"), ("one", "two-", "three")])), stated=stated)
    items = tuple(dataclasses.replace(item, passed=draw(st.sampled_from([None, True]))) for item in entry.items)
    return dataclasses.replace(entry, section=draw(SECTIONS), items=items, every=every)


# What each rule holds against one another.
COMPARED: dict[str, tuple[tuple[Topic, ...], tuple[str, ...]]] = {
    "listed": (("tests_total", "layers", "modules"), ("test", "benchmark", "layers", "modules")),
    "outcomes": (("tests_total", "tests_passed", "tests_failed"), ("test", "benchmark")),
    "rates": (("pass_rate", "tests_passed", "tests_total"), ("test", "benchmark")),
    "dropped": (("tests_total", "tests_passed"), ("test",)),
}


@pytest.mark.parametrize("rule", COMPARED)
@given(data=st.data())
def test_what_is_found_at_once_is_what_holding_each_against_every_other_finds(rule: str, data: st.DataObject) -> None:
    topics, kinds = COMPARED[rule]
    claims, lists = st.lists(_claims(*topics), max_size=9), st.lists(_lists(*kinds), max_size=2)
    now, before = (document(*data.draw(claims), enumerations=tuple(data.draw(lists))) for _ in range(2))
    quick, plain = (list(getattr(module, rule)(now, known(before))) for module in (counts, plain_counts))
    assert quick == plain
