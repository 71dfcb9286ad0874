"""Who may sign (``policy/allowed-signers.toml``), and whether a signature of theirs counts.

Nothing here computes a signature, so whoever only asks about keys imports no cryptography.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Self

import rfc8785
from pydantic import BeforeValidator, Field, model_validator

from verify.report.fields import Closed, Listed, Moment, Name, Sha256, Text, as_tuple, told_apart

PATH = "policy/allowed-signers.toml"
SCHEME = "ed25519"

PublicKey = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def keyid_of(public_key: str) -> str:
    """The id of an ed25519 key, as securesystemslib and in-toto compute it.

    Args:
        public_key: Its 32 bytes in hexadecimal.
    """
    key: dict[str, Any] = {"keytype": SCHEME, "keyval": {"public": public_key}, "scheme": SCHEME}
    return hashlib.sha256(rfc8785.dumps(key)).hexdigest()


def _as_moment(value: object) -> object:
    """TOML has times where a report wants their text; a time without a zone is none."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value


Time = Annotated[Moment, BeforeValidator(_as_moment)]


class Revocation(Closed):
    """That a key is not to be trusted any more.

    Attributes:
        at: From when on.
        reason: Why, in one line.
        compromised: Whether somebody else may hold the key. A signature tells its own time, so a thief writes
            whichever he likes: then none holds, however old it says it is.
    """

    at: Time
    reason: Text = Field(min_length=1)
    compromised: bool


class Signer(Closed):
    """A key, and what it may sign.

    Attributes:
        name: Whose it is.
        keyid: SHA-256 that follows from the public key.
        public_key: 32 bytes in hexadecimal, ed25519.
        environments: The machine classes whose reports it may sign.
        valid_from: Before which neither a report nor its signature may have been made.
        valid_until: And after which.
        revoked: Where it was revoked.
    """

    name: Name
    keyid: Sha256
    public_key: PublicKey
    environments: Annotated[tuple[Name, ...], Field(min_length=1), BeforeValidator(as_tuple)]
    valid_from: Time
    valid_until: Time
    revoked: Revocation | None = None

    @model_validator(mode="after")
    def _is_itself(self) -> Self:
        if self.keyid != keyid_of(self.public_key):
            raise ValueError(f"the keyid of {self.name} is not that of its public_key")
        if self.valid_from >= self.valid_until:
            raise ValueError(f"{self.name} ends before it begins")
        return self


class Signers(Closed):
    """policy/allowed-signers.toml.

    Attributes:
        threshold: How many of the signers must have signed an attestation.
        required_from: Reports that ended from then on must be attested; None lets any be without.
        signers: Those that may. A key that was ever used stays, or what it signed cannot be read any more.
    """

    threshold: int = Field(default=1, ge=1, le=16)
    required_from: Time | None = None
    signers: Listed[Signer] = ()

    @model_validator(mode="after")
    def _are_told_apart(self) -> Self:
        told_apart([signer.name for signer in self.signers], "signers")
        # One key under two names would count twice.
        told_apart([signer.keyid for signer in self.signers], "signers")
        return self

    def with_keyid(self, keyid: str) -> Signer | None:
        """Whose key has this id, if anybody's."""
        return next((signer for signer in self.signers if signer.keyid == keyid), None)


@dataclass(frozen=True, slots=True)
class Told:
    """What a payload tells of itself, which the trust in its signers depends on.

    Attributes:
        environment: The machine class that it is of.
        times: When it was made and signed, each by what it is called.
    """

    environment: str
    times: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Distrust:
    """Why a signature that is right does not count.

    Attributes:
        rule: ``revoked``, ``compromised``, ``window`` or ``environment``.
        message: The reason in words.
    """

    rule: str
    message: str


def distrust(signer: Signer, told: Told) -> Distrust | None:
    """Why the signature of a signer does not count for a payload; None where it does.

    There is no trusted clock in this: the times are those that the payload tells. A key that was revoked while nobody
    else had it is believed about the time before; one that somebody else may hold is believed about nothing.
    """
    if told.environment not in signer.environments:
        allowed = ", ".join(signer.environments)
        return Distrust("environment", f"{signer.name} may sign for {allowed}, not for {told.environment}")
    revoked = signer.revoked
    if revoked and revoked.compromised:
        message = f"the key {signer.name} is compromised ({revoked.reason}): none of its signatures can be dated"
        return Distrust("compromised", message)
    for what, time in told.times.items():
        if revoked and time >= revoked.at:
            message = f"{what} is {time}, the key {signer.name} was revoked at {revoked.at}: {revoked.reason}"
            return Distrust("revoked", message)
        if not signer.valid_from <= time <= signer.valid_until:
            window = f"{signer.valid_from} to {signer.valid_until}"
            return Distrust("window", f"{what} is {time}, the key {signer.name} is valid from {window}")
    return None


def state(signer: Signer, now: str) -> str:
    """What a key is good for at a moment, in a word: compromised, revoked, future, ended or valid."""
    if signer.revoked and signer.revoked.compromised:
        return "compromised"
    if signer.revoked and now >= signer.revoked.at:
        return "revoked"
    if now < signer.valid_from:
        return "future"
    return "ended" if now > signer.valid_until else "valid"


def entry(signer: Signer) -> str:
    """The signer as it stands in the policy file."""
    lines = [
        "[[signers]]",
        f'name = "{signer.name}"',
        f'keyid = "{signer.keyid}"',
        f'public_key = "{signer.public_key}"',
        f"environments = {json.dumps(signer.environments)}",
        f"valid_from = {signer.valid_from}",
        f"valid_until = {signer.valid_until}",
    ]
    if signer.revoked:
        told = f"compromised = {str(signer.revoked.compromised).lower()}, reason = {_quoted(signer.revoked.reason)}"
        lines.append(f"revoked = {{ at = {signer.revoked.at}, {told} }}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A TOML string: what must be escaped there can be as in JSON, and DEL besides."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
