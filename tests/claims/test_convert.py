"""An old report can be kept as one of ours, and never certifies anything."""

import pytest

from tests.claims.written import read
from tests.examples import policy, with_verdict
from verify.claims.claim import Document
from verify.claims.convert import NO_DIGEST, NO_MACHINE, carried
from verify.errors import IntegrityError
from verify.judge.verdict import audit, judge
from verify.report import v2, v3
from verify.report.canonical import seal, stored_text
from verify.report.read import parse_report
from verify.report.versions import VERSIONS, AnyReport, Version

OLD = """\
# Old report
**Hardware**: Apple M2 Max (32GB RAM) / macOS Darwin 23.4.0
Python: 3.12
## Functional tests
| Test | Status | Memory | Time |
|---|---|---|---|
| MPS basics | ✅ | 0.4 GB | 1.2 s |
| LoRA in /Users/ada/models | ❌ | 0.5 GB | <3 s |
## Benchmarks
- Matrix multiplication (MPS): 9-11 TFLOPS
- Memory bandwidth: 310 GB/s

| Package | Version |
|---|---|
| torch | 2.4.0 |
"""


def old() -> Document:
    """The old report, read."""
    return read(OLD)


def made(version: Version) -> AnyReport:
    """The old report as one of ours."""
    return carried(old(), version, "m2", "macos-arm64", "2026-02-03T04:05:06Z")


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_carried_is_ever_certified(version: Version) -> None:
    report = made(version)
    assert {result.outcome for result in report.results} == {"skipped"}
    assert all(result.required for result in report.results)
    verdict = judge(report, policy())
    assert verdict.value == "refused"
    assert {"outcomes.skipped", "plan.nothing_passed"} <= {finding.rule for finding in verdict.findings}


@pytest.mark.parametrize("version", VERSIONS)
def test_what_was_carried_can_be_stored_and_read_back(version: Version) -> None:
    judged = with_verdict(made(version))
    assert not audit(judged, policy())
    sealed = seal(judged, 1, None)
    assert parse_report(stored_text(sealed).encode(), "old") == sealed


def test_every_figure_is_carried_and_names_its_line() -> None:
    report = made("v3")
    assert isinstance(report, v3.Report)
    figures = {figure.name: figure for result in report.results for figure in result.measurements}
    assert {figure.provenance for figure in figures.values()} == {"carried"}
    assert (figures["matmul_rate_low"].value, figures["matmul_rate_high"].value) == (9000, 11000)
    assert figures["bandwidth"].source == "old.md:11"
    assert figures["bandwidth"].conditions["written"] == "310 GB/s"
    assert all(not figure.samples for figure in figures.values())


def test_tests_are_told_by_their_own_account() -> None:
    reasons = [result.reason for result in made("v1").results]
    assert reasons == [
        "passed by the account of old.md:7; nothing ran",
        "failed by the account of old.md:8; nothing ran",
    ]


def test_the_second_version_holds_the_memory_of_each_test() -> None:
    report = made("v2")
    assert isinstance(report, v2.Report)
    assert [result.peak_memory_bytes for result in report.results] == [400_000_000, 500_000_000]


def test_what_the_old_report_does_not_tell_cannot_be_mistaken_for_a_machine() -> None:
    report = made("v3")
    assert (report.machine, report.lock.digest, report.suite.digest) == (NO_MACHINE, NO_DIGEST, NO_DIGEST)
    assert (report.facts.architecture, report.facts.processor.physical_cores) == ("not told", 0)
    assert (report.facts.processor.name, report.facts.memory_bytes) == ("M2 Max", 32 * 10**9)
    assert (report.facts.python.version, report.facts.kernel) == ("3.12", "Darwin 23.4.0")
    assert [(package.name, package.version) for package in report.facts.packages] == [("torch", "2.4.0")]


def test_homes_of_people_stay_behind() -> None:
    assert "ada" not in stored_text(seal(with_verdict(made("v3")), 1, None))


def test_the_same_text_has_the_same_id_and_another_has_another() -> None:
    assert made("v1").id == made("v3").id
    other = read(OLD.replace("310", "311"))
    assert carried(other, "v3", "m2", "macos-arm64", "2026-02-03T04:05:06Z").id != made("v3").id


def test_a_report_without_anything_to_carry_is_refused() -> None:
    with pytest.raises(IntegrityError, match="nothing in it could be carried into v1"):
        carried(read("Peak memory: 3 GB"), "v1", "m2", "macos-arm64", "2026-02-03T04:05:06Z")
