"""A verdict is what the rules say, and a report that says otherwise is none."""

import pytest

from tests import examples
from tests.examples import policy, result
from verify.judge.rules import RULES
from verify.judge.verdict import audit, judge
from verify.report.canonical import seal
from verify.report.upgrade import newest
from verify.report.v2 import Verdict
from verify.report.versions import VERSIONS, Version


def test_without_rules_nothing_is_certified() -> None:
    found = judge(examples.draft(results=[result("a.b")]), policy(), rules=())
    assert found.value == "refused"
    assert found.findings[0].rule == "rules.none"


def test_every_rule_is_asked_once() -> None:
    assert len(set(RULES)) == len(RULES) == 13


@pytest.mark.parametrize("version", VERSIONS)
def test_what_was_judged_honestly_survives_its_audit(version: Version) -> None:
    assert audit(examples.report(version), policy()) == []


@pytest.mark.parametrize("version", ["v2", "v3"])
@pytest.mark.parametrize("value", ["certified", "refused"])
def test_another_verdict_than_the_rules_give_is_a_contradiction(version: Version, value: str) -> None:
    report = newest(examples.report(version))
    assert report.verdict is not None
    lied = report.model_copy(update={"verdict": report.verdict.model_copy(update={"value": value})})
    assert [finding.rule for finding in audit(lied, policy())] == ["verdict.differs"]


def test_a_finding_that_was_left_out_is_a_contradiction() -> None:
    verdict = Verdict(value="conditional", findings=examples.certify().verdict.findings[:1])  # type: ignore[union-attr]
    lied = examples.certify().model_copy(update={"verdict": verdict})
    assert [finding.rule for finding in audit(lied, policy())] == ["verdict.differs"]


def test_a_failure_is_no_contradiction() -> None:
    failed = result("a.c", **examples.not_passed("failed", "no"))
    report = examples.certify(results=[result("a.b"), failed])
    assert report.verdict is not None
    assert report.verdict.value == "refused"
    assert audit(report, policy()) == []


def test_a_wrong_sum_is_a_contradiction_whatever_the_verdict() -> None:
    report = examples.certify(results=[result("a.b", measurements=[examples.measured("t", [1], "s", value=2)])])
    assert [finding.rule for finding in audit(report, policy())] == ["recompute.value"]


def test_a_claim_that_another_claim_contradicts_is_a_contradiction_too() -> None:
    """As of somebody else's report: a rate that does not follow from the time beside it."""
    shape = {"n": 2048, "dtype": "float32"}
    figures = [
        examples.measured("seconds", [0.00136], "s", direction="lower", conditions=shape),
        examples.measured("gflops", [1263.2], "GFLOPS", conditions=shape),
    ]
    report = examples.certify(results=[result("matmul.rate", measurements=figures)])
    assert [finding.rule for finding in audit(report, policy())] == ["recompute.value"]


def test_the_place_in_the_chain_does_not_matter() -> None:
    report = examples.report()
    assert audit(seal(report, 7, "f" * 64), policy()) == []
    assert judge(report, policy()) == judge(examples.draft(), policy())


def test_the_gravest_comes_first() -> None:
    items = [
        *examples.results(),
        result("z.z", **examples.not_passed("failed", "no")),
        result("z.y", known_issue=examples.KNOWN_ISSUE),
    ]
    found = judge(examples.draft(results=items), policy())
    assert [finding.severity for finding in found.findings] == ["error", "warning", "warning", "note"]
