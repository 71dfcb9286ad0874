"""What is signed of a report follows from the report."""

import hashlib
import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry

from tests import examples
from tests.examples import measured, not_passed, result
from tests.report.attest.signing import EXPIRES, SIGNED, statement
from verify.errors import UsageError
from verify.report.attest.of_report import file_digest
from verify.report.attest.statement import Metric, Statement, payload
from verify.report.canonical import stored_text
from verify.report.schemas import schema_text
from verify.report.validate import formats
from verify.report.versions import Version


def metric(samples: list[float], **more: Any) -> Metric:
    """What becomes of a measurement."""
    figures = [measured("rate", samples, "GFLOPS", **more)]
    return statement(examples.report(results=[result("a.b", measurements=figures)])).certificate.metrics[0]


def test_it_is_a_test_result_of_in_toto() -> None:
    said = json.loads(payload(statement()))
    assert said["_type"] == "https://in-toto.io/Statement/v1"
    assert said["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    assert said["predicate"]["result"] == "WARNED"
    assert set(said["predicate"]) == {
        *("result", "configuration", "passedTests", "warnedTests", "failedTests", "llmVerifyCertificate"),
    }
    assert [one["name"] for one in said["predicate"]["configuration"]] == ["envs/m2.toml", "suite 0.1.0"]


def test_its_subjects_are_the_bytes_of_the_report_and_the_lock() -> None:
    report = examples.report()
    subjects = {one.name: one.digest.sha256 for one in statement(report).subject}
    assert subjects == {
        "reports/m2/20260215T163005Z-0123456789ab.json": hashlib.sha256(stored_text(report).encode()).hexdigest(),
        "lockfiles/macos-arm64.txt": "1" * 64,
    }
    assert statement(report).certificate.report.digest == report.digest != file_digest(report)


def test_the_image_is_a_subject_where_the_report_knows_it() -> None:
    image = {"digest": f"sha256:{'c' * 64}", "source": None, "base": None}
    known = examples.report(facts=examples.facts(image=image))
    assert [one.digest.sha256 for one in statement(known).subject][2:] == ["c" * 64]
    untold = examples.report(facts=examples.facts(image={**image, "digest": None}))
    assert len(statement(untold).subject) == 2


def test_each_check_that_ran_is_listed_once_and_no_other() -> None:
    predicate = statement().predicate
    assert predicate.warned == ("quantization.int8_keeps_the_outputs[mps]", "bandwidth.copy[mps]")
    assert predicate.failed == ()
    assert "training.tinynet_learns[cuda]" not in predicate.passed
    assert len(predicate.passed) == 6
    (missing,) = statement().certificate.not_run
    assert (missing.id, missing.required) == ("training.tinynet_learns[cuda]", False)
    assert missing.reason == "m2 promises no cuda"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("PASSED", 1, 0, 0)),
        (not_passed("failed", "it is wrong"), ("FAILED", 0, 0, 1)),
        (not_passed("crashed", "signal 11", known_issue=examples.KNOWN_ISSUE), ("WARNED", 0, 1, 0)),
        ({"known_issue": examples.KNOWN_ISSUE}, ("PASSED", 1, 0, 0)),
        ({"measurements": [measured("rate", [1], "GB/s", inconclusive="busy")]}, ("WARNED", 0, 1, 0)),
        ({"measurements": [measured("rate", [1], "GB/s", value=2)]}, ("FAILED", 0, 0, 1)),
        (not_passed("skipped", "no time"), ("FAILED", 0, 0, 0)),
    ],
)
def test_the_result_is_the_verdict(changes: dict[str, Any], expected: tuple[str, int, int, int]) -> None:
    predicate = statement(examples.report(results=[result("a.a"), result("a.b", **changes)])).predicate
    counts = len(predicate.passed) - 1, len(predicate.warned), len(predicate.failed)
    assert (predicate.result, *counts) == expected


def test_a_failure_that_no_rule_spoke_of_is_no_pass() -> None:
    judged = examples.report(results=[result("a.b", **not_passed("failed", "it is wrong"))], verdict=None)
    silent = judged.model_copy(update={"verdict": examples.certify().verdict})
    assert statement(silent).predicate.failed == ("a.b",)


def test_a_metric_has_its_unit_interval_and_provenance() -> None:
    found = metric([5, 1, 2, 3, 4, 6, 7, 8, 9, 10], conditions={"n": 512})
    assert (found.check, found.name, found.unit, found.value, found.samples) == ("a.b", "rate", "GFLOPS", 5.5, 10)
    assert (found.provenance, found.conditions, found.inconclusive) == ("measured", {"n": 512}, None)
    # Of ten, the second and the last hold the median with 1 - 12/1024.
    assert (found.low, found.high) == (2, 10)


def test_too_few_samples_and_curves_have_no_interval() -> None:
    assert metric([1, 2, 3, 4, 5]).low is None
    assert metric([1, 2, 3, 4, 5, 6]).low == 1
    assert metric([1, 2, 3, 4, 5, 6], along="step", value=6).low is None


def test_the_certificate_says_what_a_test_result_cannot() -> None:
    report = examples.certify()
    certificate = statement(report).certificate
    assert report.verdict is not None
    assert (certificate.verdict, certificate.findings) == ("conditional", report.verdict.findings)
    assert certificate.machine == report.machine
    assert certificate.hardware.processor.name == "Apple M2 Ultra"
    assert len(certificate.metrics) == sum(len(one.measurements) for one in report.results)
    assert (certificate.attested, certificate.expires) == (SIGNED, EXPIRES)


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_a_report_of_any_version_with_a_verdict_can_be_attested(version: Version) -> None:
    report = examples.report(version)
    stored = statement(report).certificate.report
    assert (stored.version, stored.digest) == (version, report.digest)


def test_a_report_without_a_verdict_cannot() -> None:
    with pytest.raises(UsageError, match="has no verdict: it is of level quick"):
        statement(examples.report("v1"))


def test_what_is_signed_reads_back_and_has_the_shape_of_its_schema() -> None:
    said = payload(statement(url="https://ci.example.org/runs/1"))
    assert Statement.model_validate_json(said) == statement(url="https://ci.example.org/runs/1")
    schema = Draft202012Validator(json.loads(schema_text(Statement)), format_checker=formats(), registry=Registry())
    assert list(schema.iter_errors(json.loads(said))) == []
    assert list(schema.iter_errors(json.loads(said) | {"predicateType": "https://example.org/other"})) != []
