"""Looks at sensors, as a report holds them."""

import json

import pytest
from pydantic import ValidationError

from tests import examples
from verify.report.canonical import stored_text
from verify.report.read import parse_report
from verify.report.watched import Watched

SEEN = {
    "seconds": [0, 5],
    "sensors": [{"subject": "processor", "name": "utilisation", "unit": "%", "values": [41.5, None]}],
    "unread": {"gpu": "NVML cannot be asked"},
}


def test_a_report_keeps_them_and_one_without_them_looks_as_before() -> None:
    with_them, without = examples.report(watched=SEEN), examples.report()
    assert parse_report(stored_text(with_them).encode(), "it") == with_them
    assert json.loads(stored_text(with_them))["watched"] == SEEN
    assert "watched" not in json.loads(stored_text(without))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seconds": [5, 0]}, "not in order"),
        ({"seconds": []}, "at least 1"),
        ({"seconds": [0, 5, 10]}, "has 2 values of 3 looks"),
        ({"seconds": [-1, 5]}, "greater than or equal to 0"),
    ],
)
def test_looks_that_do_not_agree_with_themselves_are_none(change: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Watched.model_validate_json(json.dumps(SEEN | change))
