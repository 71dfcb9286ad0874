"""Two reports held against each other, whatever they hold: both ways the same, and none differs from itself."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests import examples
from verify.report import v3
from verify.report.difference import Change, Difference, FigureChange, difference

RESULTS = examples.results()
VALUES = st.sampled_from([0.0, 0.5, 1.0, 2.5, 1e9])
SAMPLES = st.lists(VALUES, min_size=1, max_size=4)
PACKAGES = st.dictionaries(st.sampled_from(["torch", "peft", "mlx"]), st.sampled_from(["1.0", "2.0"]))


def _result(kept: dict[str, Any], samples: list[float]) -> dict[str, Any]:
    figures = [
        figure if figure["provenance"] == "derived" else figure | {"samples": samples, "value": samples[0]}
        for figure in kept["measurements"]
    ]
    return {**kept, "measurements": figures}


# Some of the results, in any order, with other samples.
LISTS = st.lists(st.builds(_result, st.sampled_from(RESULTS), SAMPLES), max_size=5, unique_by=lambda kept: kept["id"])


@st.composite
def reports(draw: st.DrawFn) -> v3.Report:
    """A report whose machine, packages, results and conditions are drawn."""
    packages = [{"name": name, "version": version} for name, version in draw(PACKAGES).items()]
    made = examples.draft(
        results=draw(LISTS),
        facts=examples.facts(packages=packages, kernel=draw(st.sampled_from(["25.2.0", "25.3.0"]))),
        machine=draw(st.sampled_from("ab")) * 32,
        conditions={
            "load_before": draw(VALUES),
            "load_after": 1.0,
            "others_busy_percent": 31,
            "other": draw(st.dictionaries(st.sampled_from(["threads", "power"]), st.integers(1, 2))),
        },
    )
    assert isinstance(made, v3.Report)
    return made


def _back(each: Change | FigureChange) -> Change | FigureChange:
    if isinstance(each, Change):
        return Change(each.what, each.after, each.before)
    return FigureChange(each.check, each.name, each.conditions, each.unit, each.direction, each.after, each.before)


def _parts(found: Difference) -> list[tuple[Change | FigureChange, ...]]:
    return [found.facts, found.packages, found.outcomes, found.conditions, found.figures]


@settings(max_examples=60, deadline=None)
@given(reports())
def test_a_report_differs_in_nothing_from_itself(report: v3.Report) -> None:
    assert _parts(difference(report, report)) == [(), (), (), (), ()]


@settings(max_examples=60, deadline=None)
@given(reports(), reports())
def test_what_differs_differs_both_ways(one: v3.Report, other: v3.Report) -> None:
    there, back = difference(one, other), difference(other, one)
    for forth, reverse in zip(_parts(there), _parts(back), strict=True):
        assert sorted(map(repr, forth)) == sorted(repr(_back(each)) for each in reverse)
    ratios = {(each.check, each.name, str(each.conditions)): each for each in back.figures}
    for figure in there.figures:
        reverse_figure = ratios[figure.check, figure.name, str(figure.conditions)]
        assert figure.apart == reverse_figure.apart
        assert (figure.ratio is None) == (reverse_figure.ratio is None)


@settings(max_examples=60, deadline=None)
@given(reports(), reports())
def test_where_nothing_differs_both_say_the_same(one: v3.Report, other: v3.Report) -> None:
    if any(_parts(difference(one, other))):
        return
    assert (one.machine, one.conditions) == (other.machine, other.conditions)
    assert {each.id: each.outcome for each in one.results} == {each.id: each.outcome for each in other.results}
