"""Two reports side by side."""

from tests import examples
from tests.report.test_difference import changed, rates
from verify.render.difference import render
from verify.report.difference import difference
from verify.report.v3 import Report


def shown(before: Report, after: Report, *, every: bool = False) -> str:
    """The difference as it is shown."""
    return render(before, after, difference(before, after), every=every)


def test_the_gravest_comes_first() -> None:
    facts = examples.facts(system_build="25C57", packages=[{"name": "torch", "version": "2.11.0"}])
    text = shown(examples.certify(), examples.certify(results=examples.results()[1:], facts=facts))
    places = [text.index(word) for word in ("installed.is_the_lock", "25C57", "2.11.0")]
    assert places == sorted(places)


def test_a_figure_says_which_way_it_went() -> None:
    slow, fast = rates([10.0, 11.0, 12.0]), rates([20.0, 22.0, 24.0])
    assert "11 (10 to 12)  22 (20 to 24)  2 better" in shown(slow, fast)
    assert "0.5 worse" in shown(fast, slow)


def test_what_says_little_is_counted_and_shown_when_asked() -> None:
    before, after = rates([10.0, 11.0, 12.0]), rates([12.0, 13.0, 14.0])
    assert "1 figures differ by less than their spread" in shown(before, after)
    assert "13 (12 to 14)" not in shown(before, after)
    assert "13 (12 to 14)" in shown(before, after, every=True)
    only = rates([10.0], threads=8)
    assert "1 figures are only in the report after" in shown(before, only)
    assert "1 figures are only in the report before" in shown(before, only)


def test_a_check_that_never_ran_is_counted_only() -> None:
    results = examples.results()
    fewer = examples.certify(results=results[:4] + results[5:])
    assert "training.tinynet_learns[cuda]" not in shown(examples.certify(), fewer)
    assert "1 checks are skipped in one report and not there" in shown(examples.certify(), fewer)
    assert "training.tinynet_learns[cuda]" in shown(examples.certify(), fewer, every=True)


def test_nothing_is_said_to_be_nothing() -> None:
    assert "nothing differs but the conditions of the run" in shown(examples.certify(), examples.certify())


def test_nothing_of_a_report_moves_the_cursor() -> None:
    hostile = examples.measured("ra\x1b[2Jte", [1.0, 2.0], "GFLOPS\n# x", conditions={"a\u202e": "b\x07"})
    text = shown(examples.certify(), changed(7, measurements=[hostile]), every=True)
    assert not {"\x1b", "\u202e", "\x07"} & set(text)
    assert "\n# x" not in text
