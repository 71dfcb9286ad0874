"""What can and what cannot be a report."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from tests import examples
from verify.errors import IntegrityError
from verify.report import v1, v3
from verify.report.canonical import stored_text
from verify.report.versions import VERSIONS, Version, build


def rebuilt(*path: str | int, value: Any) -> Any:
    """The example with one field changed."""
    data = json.loads(stored_text(examples.report()))
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return build(data, "it")


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_holds_the_example(version: Version) -> None:
    report = examples.report(version)
    assert report.version == version
    assert build(json.loads(stored_text(report)), "it") == report


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("results", 0, "seconds"), "1.5"),
        (("results", 0, "seconds"), True),
        (("results", 0, "seconds"), -1),
        (("results", 0, "required"), 1),
        (("results", 0, "outcome"), "ok"),
        (("results", 0, "surprise"), 1),
        (("results", 0, "reason"), "passed for a reason"),
        (("results", 4, "reason"), None),
        (("results", 2, "device"), "mps"),
        (("planned", 0), "installed.was_another"),
        (("planned", 1), "installed.is_the_lock"),
        (("results", 0, "id"), "installed.\u202eis_the_lock"),
        (("results", 0, "id"), "installed.is_the_lock\n"),
        (("results", 0, "id"), "installed.\x1b[31mis"),
        (("id",), "0123456789AB"),
        (("created",), "2026-02-30T00:00:00Z"),
        (("created",), "2026-02-15 16:30:05"),
        (("sequence",), 0),
        (("sequence",), 2),
        (("predecessor",), "a" * 64),
        (("environment", "name"), "../m2"),
        (("facts", "memory_bytes"), 2**53),
        (("verdict",), None),
        (("verdict", "value"), "fine"),
        (("results", 7, "measurements", 0, "samples"), []),
        (("results", 7, "measurements", 0, "source"), "a datasheet"),
        (("results", 6, "measurements", 0, "formula"), None),
        (("results", 6, "measurements", 0, "inputs"), {}),
        (("results", 6, "measurements", 0, "samples"), [1]),
        (("results", 0, "notes"), {"nested": {}}),
        (("known_issues", 0, "expires"), "2026-13-01"),
    ],
)
def test_what_is_not_well_formed_is_refused_with_its_place(path: tuple[str | int, ...], value: Any) -> None:
    with pytest.raises(IntegrityError) as caught:
        rebuilt(*path, value=value)
    assert "\n" not in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_none_are_refused_wherever_they_come_from(number: float) -> None:
    with pytest.raises(IntegrityError, match="not JSON compliant"):
        rebuilt("results", 0, "seconds", value=number)
    with pytest.raises(ValidationError):
        v3.PercentOfPeak(percent=number, peak=1, source="a datasheet")


def test_a_whole_number_has_one_form() -> None:
    share = v3.PercentOfPeak(percent=50.0, peak=-0.0, source="a datasheet")
    assert (type(share.percent), share.percent) == (int, 50)
    assert str(share.peak) == "0"
    assert type(v3.PercentOfPeak(percent=0.5, peak=1e300, source="").peak) is float


def test_yes_and_no_stay_what_they_are_among_notes() -> None:
    result = v3.Result.model_validate_json(json.dumps(examples.result("a.b", notes={"z": True, "a": 1.0, "m": "1"})))
    assert list(result.notes.items()) == [("a", 1), ("m", "1"), ("z", True)]
    assert result.notes["z"] is True


def test_a_report_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        examples.report().interrupted = True


def test_a_lone_surrogate_is_no_text() -> None:
    with pytest.raises(ValidationError, match="surrogate"):
        v1.Package(name="\ud800", version="1")


def test_a_draft_needs_no_verdict_yet() -> None:
    assert examples.draft().digest == v1.UNSEALED


@pytest.mark.parametrize("said", [None, "v99", 3, ["v1"], "v1\u202e"])
def test_no_version_is_guessed(said: object) -> None:
    with pytest.raises(IntegrityError, match=r"unsupported version|names no version"):
        rebuilt("version", value=said)


def test_fields_that_came_later_are_left_out_where_they_say_nothing() -> None:
    """A report from before them is still byte for byte what was written then."""
    told = json.loads(stored_text(examples.report()))["facts"]
    later = {"vendor", "family", "model", "clock_hertz", "clock_is", "caches"}
    assert not later & told["processor"].keys()
    assert not any("cache_bytes" in device for device in told["devices"])
    with_them = examples.facts(
        processor=told["processor"] | {"vendor": "0x41", "caches": [{"level": 2, "bytes": 1, "count": 1}]}
    )
    stored = json.loads(stored_text(examples.report(facts=with_them)))["facts"]["processor"]
    assert stored.keys() & later == {"vendor", "caches"}
