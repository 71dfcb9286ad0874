"""Signing what a run keeps, and finding out before the run that it would not count."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined]  # it has no __all__

from tests import examples
from tests.report.attest.signing import key, revoked, signer
from tests.report.histories import draft, fine
from verify.errors import IntegrityError, UsageError
from verify.render import markdown
from verify.report.attest.verify import Attested
from verify.report.history import append
from verify.report.keys import PATH, Signer, entry
from verify.report.read import read_report
from verify.report.wholeness import Asked, verify_history
from verify.run.heads import unsealing
from verify.run.signatures import examine_stored, trust_of
from verify.run.signing import Signing, signing_with

LONG = {"valid_from": "2026-01-01T00:00:00Z", "valid_until": "2999-01-01T00:00:00Z"}
NOW = datetime.now(UTC)


@pytest.fixture
def ada() -> CryptoSigner:
    """A key."""
    return key()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a policy, that trusts nobody."""
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/certificate.toml").write_text("longest_days = 30\nskew_minutes = 10\n")
    trust(tmp_path)
    return tmp_path


def trust(root: Path, *those: Signer, threshold: int = 1) -> None:
    """Who may sign there."""
    (root / PATH).write_text(f"threshold = {threshold}\n\n" + "\n".join(map(entry, those)))


def ready(root: Path, ada: CryptoSigner) -> Signing:
    """The means to sign there with a key that may."""
    trust(root, signer(ada, **LONG))
    return signing_with(ada, root, "m2", NOW)


def test_a_run_that_signs_leaves_a_head_and_an_attestation_that_hold(root: Path, ada: CryptoSigner) -> None:
    signing, report = ready(root, ada), examples.draft_judged()
    path = append(root, report, render=markdown.render, audit=fine, sign=signing.head)
    assert signing.report(path, report)
    assert (path.parent / f"{report.machine}.head.dsse").is_file()
    assert verify_history(root, Asked(unseal=unsealing(root))) == []
    # By the clock, as the statement was signed: a whole run of the tests takes longer than clocks may differ.
    held = examine_stored(path, root, trust_of(root), datetime.now(UTC))
    assert isinstance(held, Attested)
    assert held.signers == ("ada",)


def test_each_run_that_signs_moves_the_signed_head_on(root: Path, ada: CryptoSigner) -> None:
    signing = ready(root, ada)
    for number in range(3):
        append(root, draft(number), render=markdown.render, audit=fine, sign=signing.head)
    assert verify_history(root, Asked(unseal=unsealing(root))) == []
    append(root, draft(3), render=markdown.render, audit=fine)
    (found,) = verify_history(root, Asked(unseal=unsealing(root)))
    assert (found.rule, found.severity) == ("chain.unsigned", "warning")


def test_without_a_verdict_there_is_a_head_to_sign_and_nothing_to_attest(root: Path, ada: CryptoSigner) -> None:
    signing, quick = ready(root, ada), examples.draft("v1")
    path = append(root, quick, render=markdown.render, audit=fine, sign=signing.head)
    assert not signing.report(path, read_report(path, root))
    assert not path.with_suffix(".intoto.json").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({**LONG, "environments": ("m4",)}, "ada may sign for m4, not for m2"),
        ({**LONG, "valid_until": "2026-01-02T00:00:00Z"}, "is valid from 2026-01-01T00:00:00Z to 2026-01-02"),
        ({**LONG, "valid_from": "2998-01-01T00:00:00Z"}, "is valid from 2998-01-01"),
        ({**LONG, "revoked": revoked("2026-01-02T00:00:00Z", compromised=False)}, "was revoked"),
        ({**LONG, "revoked": revoked("2026-01-02T00:00:00Z", compromised=True)}, "is compromised"),
    ],
)
def test_a_key_that_may_not_sign_now_is_found_before_the_run(
    root: Path, ada: CryptoSigner, changes: dict[str, object], said: str
) -> None:
    trust(root, signer(ada, **changes))
    with pytest.raises(UsageError) as caught:
        signing_with(ada, root, "m2", NOW)
    assert said in caught.value.message
    assert "verify key list" in caught.value.hint


def test_a_key_that_nobody_knows_is_found_before_the_run(root: Path, ada: CryptoSigner) -> None:
    trust(root, signer(key(), **LONG))
    with pytest.raises(UsageError, match="not among the allowed signers"):
        signing_with(ada, root, "m2", NOW)


def test_one_signature_is_not_made_where_two_are_wanted(root: Path, ada: CryptoSigner) -> None:
    trust(root, signer(ada, **LONG), signer(key(), **LONG, name="bob"), threshold=2)
    with pytest.raises(UsageError, match="wants 2 signers"):
        signing_with(ada, root, "m2", NOW)


def test_a_policy_that_changes_during_the_run_keeps_the_report_and_signs_nothing(root: Path, ada: CryptoSigner) -> None:
    signing = ready(root, ada)
    trust(root)
    with pytest.raises(IntegrityError, match="does not count"):
        append(root, draft(), render=markdown.render, audit=fine, sign=signing.head)
    assert not list(root.glob("reports/m2/*.dsse"))
    assert [finding.rule for finding in verify_history(root, Asked())] == []


def test_a_head_that_was_left_behind_before_the_key_began_is_no_obstacle(root: Path, ada: CryptoSigner) -> None:
    signing = ready(root, ada)
    path = append(root, draft(0), render=markdown.render, audit=fine)
    head = next(path.parent.glob("*.head"))
    counted = head.read_bytes()
    append(root, draft(1), render=markdown.render, audit=fine)
    head.write_bytes(counted)
    trust(root, signer(ada, **{**LONG, "valid_from": "2026-02-20T00:00:00Z"}))
    late = draft(2).model_copy(update={"created": "2026-03-01T00:00:00Z", "finished": "2026-03-01T00:10:00Z"})
    append(root, late, render=markdown.render, audit=fine, sign=signing.head)
    assert verify_history(root, Asked(unseal=unsealing(root))) == []
