"""``verify key``: keys are made outside of the project, and told of by their entries."""

import io
import json
import tomllib
from pathlib import Path

import pytest

from tests.report.attest.signing import key, revoked, signer
from verify.cli import main
from verify.errors import Exit
from verify.report.attest.private_key import is_encrypted, load_key
from verify.report.keys import Signer, Signers, entry


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A home of its own, and no passphrase."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("VERIFY_KEY_PASSPHRASE", raising=False)


def run(project: Path, *words: str) -> int:
    """The command, run on that project."""
    return main.main(["--root", str(project), "key", *words])


def trust(project: Path, *those: Signer) -> None:
    """Who may sign there."""
    (project / "policy/allowed-signers.toml").write_text("\n".join(map(entry, those)))


def printed(capsys: pytest.CaptureFixture[str]) -> Signer:
    """The entry that stdout holds, and nothing else."""
    (signer,) = Signers.model_validate(tomllib.loads(capsys.readouterr().out)).signers
    return signer


def test_a_key_is_made_with_its_entry(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(project, "make", "ci-2026", "--environment", "cpu", "--environment", "m2", "--days", "30") == Exit.HOLDS
    made = printed(capsys)
    path = tmp_path / "config/llm-verify/keys/ci-2026.pem"
    assert load_key(path, None).public_key.keyid == made.keyid
    assert (made.name, made.environments) == ("ci-2026", ("cpu", "m2"))
    assert run(project, "make", "ci-2026", "--environment", "cpu") == Exit.USAGE
    assert "ci-2026.pem exists" in capsys.readouterr().err


def test_a_key_may_vouch_for_reports_from_before_it_was_made(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("make", "ada", "--environment", "cpu", "--valid-from", "2026-01-01T00:00:00Z")
    assert run(project, *words) == Exit.HOLDS
    assert printed(capsys).valid_from == "2026-01-01T00:00:00Z"


def test_a_passphrase_comes_from_the_environment(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VERIFY_KEY_PASSPHRASE", "open sesame")
    assert run(project, "make", "ada", "--environment", "cpu", "--out", str(tmp_path / "ada.pem")) == Exit.HOLDS
    assert is_encrypted(tmp_path / "ada.pem")
    assert "open sesame" not in "".join(capsys.readouterr())


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("typed", "expected"), [(["sesame", "sesame"], Exit.HOLDS), (["sesame", "barley"], Exit.USAGE), ([""], Exit.HOLDS)]
)
def test_a_passphrase_is_typed_twice(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: list[str], expected: Exit
) -> None:
    answers = iter(typed)
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda _: next(answers))
    path = tmp_path / "ada.pem"
    assert run(project, "make", "ada", "--environment", "cpu", "--out", str(path)) == expected
    assert list(answers) == []
    assert (path.exists() and is_encrypted(path)) == (typed == ["sesame", "sesame"])


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("ada", "--environment", "m99"), "there is no environment `m99`"),
        (("Ada Lovelace", "--environment", "cpu"), "name: String should match"),
        (("../ada", "--environment", "cpu"), "name: String should match"),
        (("grace", "--environment", "cpu"), "has a signer grace"),
        (("ada", "--environment", "cpu", "--days", "36500"), "more than 3650"),
        (("ada", "--environment", "cpu", "--valid-from", "2999-01-01T00:00:00Z"), "the key: ada ends before it begins"),
        (("ada", "--environment", "cpu", "--out", "{project}/ada.pem"), "inside of the project"),
    ],
)
def test_what_cannot_be_makes_no_key(
    project: Path, tmp_path: Path, words: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    trust(project, signer(key(), name="grace"))
    assert run(project, "make", *(word.format(project=project) for word in words)) == Exit.USAGE
    assert why in capsys.readouterr().err
    assert list(tmp_path.rglob("*.pem")) == []


def test_the_keys_are_listed_with_what_they_are_good_for(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = {"valid_from": "2020-01-01T00:00:00Z", "valid_until": "2021-01-01T00:00:00Z"}
    gone = signer(key(), name="eve", revoked=revoked("2026-06-01T00:00:00Z", compromised=True))
    trust(project, signer(key(), **old), gone)
    assert run(project, "list") == Exit.HOLDS
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [["ada", "ended"], ["eve", "compromised"]]
    assert run(project, "list", "--json") == Exit.HOLDS
    told = json.loads(capsys.readouterr().out)
    assert [one["state"] for one in told["signers"]] == ["ended", "compromised"]


def test_a_retired_key_ends_now_and_what_it_signed_stays(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ada = signer(key(), valid_until="2099-01-01T00:00:00Z")
    trust(project, ada)
    assert run(project, "retire", "ada") == Exit.HOLDS
    retired = printed(capsys)
    assert ada.valid_from < retired.valid_until < ada.valid_until
    assert retired == ada.model_copy(update={"valid_until": retired.valid_until})
    trust(project, retired)
    assert run(project, "retire", "ada") == Exit.USAGE


def test_a_revoked_key_says_why_and_whether_anybody_has_it(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trust(project, signer(key()))
    words = ("revoke", "ada", "--reason", 'lost "it"', "--at", "2026-06-01T00:00:00Z")
    assert run(project, *words, "--compromised", "yes") == Exit.HOLDS
    gone = printed(capsys)
    assert gone.revoked is not None
    assert gone.revoked.model_dump() == {"at": "2026-06-01T00:00:00Z", "reason": 'lost "it"', "compromised": True}
    trust(project, gone)
    assert run(project, *words, "--compromised", "no") == Exit.USAGE
    assert "never trusted again" in capsys.readouterr().err


def test_a_signer_that_is_not_there_is_told_with_those_that_are(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(project, "retire", "ada") == Exit.USAGE
    assert "none yet" in capsys.readouterr().err
    trust(project, signer(key(), name="grace"))
    assert run(project, "retire", "ada") == Exit.USAGE
    assert "the signers are grace" in capsys.readouterr().err
