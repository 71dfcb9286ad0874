"""What differs between two reports, and what does not."""

from typing import Any

from tests import examples
from verify.report.difference import Change, difference
from verify.report.v3 import Report


def changed(index: int, **changes: Any) -> Report:
    """The example with another result at one place."""
    results = examples.results()
    results[index] = {**results[index], **changes}
    return examples.certify(results=results)


def rates(samples: list[float], **more: Any) -> Report:
    """The example with other rates of its matrix product."""
    conditions = {"dtype": "float32", "shape": "2048x2048", "threads": 16, **more}
    return changed(7, measurements=[examples.measured("rate", samples, "GFLOPS", conditions=conditions)])


def test_a_report_does_not_differ_from_itself() -> None:
    found = difference(examples.certify(), examples.certify(id="f" * 12, created="2026-02-15T16:30:04Z"))
    assert not any((found.facts, found.packages, found.outcomes, found.conditions, found.figures))


def test_dropped_new_and_changed_checks_are_told_apart() -> None:
    before, after = examples.certify(), examples.certify(results=examples.results()[1:])
    dropped = Change("installed.is_the_lock", "passed", None)
    assert difference(before, after).outcomes == (dropped,)
    assert difference(after, before).outcomes == (Change(dropped.what, None, "passed"),)
    failed = changed(0, **examples.not_passed("failed", "bitsandbytes differs"))
    assert Change("installed.is_the_lock", "passed", "failed") in difference(before, failed).outcomes


def test_versions_drivers_and_builds_are_named() -> None:
    facts = examples.facts(system_build="25C57", packages=[{"name": "torch", "version": "2.11.0"}])
    facts["devices"][1]["driver"] = "580.95"
    found = difference(examples.certify(), examples.certify(facts=facts))
    assert {Change("build", "25C56", "25C57"), Change("cuda driver", None, "580.95")} <= set(found.facts)
    assert Change("torch", "2.10.0", "2.11.0") in found.packages
    assert Change("peft", "0.18.1", None) in found.packages


def test_another_machine_and_what_a_container_may_use_are_named() -> None:
    before, after = examples.certify(), examples.certify(machine="f" * 32, facts=examples.facts(memory_limit_bytes=8))
    assert {Change("machine", before.machine, "f" * 32), Change("memory limit", None, "8 B")} <= set(
        difference(before, after).facts
    )


def test_the_conditions_of_the_run_are_compared() -> None:
    other = examples.certify(conditions={"load_before": 7.5, "other": {"threads": 8}})
    found = difference(examples.certify(), other).conditions
    assert {Change("load before", "1.25", "7.5"), Change("threads", "16", "8")} <= set(found)
    assert Change("others busy percent", "31", None) in found


def test_a_figure_has_its_ratio_and_both_spreads() -> None:
    (figure,) = difference(rates([10.0, 11.0, 12.0]), rates([20.0, 22.0, 24.0])).figures
    assert (figure.check, figure.name, figure.ratio, figure.apart) == ("matmul.rate[mps]", "rate", 2.0, True)
    assert figure.before
    assert figure.after
    assert (figure.before.low, figure.before.high, figure.after.low, figure.after.high) == (10, 12, 20, 24)


def test_overlapping_spreads_and_single_samples_are_not_apart() -> None:
    before = rates([10.0, 11.0, 12.0])
    assert [one.apart for one in difference(before, rates([12.0, 13.0, 14.0])).figures] == [False]
    assert [one.apart for one in difference(before, rates([100.0])).figures] == [False]
    assert [one.apart for one in difference(rates([12.5, 13.0]), before).figures] == [True]


def test_a_figure_under_other_conditions_is_another_figure() -> None:
    before, after = difference(rates([10.0]), rates([10.0], threads=8)).figures
    assert (before.after, after.before, before.ratio) == (None, None, None)
    assert (before.conditions["threads"], after.conditions["threads"]) == (16, 8)


def test_a_ratio_of_nothing_or_across_zero_is_none() -> None:
    for value in (0, -11.0):
        (figure,) = difference(rates([10.0]), rates([value])).figures
        assert figure.ratio is None


def test_older_reports_can_be_compared_once_they_are_upgraded() -> None:
    from verify.report.upgrade import newest

    found = difference(newest(examples.report("v1")), examples.certify())
    assert {figure.before for figure in found.figures} == {None}
    assert found.outcomes == ()
