"""Keys that are thrown away, and what they sign."""

from datetime import UTC, datetime
from typing import Any

from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined]  # it has no __all__

from tests import examples
from verify.report.attest.envelope import sign
from verify.report.attest.of_report import statement_of
from verify.report.attest.statement import PAYLOAD_TYPE, Statement, payload
from verify.report.keys import Revocation, Signer, Signers, keyid_of
from verify.report.versions import AnyReport

# The example's report ended on 2026-02-15 at 16:41:37.
SIGNED = "2026-02-15T17:00:00Z"
EXPIRES = "2026-03-17T16:41:37Z"
NOW = datetime(2026, 2, 20, tzinfo=UTC)


def key() -> CryptoSigner:
    """A new key."""
    return CryptoSigner.generate_ed25519()


def signer(of: CryptoSigner, **changes: Any) -> Signer:
    """The entry of a key that may sign the example's reports, all of its year."""
    public_key = of.public_key.keyval["public"]
    fields = {
        "name": "ada",
        "public_key": public_key,
        "keyid": keyid_of(public_key),
        "environments": ("m2",),
        "valid_from": "2026-01-01T00:00:00Z",
        "valid_until": "2026-12-31T23:59:59Z",
    }
    return Signer.model_validate({**fields, **changes})


def signers(*those: Signer, **changes: Any) -> Signers:
    """A policy."""
    return Signers(signers=those, **changes)


def revoked(at: str, *, compromised: bool) -> Revocation:
    """A revocation."""
    return Revocation(at=at, reason="the laptop was stolen", compromised=compromised)


def statement(report: AnyReport | None = None, **changes: Any) -> Statement:
    """What the example's report makes."""
    return statement_of(report or examples.report(), **{"attested": SIGNED, "expires": EXPIRES, **changes})


def attestation(by: CryptoSigner, report: AnyReport | None = None, **changes: Any) -> bytes:
    """The example's attestation."""
    return sign(payload(statement(report, **changes)), PAYLOAD_TYPE, by)
