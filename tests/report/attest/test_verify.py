"""An attestation holds of its report, of its machine, in its time, and of nothing else."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests import examples
from tests.report.attest.signing import (
    EXPIRES,
    NOW,
    SIGNED,
    attestation,
    key,
    revoked,
    signer,
    signers,
    statement,
)
from verify.report.attest.envelope import sign
from verify.report.attest.of_report import file_digest
from verify.report.attest.statement import PAYLOAD_TYPE, Statement, payload
from verify.report.attest.verify import Attested, contradiction, verify_envelope
from verify.report.canonical import seal
from verify.report.v2 import Finding
from verify.report.versions import AnyReport

ADA = key()
THOSE = signers(signer(ADA))


def rule(data: bytes, now: datetime = NOW, **more: Any) -> str | None:
    """Why an attestation does not count."""
    found = verify_envelope(data, more.pop("those", THOSE), now, **more)
    return found.rule if isinstance(found, Finding) else None


def held(data: bytes, now: datetime = NOW, **more: Any) -> Attested:
    """An attestation that counts."""
    found = verify_envelope(data, THOSE, now, **more)
    assert isinstance(found, Attested)
    return found


def contradicts(said: Statement, report: AnyReport) -> tuple[str, str] | None:
    """How they differ."""
    found = contradiction(said, report)
    return (found.rule, found.message) if found else None


def test_an_attestation_holds_of_its_report() -> None:
    found = held(attestation(ADA))
    assert (found.signers, found.findings) == (("ada",), ())
    assert contradicts(found.statement, examples.report()) is None


def test_no_byte_of_an_attestation_can_change() -> None:
    small = examples.report(results=examples.results()[:1], facts=examples.facts(devices=[], packages=[]))
    data = attestation(ADA, small)
    assert rule(data) is None
    for at in range(len(data)):
        assert rule(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]) is not None, at


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"valid_from": "2026-02-15T16:50:00Z"}, "window"),
        ({"valid_until": "2026-02-15T16:50:00Z"}, "window"),
        ({"valid_until": "2026-02-15T16:00:00Z"}, "window"),
        ({"environments": ("cpu",)}, "environment"),
        ({"revoked": revoked("2026-02-15T16:50:00Z", compromised=False)}, "revoked"),
        ({"revoked": revoked("2027-01-01T00:00:00Z", compromised=True)}, "compromised"),
    ],
)
def test_a_key_must_count_when_the_report_ended_and_when_it_was_signed(changes: dict[str, Any], expected: str) -> None:
    assert rule(attestation(ADA), those=signers(signer(ADA, **changes))) == f"signature.{expected}"


def test_an_old_report_holds_after_its_key_was_replaced() -> None:
    later = datetime(2031, 1, 1, tzinfo=UTC)
    retired = signer(ADA, valid_until="2026-02-16T00:00:00Z")
    both = signers(signer(key(), name="grace", valid_from="2026-02-16T00:00:00Z"), retired)
    assert rule(attestation(ADA), later, those=both) is None
    gone = signer(ADA, revoked=revoked("2026-02-16T00:00:00Z", compromised=False))
    assert rule(attestation(ADA), later, those=signers(gone)) is None


def test_an_ended_certificate_is_stale_and_not_wrong() -> None:
    ends = datetime(2026, 3, 17, 16, 41, 37, tzinfo=UTC)
    assert held(attestation(ADA), ends).findings == ()
    (stale,) = held(attestation(ADA), ends + timedelta(seconds=1)).findings
    assert (stale.rule, stale.severity) == ("signature.stale", "warning")
    assert stale.message.startswith(f"stale: the certificate ended at {EXPIRES}")


def test_todays_policy_can_end_a_certificate_sooner_but_not_later() -> None:
    assert held(attestation(ADA), NOW, longest=timedelta(days=4)).findings != ()
    assert held(attestation(ADA), NOW, longest=timedelta(days=5)).findings == ()
    after = datetime(2026, 3, 18, tzinfo=UTC)
    assert held(attestation(ADA), after, longest=timedelta(days=900)).findings != ()


def test_nothing_is_signed_before_it_was_or_after_now() -> None:
    assert rule(attestation(ADA, attested="2026-02-15T16:41:36Z")) == "signature.time"
    assert rule(attestation(ADA, attested="2026-02-15T16:41:37Z")) is None
    at = datetime(2026, 2, 15, 16, 55, tzinfo=UTC)
    assert rule(attestation(ADA), at) == "signature.time"
    assert rule(attestation(ADA), at, skew=timedelta(minutes=4)) == "signature.time"
    assert rule(attestation(ADA), at, skew=timedelta(minutes=5)) is None
    assert rule(attestation(ADA, attested="2099-01-01T00:00:00Z")) == "signature.window"


@pytest.mark.parametrize(
    "other",
    [
        b"",
        b"[]",
        b'{"_type":"https://in-toto.io/Statement/v1"}',
        payload(statement()).replace(b'"result":"WARNED"', b'"result":"PASSED","result":"WARNED"'),
        payload(statement()).replace(b'"result":"WARNED"', b'"result":"FINE"'),
        payload(statement()).replace(b'"verdict":', b'"score":1,"verdict":'),
        payload(statement()).replace(b"urn:x-llm-verify:certificate:v1", b"urn:x-llm-verify:certificate:v2"),
        payload(statement()).replace(f'"attested":"{SIGNED}"'.encode(), b'"attested":"2026-02-30T17:00:00Z"'),
    ],
)
def test_what_is_no_statement_of_ours_is_refused_though_it_is_signed(other: bytes) -> None:
    assert other != payload(statement())
    assert rule(sign(other, PAYLOAD_TYPE, ADA)) == "signature.payload"


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"machine": "b" * 32}, "the machine"),
        ({"environment": {"name": "cpu", "digest": "e" * 64}}, "the environment"),
        ({"id": "0123456789ac"}, "the report"),
        ({"created": "2026-02-15T16:30:06Z"}, "other bytes"),
        ({"lock": {"name": "macos-arm64.txt", "digest": "2" * 64, "packages": 61}}, "other bytes"),
    ],
)
def test_an_attestation_of_another_report_is_told_from_this_ones(changes: dict[str, Any], what: str) -> None:
    found = contradicts(statement(), examples.report(**changes))
    assert found is not None
    assert found[0] == "signature.subject"
    assert what in found[1]


def test_a_report_at_another_place_of_its_chain_is_another() -> None:
    moved = seal(examples.report(), 2, "9" * 64)
    assert contradicts(statement(), moved) == (
        "signature.subject",
        "it attests other bytes than those of the report",
    )


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("predicate", "result"), "PASSED"),
        (("predicate", "warnedTests"), []),
        (("predicate", "llmVerifyCertificate", "verdict"), "certified"),
        (("predicate", "llmVerifyCertificate", "findings"), []),
        (("predicate", "llmVerifyCertificate", "not_run"), []),
        (("predicate", "llmVerifyCertificate", "metrics", 0, "value"), 1),
        (("predicate", "llmVerifyCertificate", "hardware", "memory_bytes"), 1),
        (("predicate", "llmVerifyCertificate", "report", "digest"), "0" * 64),
        (("subject", 1, "digest", "sha256"), "0" * 64),
        (("subject", 0, "name"), "reports/m2/another.json"),
    ],
)
def test_a_signer_cannot_say_other_things_than_the_report(place: tuple[str | int, ...], value: object) -> None:
    said = json.loads(payload(statement()))
    part = said
    for step in place[:-1]:
        part = part[step]
    assert part[place[-1]] != value
    part[place[-1]] = value
    found = held(sign(json.dumps(said).encode(), PAYLOAD_TYPE, ADA))
    assert contradicts(found.statement, examples.report()) == (
        "signature.statement",
        "it says other things than its report",
    )


def test_a_report_without_a_verdict_makes_no_statement_whoever_signed_one() -> None:
    quick = examples.report("v1")
    said = json.loads(payload(statement()))
    said["subject"][0]["digest"]["sha256"] = file_digest(quick)
    assert contradicts(Statement.model_validate_json(json.dumps(said)), quick) == (
        "signature.statement",
        "report 0123456789ab has no verdict: it is of level quick",
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"valid_from": "2026-02-15T16:50:00Z"},
            "the report's end is 2026-02-15T16:41:37Z, the key ada is valid from ",
        ),
        (
            {"valid_until": "2026-02-15T16:50:00Z"},
            "the signature's time is 2026-02-15T17:00:00Z, the key ada is valid ",
        ),
    ],
)
def test_which_moment_a_key_did_not_count_at_is_told(changes: dict[str, Any], said: str) -> None:
    found = verify_envelope(attestation(ADA), signers(signer(ADA, **changes)), NOW)
    assert isinstance(found, Finding)
    assert found.message.startswith(said)
