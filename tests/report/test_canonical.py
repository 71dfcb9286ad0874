"""One report, one text, one digest."""

import hashlib
import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import examples
from verify.report.canonical import digest, digest_of, seal, stored_text, text_and_digest, text_of
from verify.report.read import parse_report

TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
NOTES = st.dictionaries(TEXTS, TEXTS | NUMBERS | st.booleans(), max_size=5)


@given(NOTES, st.lists(NUMBERS, min_size=1, max_size=5), TEXTS)
@settings(max_examples=100, deadline=None)
def test_whatever_a_check_notes_is_read_as_it_was_written(
    notes: dict[str, object], samples: list[float], reason: str
) -> None:
    figure = examples.measured("any", [0.5], "1") | {"samples": samples}
    failed = examples.not_passed("failed", reason)
    results = [examples.result("any.thing", notes=notes, measurements=[figure], **failed)]
    report = examples.report(results=results)
    assert parse_report(stored_text(report).encode(), "it") == report


def written(content: Any) -> str:
    """The one text, as the standard library writes it."""
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def proven(content: Any) -> str:
    """The digest, as the library for RFC 8785 has it."""
    return hashlib.sha256(rfc8785.dumps({name: part for name, part in content.items() if name != "digest"})).hexdigest()


LEAVES = (
    st.none() | st.booleans() | NUMBERS | TEXTS | st.sampled_from(["\U0001f600", "\uffff", "7e5", ",1e5,", ":2.0}"])
)
VALUES = st.recursive(LEAVES, lambda parts: st.lists(parts, max_size=4) | st.dictionaries(TEXTS, parts, max_size=4))


@given(st.dictionaries(TEXTS | st.sampled_from(["\U0001f600", "\uffff"]), VALUES, max_size=5))
@settings(max_examples=200, deadline=None)
def test_text_and_canonical_form_are_those_of_the_slower_writers(content: dict[str, Any]) -> None:
    assert (text_of(content), digest_of(content)) == text_and_digest(content) == (written(content), proven(content))


@pytest.mark.parametrize(
    "number",
    [
        1e-4,
        1.5e-4,
        9.99e-5,
        1e-5,
        -1e-5,
        1.5e-7,
        1e15,
        1e16,
        1e21,
        1e22,
        2.0**53,
        2.0**53 - 2,
        0.1,
        5.0,
        -0.0,
        0.0,
        10.0,
    ],
)
def test_a_number_is_written_as_they_do_wherever_it_stands(number: float) -> None:
    for content in ({"a": number}, {"a": [number]}, {"a": [0, number, 0]}, {"a": number, "b": number}):
        assert text_and_digest(content) == (written(content), proven(content))
        assert text_of(content) == written(content)


@pytest.mark.parametrize("what", [2**53, -(2**53), float("nan"), float("inf"), "\ud800"])
def test_what_has_no_canonical_form_is_refused(what: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each says it otherwise
        digest_of({"a": [1, what]})
    assert text_of({"a": [1, what]}) == written({"a": [1, what]})


def test_the_digest_can_be_had_without_us() -> None:
    """For a report without fractions, canonical JSON is sorted JSON without blanks."""
    report = examples.report(results=[examples.result("a.b", seconds=1)], conditions={})
    content = json.loads(stored_text(report))
    stated = content.pop("digest")
    plain = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(plain.encode()).hexdigest() == stated


def test_sealing_depends_on_the_place_alone() -> None:
    report = examples.report()
    moved = seal(report, 2, "b" * 64)
    assert moved.digest == digest(moved) != report.digest
    assert seal(moved, 1, None) == report
