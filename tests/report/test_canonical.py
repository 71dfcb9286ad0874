"""One report, one text, one digest."""

import hashlib
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from tests import examples
from verify.report.canonical import digest, seal, stored_text
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
