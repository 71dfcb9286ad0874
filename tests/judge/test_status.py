"""A certificate ends with what it was about."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests import examples
from tests.examples import facts, result
from verify.judge.status import Present, Terms, lapses
from verify.report import v1
from verify.report.upgrade import newest

FINISHED = datetime(2026, 2, 15, 16, 41, 37, tzinfo=UTC)
TERMS = Terms(longest_days=30, skew_minutes=10)


def reasons(after: timedelta = timedelta(days=1), lock: str = "1" * 64, **changes: Any) -> list[str]:
    """Why the example's certificate has lapsed after some time, on a machine that may have changed."""
    now = examples.draft("v1", facts=facts(**changes)).facts
    return lapses(examples.certify(), Present(lock, now, FINISHED + after, TERMS))


def test_it_holds_while_nothing_changed() -> None:
    assert reasons() == []
    assert reasons(timedelta(days=30)) == []
    assert reasons(memory_limit_bytes=1) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"system_version": "macOS 26.3"}, "the system was macOS 26.2, is macOS 26.3"),
        ({"system_build": "25D1"}, "build was 25C56, is 25D1"),
        ({"power_mode": "low"}, "the power mode was none, is low"),
        ({"devices": [examples.device("cuda", driver="610.1")]}, "the driver of cuda was none, is 610.1"),
        ({"lock": "2" * 64}, "macos-arm64.txt has changed"),
        ({"after": timedelta(days=31)}, "31 days old"),
        ({"after": timedelta(hours=-1)}, "in the future"),
    ],
)
def test_it_ends_when_something_changed(changes: dict[str, Any], words: str) -> None:
    (reason,) = reasons(**changes)
    assert words in reason


def test_there_is_none_where_none_was_given() -> None:
    refused = examples.certify(results=[result("a.b", **examples.not_passed("failed", "no"))])
    quick = newest(examples.report("v1"))
    now: v1.Facts = refused.facts
    for report, words in ((refused, "refused"), (quick, "no verdict")):
        (reason,) = lapses(report, Present("1" * 64, now, FINISHED, TERMS))
        assert words in reason
