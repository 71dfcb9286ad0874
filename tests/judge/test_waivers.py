"""A check that is gone needs a waiver, which counts until its day."""

import tomllib
from typing import Any

import pytest
from pydantic import ValidationError

from tests import examples
from tests.examples import ROOT
from verify.judge.waivers import Questions, Waiver, Waivers, gone, questions_of, successions
from verify.report.versions import AnyReport

TODAY = "2026-11-21"
GONE = "quantization.int8_keeps_the_outputs[mps]"


def waiver(**changes: Any) -> Waiver:
    """A waiver of the check that is gone in these tests."""
    told = {
        "id": "int8",
        "check": "quantization.int8_keeps_the_outputs",
        "reason": "asked as another",
        "link": "https://example.org/1",
        "expires": "2026-12-31",
    }
    return Waiver.model_validate({**told, **changes})


def history(**changes: Any) -> list[AnyReport]:
    """A report, and a later one that lacks a check."""
    rest = [item for item in examples.results() if item["id"] != GONE]
    return [
        examples.report(),
        examples.report(**{"results": rest, "sequence": 2, "predecessor": "d" * 64, "id": "1" * 12, **changes}),
    ]


def asked(reports: list[AnyReport]) -> list[tuple[Questions, Questions]]:
    """What each report asked, and the one after it."""
    return list(successions(map(questions_of, reports)))


def rules(*waivers: Waiver, **changes: Any) -> list[str]:
    """What is found."""
    return [f"{finding.severity} {finding.rule}" for finding in gone(asked(history(**changes)), waivers, TODAY)]


def test_a_check_that_is_gone_is_an_error_that_names_it_and_both_reports() -> None:
    (finding,) = gone(asked(history()), (), TODAY)
    assert (finding.severity, finding.rule, finding.subject) == ("error", "counts.gone", f"report {'1' * 12}")
    assert GONE in finding.message
    assert "0123456789ab" in finding.message


def test_a_waiver_excuses_it_until_its_day_and_is_told() -> None:
    assert rules(waiver()) == ["note counts.waived"]
    assert rules(waiver(expires=TODAY)) == ["note counts.waived"]
    assert rules(waiver(expires="2026-11-20")) == ["error counts.waiver_ended"]
    assert rules(waiver(check="quantization.*")) == ["note counts.waived"]


def test_a_waiver_of_something_else_excuses_nothing() -> None:
    assert rules(waiver(check="quantization.other")) == ["error counts.gone"]
    assert rules(waiver(environments=("m4",))) == ["error counts.gone"]
    assert rules(waiver(environments=("m2", "m4"))) == ["note counts.waived"]


def test_of_two_waivers_the_longer_counts() -> None:
    ended = waiver(id="old", expires="2026-01-01")
    assert rules(ended, waiver()) == ["note counts.waived", "warning counts.waiver_ended"]


def test_an_ended_waiver_is_found_even_where_nothing_is_gone() -> None:
    (finding,) = gone(asked([examples.report()]), (waiver(expires="2026-01-01"),), TODAY)
    assert (finding.severity, finding.subject) == ("warning", "int8")
    assert gone(asked([examples.report()]), (waiver(),), TODAY) == []


def test_reports_of_other_machines_environments_and_levels_are_not_compared() -> None:
    assert rules(machine="b" * 32) == []
    assert rules(environment={"name": "m4", "digest": "e" * 64}) == []
    one, two = history()
    assert gone(asked([two, one]), (), TODAY) == gone(asked([one, two]), (), TODAY) != []
    quick = examples.report("v1", sequence=2, predecessor="d" * 64, results=examples.results()[:1])
    assert gone(asked([one, quick]), (), TODAY) == []


@pytest.mark.parametrize(
    "changes",
    [{"reason": ""}, {"link": "http://example.org"}, {"link": "somewhere"}, {"check": "*"}, {"expires": "soon"}],
)
def test_a_waiver_says_what_why_where_and_until_when(changes: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        waiver(**changes)


def test_the_project_s_own_waivers_link_to_pages_that_are_there() -> None:
    own = Waivers.model_validate(tomllib.loads((ROOT / "policy/waivers.toml").read_text(encoding="utf-8")))
    for one in own.waivers:
        assert one.link.startswith("https://") or (ROOT / one.link).is_file()
    with pytest.raises(ValidationError, match="is the id of two waivers"):
        Waivers(waivers=(waiver(), waiver()))
