"""Signing what a run keeps: the head of its history, and the report; what would not count is found before the run."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined]  # it has no __all__

from verify.errors import UsageError
from verify.report.attest.envelope import sign
from verify.report.keys import PATH, Signer, Told, distrust
from verify.report.upgrade import newest
from verify.report.versions import AnyReport
from verify.run.attesting import TIME, attest
from verify.run.heads import unsealing
from verify.run.signatures import Trust, trust_of

HINT = f"{PATH} says who may sign what, and when; `verify key list` shows it"


@dataclass(frozen=True, slots=True)
class Signing:
    """A key that the project trusts for what a run keeps.

    Attributes:
        root: The project.
        key: The key.
        signer: Whose it is.
        trust: What the project trusts.
    """

    root: Path
    key: CryptoSigner
    signer: Signer
    trust: Trust

    def head(self, payload: bytes, payload_type: str) -> bytes:
        """The envelope of a head; as `verify.report.history.append` is given it.

        Raises:
            IntegrityError: It would not count, for the policy is another one by now.
        """
        made = sign(payload, payload_type, self.key)
        unsealing(self.root)(made, payload_type)
        return made

    def report(self, path: Path, report: AnyReport) -> bool:
        """Attest a report that was kept; whether there was a verdict to vouch for.

        Raises:
            UsageError: The attestation would not hold, as when the key has ended by now.
            StorageError: It cannot be written.
        """
        if newest(report).verdict is None:
            return False
        attest(path, self.root, self.key, self.trust, datetime.now(UTC))
        return True


def signing_with(key: CryptoSigner, root: Path, environment: str, moment: datetime) -> Signing:
    """The means to sign what a run of an environment keeps.

    Args:
        key: The key.
        root: The project.
        environment: Whose history it will be.
        moment: Now, with its zone.

    Raises:
        UsageError: The key is unknown, or may not sign for the environment now; one signature would not be enough; or
            a policy file is wrong.
    """
    trust = trust_of(root)
    signer = trust.signers.with_keyid(key.public_key.keyid)
    if signer is None:
        raise UsageError(f"the key {key.public_key.keyid} is not among the allowed signers", HINT)
    if trust.signers.threshold > 1:
        what = f"{PATH} wants {trust.signers.threshold} signers, and a run signs with one key"
        raise UsageError(what, "run without --key, then let each of them sign: verify attest --key FILE")
    reason = distrust(signer, Told(environment, {"the beginning of the run": moment.strftime(TIME)}))
    if reason:
        raise UsageError(f"nothing that this key signs now would count: {reason.message}", HINT)
    return Signing(root, key, signer, trust)
