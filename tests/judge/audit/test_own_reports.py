"""What we measure ourselves is audited by the same rules, and a report of ours has nothing to be ashamed of."""

from pathlib import Path

import pytest

from tests import examples
from tests.judge.audit.documents import known
from verify.claims.of_report import claims_of
from verify.judge.audit.audit import audit_document
from verify.report.read import read_report
from verify.report.upgrade import newest
from verify.report.versions import AnyReport

STORED = sorted(examples.ROOT.glob("reports/*/*.json"))


def _errors(report: AnyReport) -> list[str]:
    found = audit_document(claims_of(newest(report)), known())
    return [finding.rule for finding in found if finding.severity == "error"]


def test_the_example_has_no_fault() -> None:
    assert _errors(examples.draft()) == []


@pytest.mark.parametrize("path", STORED, ids=[path.stem for path in STORED])
def test_a_stored_report_has_no_fault(path: Path) -> None:
    assert _errors(read_report(path, examples.ROOT)) == []
