"""The attestations of a history: those that hold, those that do not, those that are missing."""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.examples import ROOT
from tests.report.attest.signing import NOW, attestation, key, revoked, signer
from tests.report.histories import append
from verify.errors import UsageError
from verify.report.keys import Signer, entry
from verify.report.read import read_report
from verify.run.signatures import attestation_of, audit_signatures

ADA = key()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project that trusts Ada."""
    shutil.copytree(ROOT / "policy", tmp_path / "policy")
    trust(tmp_path, signer(ADA))
    return tmp_path


def trust(root: Path, *those: Signer, first: str = "") -> None:
    """Who may sign there."""
    (root / "policy/allowed-signers.toml").write_text(first + "\n" + "\n".join(map(entry, those)))


def attested(root: Path, number: int = 0, **more: str) -> Path:
    """A report with its attestation; the latter's file."""
    path = append(root, number, **more)
    beside = attestation_of(path)
    beside.write_bytes(attestation(ADA, read_report(path, root)))
    return beside


def rules(root: Path, now: datetime = NOW) -> list[tuple[str, str]]:
    """What is found, and of which weight."""
    return [(finding.rule.removeprefix("signature."), finding.severity) for finding in audit_signatures(root, now)]


def test_attested_reports_are_found_right(root: Path) -> None:
    attested(root, 1)
    attested(root, 2, machine="b" * 32)
    assert rules(root) == []


def test_a_project_without_reports_has_nothing_wrong(root: Path) -> None:
    assert rules(root) == []


def test_ended_certificates_are_stale_which_is_a_warning(root: Path) -> None:
    name = attested(root).name
    (finding,) = audit_signatures(root, datetime(2027, 1, 1, tzinfo=UTC))
    assert (finding.rule, finding.severity) == ("signature.stale", "warning")
    assert finding.subject == f"reports/m2/{name}"


def test_a_missing_attestation_is_an_error_from_the_day_on_that_the_policy_says(root: Path) -> None:
    append(root)
    assert rules(root) == [("missing", "warning")]
    trust(root, signer(ADA), first="required_from = 2026-02-15T16:41:38Z")
    assert rules(root) == [("missing", "warning")]
    trust(root, signer(ADA), first="required_from = 2026-02-15T16:41:37Z")
    assert rules(root) == [("missing", "error")]


def test_attestations_that_change_places_are_found(root: Path) -> None:
    one, two = attested(root, 1), attested(root, 2, machine="b" * 32)
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    assert rules(root) == [("subject", "error")] * 2


def test_an_attestation_without_its_report_is_found(root: Path) -> None:
    attested(root, 1)
    beside = attested(root, 2)
    beside.with_name(beside.name.replace(".intoto", "")).unlink()
    (finding,) = audit_signatures(root, NOW)
    assert (finding.rule, finding.subject) == ("signature.orphan", f"reports/m2/{beside.name}")


def test_a_changed_report_does_not_hide_the_others(root: Path) -> None:
    first = attested(root, 1)
    attested(root, 2).write_bytes(b"{}")
    report = first.with_name(first.name.replace(".intoto", ""))
    report.write_bytes(report.read_bytes().replace(b'"certify"', b'"certifY"'))
    assert rules(root) == [("report", "error"), ("form", "error")]


@pytest.mark.parametrize("kind", ["link", "dangling", "folder", "pipe"])
def test_what_is_no_plain_file_is_no_attestation(root: Path, kind: str) -> None:
    beside = attested(root)
    kept = beside.rename(root / "kept.json")
    match kind:
        case "link":
            beside.symlink_to(kept)
        case "dangling":
            beside.symlink_to(root / "absent")
        case "folder":
            beside.mkdir()
        case "pipe":
            os.mkfifo(beside)
    assert rules(root) == [("form", "error")]


def test_a_key_that_is_compromised_takes_all_it_signed_with_it(root: Path) -> None:
    attested(root, 1)
    attested(root, 2)
    trust(root, signer(ADA, revoked=revoked("2099-01-01T00:00:00Z", compromised=True)))
    assert rules(root) == [("compromised", "error")] * 2


@pytest.mark.parametrize(
    ("first", "why"),
    [("threshold = 0", "threshold"), ("signer = 1", "not a key here"), ("required_from = 2026-01-01", "required_from")],
)
def test_a_policy_that_is_wrong_is_refused_by_its_line(root: Path, first: str, why: str) -> None:
    trust(root, signer(ADA), first=first)
    with pytest.raises(UsageError, match=rf"policy/allowed-signers\.toml:1: .*{why}"):
        audit_signatures(root, NOW)
