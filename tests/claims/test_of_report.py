"""Our own figures are claims on the same topics as those that people write."""

import pytest

from tests import examples, finetuned
from verify.claims.claim import Document
from verify.claims.of_report import claims_of
from verify.report.upgrade import newest


def document() -> Document:
    """The example as claims."""
    return claims_of(examples.certify())


def test_figures_have_the_topics_that_rules_know() -> None:
    told = {claim.topic: claim for claim in document().claims}
    rate = told["matmul_rate"]
    assert rate.quantity.unit == "GFLOPS"
    assert rate.quantity.low == pytest.approx(12540.05)
    assert {"device": "mps", "dtype": "float32"}.items() <= rate.settings.items()
    assert told["bandwidth"].quantity.unit == "GB/s"
    assert told["loss_final"].quantity.unit == "nat"
    assert (told["share"].stated_as, told["share"].settings["part"]) == ("derived", "trainable_parameters")
    assert all(claim.place.line == 0 for claim in told.values())


def test_counts_can_be_held_against_what_is_listed() -> None:
    told = {claim.topic: claim.quantity.low for claim in document().claims}
    listed = [item for tests in document().enumerations for item in tests.items]
    assert told["tests_total"] == len(listed)
    assert told["tests_passed"] == sum(item.passed is True for item in listed)
    assert told["tests_failed"] == sum(item.passed is False for item in listed)


def test_whatever_ran_and_did_not_pass_has_failed() -> None:
    results = [*examples.results(), examples.result("a.b", **examples.not_passed("crashed", "signal 11"))]
    report = newest(examples.report("v3", results=results))
    told = {claim.topic: claim.quantity.low for claim in claims_of(report).claims}
    assert told["tests_failed"] == report.counts.failed + report.counts.crashed == 2


def test_the_machine_and_what_is_installed_are_told() -> None:
    (machine,) = document().machines
    assert (machine.chip, machine.gpu_cores, machine.kernel) == ("M2 Ultra", 60, "25.2.0")
    assert [moment.iso for moment in document().moments] == ["2026-02-15T16:41:37+00:00"]
    assert machine.memory_gb == pytest.approx(68.719476736)
    assert {pinned.package: pinned.version for pinned in document().pinned} == dict(examples.PACKAGES)


def test_an_older_report_is_read_once_it_is_upgraded() -> None:
    assert claims_of(newest(examples.report("v1"))).enumerations


def test_a_fine_tune_is_a_log_with_running_totals() -> None:
    report = newest(finetuned.report())
    assert report.finetune is not None
    lines, logged = report.finetune.trained, claims_of(report).logged
    assert [told.step for told in logged] == [line.iteration for line in lines]
    assert logged[-1].tokens == sum(line.tokens for line in lines)
    assert logged[-1].seconds == pytest.approx(sum(line.seconds for line in lines))
    assert [told.loss for told in logged] == [line.loss for line in lines]
