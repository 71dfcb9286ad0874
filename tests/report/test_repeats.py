from typing import Any

import pytest

from tests import examples
from verify.report import v3
from verify.report.repeats import Repeats, margin, repeats_of


def figure(value: float, **limits: float) -> dict[str, Any]:
    return examples.measured("gap", [value], "1", limits=limits)


def results(*changes: dict[str, Any]) -> tuple[v3.Result, ...]:
    given = [examples.result("a.b", **change) for change in changes]
    # A report holds each job once, so each is read from a report of its own.
    return tuple(examples.certify(results=[one]).results[0] for one in given)


def repeats(*changes: dict[str, Any]) -> Repeats:
    (found,) = repeats_of(results(*changes))
    return found


FAILED = examples.not_passed("failed", "gap is 2")
NEEDED = examples.not_passed("skipped", "no network", required=True)
SKIPPED = examples.not_passed("skipped", "no network", required=False)


def test_a_check_that_passes_every_time_holds() -> None:
    found = repeats({}, {}, {})
    assert (found.outcomes, found.flaky, found.holds) == ({"passed": 3}, False, True)


def test_different_outcomes_of_one_question_are_flaky_and_their_reasons_are_counted() -> None:
    found = repeats({}, FAILED, {}, FAILED)
    assert (found.outcomes, found.flaky, found.holds) == ({"passed": 2, "failed": 2}, True, False)
    assert found.reasons == {("failed", "gap is 2"): 2}


@pytest.mark.parametrize(
    ("changes", "holds"),
    [((FAILED, FAILED), False), ((SKIPPED, SKIPPED), True), ((NEEDED, NEEDED), False), (({}, SKIPPED), False)],
    ids=["always failed", "always skipped", "always skipped and needed", "skipped at times"],
)
def test_what_fails_always_is_not_flaky_and_what_skips_at_times_is(changes: Any, holds: bool) -> None:
    found = repeats(*changes)
    assert found.holds == holds
    assert found.flaky == (len(found.outcomes) > 1)


@pytest.mark.parametrize(
    ("value", "limits", "share"),
    [
        (0.25, {"at_most": 1.0}, 0.75),
        (1.5, {"at_most": 1.0}, -0.5),
        (3.0, {"at_least": 2.0}, 0.5),
        (-3.0, {"at_most": -2.0}, 0.5),
        (2.5, {"at_least": 2.0, "at_most": 5.0}, 0.25),
        (0.0, {"at_most": 0.0}, None),
        (4.0, {"equals": 4.0}, None),
        (4.0, {}, None),
    ],
)
def test_a_margin_is_the_share_of_the_nearest_limit_that_is_left(
    value: float, limits: dict[str, float], share: float | None
) -> None:
    (result,) = results({"measurements": [figure(value, **limits)]})
    assert margin(result.measurements[0]) == share


def test_a_spread_has_all_values_and_the_worst_margin_even_when_the_limit_moves() -> None:
    found = repeats(
        {"measurements": [figure(0.25, at_most=1)]},
        {"measurements": [figure(0.5, at_most=4)]},
        {"measurements": [figure(0.125, at_most=0.25)]},
    )
    (spread,) = found.spreads()
    assert (spread.values, spread.margin, spread.figure.limits.at_most) == ((0.25, 0.5, 0.125), 0.5, 0.25)


def test_figures_of_one_name_are_told_apart_by_their_place() -> None:
    pair = {"measurements": [figure(1), figure(10)]}
    assert [spread.values for spread in repeats(pair, pair).spreads()] == [(1, 1), (10, 10)]


def test_a_figure_that_a_repetition_did_not_reach_is_left_out_of_it() -> None:
    found = repeats({"measurements": [figure(1)]}, examples.not_passed("crashed", "killed"))
    assert [spread.values for spread in found.spreads()] == [(1,)]
