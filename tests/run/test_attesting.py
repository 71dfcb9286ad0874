"""A report is signed only so that the signature holds."""

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests import examples
from tests.report.attest.signing import NOW, key, revoked, signer, signers
from tests.report.histories import append
from verify.errors import IntegrityError, UsageError
from verify.render import markdown
from verify.report import history
from verify.report.attest.verify import Attested
from verify.report.v2 import Finding
from verify.run.attesting import attest
from verify.run.signatures import Trust, attestation_of, examine_stored

ADA, GRACE = key(), key()
TRUST = Trust(signers(signer(ADA), signer(GRACE, name="grace"), threshold=2), timedelta(days=30), timedelta(minutes=10))


def names(path: Path, root: Path, trust: Trust = TRUST) -> tuple[str, ...] | str:
    """Who vouches for a report, or the rule that says that nobody does."""
    found = examine_stored(path, root, trust, NOW)
    return found.rule if isinstance(found, Finding) else found.signers


def test_signers_sign_one_after_the_other_until_there_are_enough(tmp_path: Path) -> None:
    path = append(tmp_path)
    first = attest(path, tmp_path, ADA, TRUST, NOW, url="https://ci.example.org/1")
    assert first.signers == ("ada",)
    assert names(path, tmp_path) == "signature.threshold"
    second = attest(path, tmp_path, GRACE, TRUST, NOW + timedelta(hours=1))
    assert second.statement == first.statement
    assert names(path, tmp_path) == ("ada", "grace")


def test_the_certificate_ends_as_the_policy_says(tmp_path: Path) -> None:
    made = attest(append(tmp_path), tmp_path, ADA, TRUST, NOW).statement.certificate
    assert (made.attested, made.expires) == ("2026-02-20T00:00:00Z", "2026-03-17T16:41:37Z")


def test_to_sign_twice_changes_nothing(tmp_path: Path) -> None:
    path = append(tmp_path)
    attest(path, tmp_path, ADA, TRUST, NOW)
    before = attestation_of(path).read_bytes()
    assert isinstance(attest(path, tmp_path, ADA, TRUST, NOW + timedelta(days=1)), Attested)
    assert attestation_of(path).read_bytes() == before
    with pytest.raises(UsageError, match="names another run"):
        attest(path, tmp_path, ADA, TRUST, NOW, url="https://ci.example.org/2")


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (signer(key()), "not among the allowed signers"),
        (signer(ADA, environments=("cpu",)), "may sign for cpu, not for m2"),
        (signer(ADA, valid_until="2026-02-19T00:00:00Z"), "valid from"),
        (signer(ADA, valid_from="2026-02-16T00:00:00Z"), "the report's end is"),
        (signer(ADA, revoked=revoked("2026-02-19T00:00:00Z", compromised=False)), "was revoked"),
        (signer(ADA, revoked=revoked("2026-03-01T00:00:00Z", compromised=True)), "compromised"),
    ],
)
def test_a_key_that_may_not_sign_writes_nothing(tmp_path: Path, entry: object, why: str) -> None:
    path = append(tmp_path)
    trust = dataclasses.replace(TRUST, signers=signers(signer(GRACE, name="grace"), entry))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=why):
        attest(path, tmp_path, ADA, trust, NOW)
    assert not attestation_of(path).exists()
    attest(path, tmp_path, GRACE, trust, NOW)
    before = attestation_of(path).read_bytes()
    with pytest.raises(UsageError, match=why):
        attest(path, tmp_path, ADA, trust, NOW)
    assert attestation_of(path).read_bytes() == before


def test_an_attestation_that_does_not_hold_is_not_signed_on(tmp_path: Path) -> None:
    path = append(tmp_path)
    attest(path, tmp_path, ADA, TRUST, NOW)
    stolen = signer(ADA, revoked=revoked("2026-02-21T00:00:00Z", compromised=True))
    trust = dataclasses.replace(TRUST, signers=signers(stolen, signer(GRACE, name="grace")))
    with pytest.raises(IntegrityError, match="does not hold: the key ada is compromised") as error:
        attest(path, tmp_path, GRACE, trust, NOW)
    assert "--replace" in error.value.hint
    attest(path, tmp_path, GRACE, trust, NOW, replace=True)
    assert names(path, tmp_path, trust) == ("grace",)


def test_a_report_that_was_changed_is_not_signed(tmp_path: Path) -> None:
    path = append(tmp_path)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(IntegrityError, match="bytes are not those"):
        attest(path, tmp_path, ADA, TRUST, NOW)
    assert not attestation_of(path).exists()


def test_a_report_without_a_verdict_or_outside_of_the_history_is_not_signed(tmp_path: Path) -> None:
    quick = history.append(tmp_path, examples.draft("v1"), render=markdown.render, audit=lambda _: [])
    with pytest.raises(UsageError, match="has no verdict"):
        attest(quick, tmp_path, ADA, TRUST, NOW)
    with pytest.raises(UsageError, match=r"no report of reports/"):
        attest(tmp_path / "elsewhere.json", tmp_path, ADA, TRUST, NOW)


def test_a_clock_that_is_behind_the_report_signs_nothing(tmp_path: Path) -> None:
    path = append(tmp_path)
    with pytest.raises(UsageError, match="before the report ended"):
        attest(path, tmp_path, ADA, TRUST, datetime(2026, 2, 15, 16, tzinfo=UTC))
