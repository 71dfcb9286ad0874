"""An envelope counts as it was signed, and not otherwise."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner, SSlibKey  # type: ignore[attr-defined]  # it has no __all__

from tests.report.attest.signing import key, revoked, signer, signers
from verify.errors import IntegrityError
from verify.report.attest import envelope
from verify.report.attest.envelope import Verified, add_signature, sign
from verify.report.keys import Signers, Told
from verify.report.v2 import Finding

HEAD = "application/vnd.llm-verify.head+json"
PAYLOAD = b'{"count": 2}'
TIME = "2026-02-15T17:00:00Z"


def told(_: bytes) -> Told:
    """What a head might tell of itself."""
    return Told("m2", {"the head's time": TIME})


def verify(data: bytes, those: Signers) -> Verified | Finding:
    """The payload of a head, or why it is none."""
    return envelope.verify(data, HEAD, those, told)


def rule(data: bytes, those: Signers) -> str | None:
    """What is wrong with an envelope."""
    found = verify(data, those)
    return found.rule if isinstance(found, Finding) else None


def changed(data: bytes, **fields: Any) -> bytes:
    """The envelope with other fields, in the one form."""
    return json.dumps({**json.loads(data), **fields}, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


@given(st.binary(max_size=300))
def test_what_was_signed_comes_back(payload: bytes) -> None:
    ada = key()
    found = verify(sign(payload, HEAD, ada), signers(signer(ada)))
    assert found == Verified(payload, ("ada",))


def test_no_byte_can_change() -> None:
    ada = key()
    data, those = sign(PAYLOAD, HEAD, ada), signers(signer(ada))
    for at in range(len(data)):
        for other in {data[at] ^ 1, data[at] ^ 0x20, ord(" "), ord("A"), ord("\\")} - {data[at]}:
            assert rule(data[:at] + bytes([other]) + data[at + 1 :], those) is not None, (at, other)
        assert rule(data[:at] + data[at + 1 :], those) is not None, at
        assert rule(data[:at] + b" " + data[at:], those) is not None, at
        assert rule(data[:at], those) is not None, at


@pytest.mark.parametrize(
    "again",
    [
        lambda data: data.replace(b'{"payload"', b'{"payload":"AAAA","payload"', 1),
        lambda data: json.dumps(json.loads(data), indent=1).encode(),
        lambda data: data.rstrip(b"\n"),
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: changed(data, more=1),
        lambda data: changed(data, payload=json.loads(data)["payload"].rstrip("=") + "===="),
        lambda data: changed(data, payload="no base64"),
        lambda data: changed(data, signatures=json.loads(data)["signatures"] * 2),
        lambda data: changed(data, signatures=json.loads(data)["signatures"] * 17),
        lambda _: b"[" * 100_000,
        lambda _: b"",
        lambda _: b"\xff\xfe",
        lambda _: b"[]",
    ],
)
def test_another_form_is_refused(again: Any) -> None:
    ada = key()
    assert rule(again(sign(PAYLOAD, HEAD, ada)), signers(signer(ada))) == "signature.form"


def test_an_envelope_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    ada = key()
    data = sign(PAYLOAD, HEAD, ada)
    monkeypatch.setattr(envelope, "LARGEST", len(data))
    assert rule(data, signers(signer(ada))) is None
    monkeypatch.setattr(envelope, "LARGEST", len(data) - 1)
    assert rule(data, signers(signer(ada))) == "signature.form"


def test_a_base64_that_means_the_same_is_another_form() -> None:
    ada = key()
    data = sign(b"\xff\xfe\xfd\xfc", HEAD, ada)
    assert b"//79/A==" in data
    for other in (b"__79_A==", b"//79/B=="):
        assert rule(data.replace(b"//79/A==", other), signers(signer(ada))) == "signature.form"


def test_another_payload_type_is_refused_though_it_is_signed() -> None:
    ada = key()
    assert rule(sign(PAYLOAD, "application/vnd.in-toto+json", ada), signers(signer(ada))) == "signature.payload_type"


def test_a_payload_type_that_was_not_signed_is_refused() -> None:
    ada = key()
    data = changed(sign(PAYLOAD, "text/plain", ada), payloadType=HEAD)
    assert rule(data, signers(signer(ada))) == "signature.invalid"


def test_without_a_signature_nothing_is_proven() -> None:
    ada = key()
    assert rule(changed(sign(PAYLOAD, HEAD, ada), signatures=[]), signers(signer(ada))) == "signature.missing"


def test_a_key_that_nobody_knows_is_refused() -> None:
    assert rule(sign(PAYLOAD, HEAD, key()), signers(signer(key()))) == "signature.unknown_key"
    assert rule(sign(PAYLOAD, HEAD, key()), Signers()) == "signature.unknown_key"


def test_a_signature_under_anothers_name_is_refused() -> None:
    ada, eve = key(), key()
    mine = json.loads(sign(PAYLOAD, HEAD, eve))["signatures"][0] | {"keyid": ada.public_key.keyid}
    assert rule(changed(sign(PAYLOAD, HEAD, ada), signatures=[mine]), signers(signer(ada))) == "signature.invalid"


def test_another_payload_under_the_same_signature_is_refused() -> None:
    ada = key()
    data = changed(sign(PAYLOAD, HEAD, ada), payload=base64.b64encode(b'{"count": 1}').decode())
    assert rule(data, signers(signer(ada))) == "signature.invalid"


def test_a_threshold_counts_signers_that_are_trusted() -> None:
    ada, grace = key(), key()
    one = sign(PAYLOAD, HEAD, ada)
    two = add_signature(one, grace)
    trusted = signer(ada), signer(grace, name="grace")
    assert rule(one, signers(*trusted, threshold=2)) == "signature.threshold"
    both = verify(two, signers(*trusted, threshold=2))
    assert isinstance(both, Verified)
    assert both.signers == ("ada", "grace")
    gone = signer(grace, name="grace", revoked=revoked(TIME, compromised=True))
    assert rule(two, signers(trusted[0], gone, threshold=2)) == "signature.compromised"
    still = verify(two, signers(trusted[0], gone))
    assert isinstance(still, Verified)
    assert still.signers == ("ada",)


def test_a_wrong_signature_beside_a_right_one_is_refused() -> None:
    ada, grace = key(), key()
    trusted = signers(signer(ada), signer(grace, name="grace"))
    right, wrong = (json.loads(sign(payload, HEAD, by)) for payload, by in ((PAYLOAD, ada), (b"{}", grace)))
    data = changed(json.dumps(right).encode(), signatures=right["signatures"] + wrong["signatures"])
    assert rule(data, trusted) == "signature.invalid"
    assert rule(add_signature(sign(PAYLOAD, HEAD, ada), key()), trusted) == "signature.unknown_key"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"environments": ("cpu",)}, "signature.environment"),
        ({"valid_from": "2026-02-15T17:00:01Z"}, "signature.window"),
        ({"valid_until": "2026-02-15T16:59:59Z"}, "signature.window"),
        ({"revoked": revoked("2026-02-15T17:00:00Z", compromised=False)}, "signature.revoked"),
        ({"revoked": revoked("2027-01-01T00:00:00Z", compromised=True)}, "signature.compromised"),
    ],
)
def test_a_right_signature_of_a_key_that_does_not_count_is_refused(changes: dict[str, Any], expected: str) -> None:
    ada = key()
    assert rule(sign(PAYLOAD, HEAD, ada), signers(signer(ada, **changes))) == expected


def test_a_payload_that_is_not_of_its_type_is_refused_after_its_signature() -> None:
    def unreadable(_: bytes) -> Told:
        raise IntegrityError("the head has no count", "restore it")

    ada = key()
    found = envelope.verify(sign(b"", HEAD, ada), HEAD, signers(signer(ada)), unreadable)
    assert isinstance(found, Finding)
    assert (found.rule, found.message) == ("signature.payload", "the head has no count")
    # What nobody signed is never looked at.
    other = envelope.verify(sign(b"", HEAD, key()), HEAD, signers(signer(ada)), unreadable)
    assert isinstance(other, Finding)
    assert other.rule == "signature.unknown_key"


def test_other_tools_verify_our_envelopes() -> None:
    ada = key()
    data = json.loads(sign(PAYLOAD, HEAD, ada))
    plain = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signer(ada).public_key))
    payload, signature = base64.b64decode(data["payload"]), base64.b64decode(data["signatures"][0]["sig"])
    plain.verify(signature, b"DSSEv1 %d %b %d %b" % (len(HEAD), HEAD.encode(), len(payload), payload))
    library = SSlibKey.from_crypto(plain)
    assert library.keyid == data["signatures"][0]["keyid"]
    assert list(Envelope.from_dict(data).verify([library], 1)) == [library.keyid]


def test_we_verify_what_the_library_signs() -> None:
    ada: CryptoSigner = key()
    made = Envelope(PAYLOAD, HEAD, {})
    made.sign(ada)
    data = json.dumps(made.to_dict(), separators=(",", ":")).encode() + b"\n"
    assert rule(data, signers(signer(ada))) is None
