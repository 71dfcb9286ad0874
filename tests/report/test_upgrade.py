"""Older reports are read as newer ones, and nothing of them is lost."""

import pytest

from tests import examples
from verify.report.canonical import digest, stored_text
from verify.report.read import parse_report
from verify.report.upgrade import newest, upgrade
from verify.report.versions import VERSIONS, Version


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_is_lost(version: Version) -> None:
    report = examples.report(version)
    newer, older = upgrade(report).model_dump(), report.model_dump()
    changed = {"version", "digest", "results", "upgraded_from"}
    assert all(newer[name] == value for name, value in older.items() if name not in changed)
    for new, old in zip(newer["results"], older["results"], strict=True):
        assert new.items() >= old.items()


def test_two_steps_are_one() -> None:
    report = examples.report("v1")
    assert upgrade(upgrade(report, "v2"), "v3") == upgrade(report, "v3") == newest(report)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_second_time_changes_nothing(version: Version) -> None:
    once = upgrade(examples.report("v1"), version)
    assert upgrade(once, version) is once


def test_the_stored_report_is_named() -> None:
    report = examples.report("v1")
    newer = newest(report)
    assert newer.upgraded_from is not None
    assert (newer.upgraded_from.version, newer.upgraded_from.digest) == ("v1", report.digest)
    assert examples.certify().upgraded_from is None


@pytest.mark.parametrize("version", VERSIONS)
def test_what_comes_out_can_be_stored_and_read(version: Version) -> None:
    newer = newest(examples.report(version))
    assert newer.digest == digest(newer)
    assert parse_report(stored_text(newer).encode(), "it") == newer


def test_no_report_becomes_older() -> None:
    with pytest.raises(ValueError, match="cannot become v1"):
        upgrade(examples.report("v2"), "v1")
