"""Signed heads count when somebody signed them whom the project trusts."""

import shutil
from pathlib import Path

import pytest

from tests.examples import ROOT
from tests.report.attest.signing import key, signer
from tests.report.histories import append, draft, fine
from verify.errors import IntegrityError
from verify.render import markdown
from verify.report import history
from verify.report.attest.envelope import sign
from verify.report.keys import entry
from verify.report.wholeness import Asked, verify_history
from verify.run.heads import unsealing

ADA, EVE = key(), key()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project that trusts Ada."""
    shutil.copytree(ROOT / "policy", tmp_path / "policy")
    (tmp_path / "policy/allowed-signers.toml").write_text(entry(signer(ADA)))
    return tmp_path


def keep(root: Path, number: int, by: object = ADA) -> None:
    """Append a report, and sign the head."""

    def signed(payload: bytes, payload_type: str) -> bytes:
        return sign(payload, payload_type, by)  # type: ignore[arg-type]  # a key of securesystemslib

    history.append(root, draft(number), render=markdown.render, audit=fine, sign=signed)


def found(root: Path) -> list[str]:
    """The rules that found something."""
    return [finding.rule for finding in verify_history(root, Asked(unseal=unsealing(root)))]


def test_a_head_that_ada_signed_counts(root: Path) -> None:
    keep(root, 1)
    keep(root, 2)
    assert found(root) == []
    append(root, 3)
    assert found(root) == ["chain.unsigned"]


def test_a_head_that_eve_signed_does_not(root: Path) -> None:
    keep(root, 1, EVE)
    assert found(root) == ["history.head"]


def test_an_attestation_of_another_kind_is_no_head(root: Path) -> None:
    keep(root, 1)
    path = next((root / "reports/m2").glob("*.dsse"))
    path.write_bytes(sign(b"{}", "application/vnd.in-toto+json", ADA))
    assert found(root) == ["history.head"]
    with pytest.raises(IntegrityError, match="holds no head"):
        append(root, 2)


def test_every_byte_of_a_signed_head_counts(root: Path) -> None:
    keep(root, 1)
    path = next((root / "reports/m2").glob("*.dsse"))
    data, unseal = path.read_bytes(), unsealing(root)
    for offset in range(0, len(data), 7):
        path.write_bytes(data[:offset] + bytes([data[offset] ^ 1]) + data[offset + 1 :])
        assert [finding.rule for finding in verify_history(root, Asked(unseal=unseal))] == ["history.head"]
