"""DSSE envelopes: signing a payload, and telling whether one counts.

The signature is DSSE's (https://github.com/secure-systems-lab/dsse), made and verified by securesystemslib, with
ed25519. What is added here is strictness: an envelope has one form, as a report has, so that no byte of it can change
unseen; every signature in it must be right and of a key that is known; and as many signers as the policy wants must be
trusted about what the payload tells of itself.
"""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import Field
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import CryptoSigner, Signature, SSlibKey  # type: ignore[attr-defined]  # it has no __all__

from verify.errors import IntegrityError
from verify.report import strict_json
from verify.report.attest.strict import parsed
from verify.report.fields import Closed, Sha256, Text
from verify.report.keys import SCHEME, Signer, Signers, Told, distrust
from verify.report.v2 import Finding, Severity

LARGEST = 16 * 1024 * 1024
MOST_SIGNATURES = 16

Tells = Callable[[bytes], Told]


class _Signed(Closed):
    keyid: Sha256
    sig: Text


class _Form(Closed):
    payload: Text
    payload_type: Text = Field(alias="payloadType")
    signatures: tuple[_Signed, ...] = Field(max_length=MOST_SIGNATURES)


@dataclass(frozen=True, slots=True)
class Verified:
    """A payload that somebody vouches for.

    Attributes:
        payload: Its bytes.
        signers: Names of those that are trusted about it.
    """

    payload: bytes
    signers: tuple[str, ...]


def doubt(rule: str, message: str, severity: Severity = "error") -> Finding:
    """A finding about an envelope."""
    return Finding(rule=f"signature.{rule}", subject="envelope", message=message, severity=severity, grade="certain")


def sign(payload: bytes, payload_type: str, key: CryptoSigner) -> bytes:
    """The envelope of a payload with one signature, as it is stored.

    Args:
        payload: Anything.
        payload_type: Its media type, which is signed too.
        key: From `private_key.load_key`.
    """
    return _signed(Envelope(payload, payload_type, {}), key)


def add_signature(data: bytes, key: CryptoSigner) -> bytes:
    """The same envelope with one more signature.

    Args:
        data: A stored envelope that `verify` has found right.
        key: Of another signer.
    """
    return _signed(Envelope.from_dict(json.loads(data)), key)


def verify(data: bytes, payload_type: str, signers: Signers, tells: Tells) -> Verified | Finding:
    """The payload of a stored envelope where it counts, or why it does not.

    Args:
        data: The envelope's bytes.
        payload_type: What it must be.
        signers: Who may sign.
        tells: What the payload tells of itself; asked only when its signatures are right. It raises IntegrityError
            where the payload is not of its type.
    """
    opened = _opened(data, payload_type)
    if isinstance(opened, Finding):
        return opened
    known: list[Signer] = []
    for signature in opened.signatures.values():
        signer = _author(opened, signature, signers)
        if isinstance(signer, Finding):
            return signer
        known.append(signer)
    return _counted(opened.payload, known, signers.threshold, tells)


def _signed(envelope: Envelope, key: CryptoSigner) -> bytes:
    envelope.sign(key)
    return _stored(envelope)


def _stored(envelope: Envelope) -> bytes:
    signatures = [{"keyid": one["keyid"], "sig": one["sig"]} for one in envelope.to_dict()["signatures"]]
    whole = {"payload": _text(envelope.payload), "payloadType": envelope.payload_type, "signatures": signatures}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _text(data: bytes) -> str:
    return base64.standard_b64encode(data).decode()


def _opened(data: bytes, payload_type: str) -> Envelope | Finding:
    """The envelope that the bytes are, if they are one in the one form, of this type, and signed at all."""
    try:
        opened = _parsed(data)
    except IntegrityError as error:
        return doubt("form", error.message)
    if opened.payload_type != payload_type:
        return doubt("payload_type", f"the payload is {opened.payload_type[:80]!a}, not {payload_type}")
    return opened if opened.signatures else doubt("missing", "the envelope has no signature")


def _parsed(data: bytes) -> Envelope:
    if len(data) > LARGEST:
        raise IntegrityError(f"the envelope has {len(data)} bytes, the limit is {LARGEST}", strict_json.RESTORE)
    form = parsed(_Form, data, "the envelope")
    try:
        envelope = Envelope.from_dict(form.model_dump(by_alias=True))
    except ValueError as error:
        raise IntegrityError(f"it is no DSSE envelope: {error}", strict_json.RESTORE) from error
    if _stored(envelope) != data:
        raise IntegrityError("its bytes are not those of the envelope it holds", strict_json.RESTORE)
    return envelope


def _author(envelope: Envelope, signature: Signature, signers: Signers) -> Signer | Finding:
    """Whose signature this is, if it is right."""
    signer = signers.with_keyid(signature.keyid)
    if signer is None:
        return doubt("unknown_key", f"the key {signature.keyid} is not among the allowed signers")
    key = SSlibKey(signer.keyid, SCHEME, SCHEME, {"public": signer.public_key})
    try:
        key.verify_signature(signature, envelope.pae())
    except UnverifiedSignatureError:
        return doubt("invalid", f"the signature of {signer.name} is not one of this payload")
    return signer


def _counted(payload: bytes, known: Sequence[Signer], threshold: int, tells: Tells) -> Verified | Finding:
    """The payload, if as many of its signers as are wanted are trusted about it."""
    try:
        told = tells(payload)
    except IntegrityError as error:
        return doubt("payload", error.message)
    doubts = [(signer, distrust(signer, told)) for signer in known]
    trusted = tuple(signer.name for signer, reason in doubts if reason is None)
    if len(trusted) >= threshold:
        return Verified(payload, trusted)
    reason = next((reason for _, reason in doubts if reason), None)
    if reason:
        return doubt(reason.rule, reason.message)
    return doubt("threshold", f"{len(trusted)} signed, {threshold} must")
