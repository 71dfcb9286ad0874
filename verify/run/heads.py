"""Whether somebody whom the project trusts has signed the head of a chain."""

from pathlib import Path

from verify.errors import IntegrityError
from verify.report.head import Unseal, parse_head
from verify.report.keys import PATH, Signers, Told
from verify.report.v2 import Finding
from verify.spec.toml import read_toml, validated


def unsealing(root: Path) -> Unseal:
    """What proves the envelope of a head by the signers of a project; the policy is read when there is one."""

    def unseal(envelope: bytes, payload_type: str) -> bytes:
        from verify.report.attest.envelope import verify

        found = verify(envelope, payload_type, validated(Signers, read_toml(root, root / PATH)), _tells)
        if isinstance(found, Finding):
            raise IntegrityError(f"a signed head does not count: {found.message}", f"see {PATH}, or who signed it")
        return found.payload

    return unseal


def _tells(payload: bytes) -> Told:
    head = parse_head(payload, "the signed head")
    return Told(environment=head.environment, times={"the last report": head.created})
