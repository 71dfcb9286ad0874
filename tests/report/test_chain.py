"""A chain that was tampered with shows it."""

import pytest

from tests import examples
from verify.report.canonical import seal
from verify.report.chain import verify_chain
from verify.report.versions import AnyReport


def chain(length: int) -> list[AnyReport]:
    """Reports of one machine, each appended to the one before."""
    reports: list[AnyReport] = []
    for number in range(length):
        report = examples.report(results=examples.results()[:1], id=f"{number:012x}")
        reports.append(seal(report, number + 1, reports[-1].digest if reports else None))
    return reports


def rules(reports: list[AnyReport]) -> list[str]:
    """The rules that found something."""
    return [finding.rule for finding in verify_chain(reports)]


def test_a_whole_chain_is_whole_in_any_order() -> None:
    assert rules([]) == rules(chain(1)) == rules(chain(5)) == rules(chain(5)[::-1]) == []


def test_a_missing_report_leaves_a_gap() -> None:
    reports = chain(5)
    assert rules(reports[1:]) == ["chain.gap"]
    assert rules(reports[:2] + reports[3:]) == ["chain.gap"]


def test_a_second_report_in_one_place_is_found() -> None:
    reports = chain(3)
    other = seal(examples.report(id="f" * 12), 2, reports[0].digest)
    assert "chain.twice" in rules([*reports, other])
    assert "chain.twice" in rules([*reports, reports[1]])


@pytest.mark.parametrize("place", range(4))
def test_a_report_that_was_changed_and_sealed_again_breaks_the_chain(place: int) -> None:
    reports = chain(5)
    changed = reports[place].model_copy(update={"platform": "another"})
    reports[place] = seal(changed, changed.sequence, changed.predecessor)
    assert rules(reports) == ["chain.broken"]


def test_reports_that_changed_places_are_found() -> None:
    reports = chain(4)
    reports[1], reports[2] = seal(reports[2], 2, reports[0].digest), seal(reports[1], 3, reports[1].digest)
    assert "chain.broken" in rules(reports)


def test_a_clock_that_went_back_is_a_warning() -> None:
    first, second = chain(2)
    second = second.model_copy(update={"created": "2020-01-01T00:00:00Z"})
    (finding,) = verify_chain([first, seal(second, 2, first.digest)])
    assert (finding.rule, finding.severity) == ("chain.clock", "warning")
