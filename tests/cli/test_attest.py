"""``verify attest``: signs, and tells what still holds."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests import examples
from tests.cli.conftest import ROOT, keep
from tests.report.attest.signing import signer
from verify.cli import main
from verify.errors import Exit
from verify.report.attest.private_key import make_key
from verify.report.keys import entry

FOREVER = {"valid_from": "2026-01-01T00:00:00Z", "valid_until": "2999-01-01T00:00:00Z"}
CREATED, FINISHED = "%Y-%m-%dT00:00:01Z", "%Y-%m-%dT00:10:00Z"


@pytest.fixture(autouse=True)
def no_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    """None but the tests' own."""
    monkeypatch.delenv("VERIFY_KEY_PASSPHRASE", raising=False)


@pytest.fixture
def report(project: Path) -> Path:
    """A report of yesterday."""
    yesterday = datetime.now(UTC) - timedelta(days=1)
    created, finished = yesterday.strftime(CREATED), yesterday.strftime(FINISHED)
    return keep(project, examples.draft_judged(created=created, finished=finished))


@pytest.fixture
def pem(project: Path, tmp_path: Path) -> Path:
    """The file of a key that the project trusts."""
    path = tmp_path / "keys" / "ada.pem"
    trust(project, entry(signer(make_key(path, project, None), **FOREVER)))
    return path


def trust(project: Path, text: str) -> None:
    """Who may sign there."""
    (project / "policy/allowed-signers.toml").write_text(text)


def attest(project: Path, *words: str) -> int:
    """The command, run on that project."""
    return main.main(["--root", str(project), "attest", *words])


def test_a_report_is_signed_and_holds(
    project: Path, report: Path, pem: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert attest(project, "--check") == Exit.REFUSED
    assert "warning: signature.missing" in capsys.readouterr().out
    assert attest(project, "--key", str(pem)) == Exit.HOLDS
    told = capsys.readouterr().out
    beside = report.with_suffix(".intoto.json")
    assert told.startswith(f"{beside.relative_to(project)}: conditional, until ")
    assert "signed by ada at " in told
    assert attest(project, str(report), "--check") == Exit.HOLDS
    assert json.loads(beside.read_bytes())["payloadType"] == "application/vnd.in-toto+json"


def test_all_of_a_folder_can_be_named(
    project: Path, report: Path, pem: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = keep(project, examples.draft_judged(id="0123456789ac"))
    for _ in range(2):
        words = [str(path) for path in sorted(report.parent.glob("*.json"))]
        assert attest(project, *words, "--key", str(pem)) == Exit.HOLDS
        assert len(capsys.readouterr().out.splitlines()) == 3
    assert len(words) == 4
    assert other.with_suffix(".intoto.json").exists()


def test_what_was_signed_before_one_could_not_be_is_told(
    project: Path, report: Path, pem: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quick = keep(project, examples.draft("v1", id="0123456789ac"))
    assert attest(project, str(report), str(quick), "--key", str(pem)) == Exit.USAGE
    told = capsys.readouterr()
    assert told.out.startswith(f"reports/m2/{report.stem}.intoto.json: conditional")
    assert told.err.startswith("error: report 0123456789ac has no verdict")


def test_it_is_told_for_machines_too(
    project: Path, report: Path, pem: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert attest(project, "--check", "--json") == Exit.REFUSED
    assert json.loads(capsys.readouterr().out)[0]["findings"][0]["rule"] == "signature.missing"
    assert attest(project, "--key", str(pem), "--json", "--url", "https://ci.example.org/1") == Exit.HOLDS
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["holds"], told["signers"], told["verdict"]) == (True, ["ada"], "conditional")


def test_what_is_wrong_is_an_integrity_violation(
    project: Path, report: Path, pem: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert attest(project, "--key", str(pem)) == Exit.HOLDS
    (beside,) = report.parent.glob("*.intoto.json")
    trust(project, "threshold = 0")
    assert attest(project, "--check") == Exit.USAGE
    trust(project, "")
    capsys.readouterr()
    assert attest(project, "--check") == Exit.INTEGRITY
    assert f"{beside.name}: error: signature.unknown_key" in capsys.readouterr().out


def test_a_stale_or_refused_certificate_certifies_nothing(project: Path, pem: Path) -> None:
    old = keep(project, examples.draft_judged())
    assert attest(project, str(old), "--key", str(pem)) == Exit.HOLDS
    assert attest(project, str(old), "--check") == Exit.REFUSED
    yesterday = datetime.now(UTC) - timedelta(days=1)
    failed = examples.draft_judged(
        results=[examples.result("a.b", **examples.not_passed("failed", "it is wrong"))],
        created=yesterday.strftime(CREATED),
        finished=yesterday.strftime(FINISHED),
    )
    path = keep(project, failed)
    assert attest(project, str(path), "--key", str(pem)) == Exit.HOLDS
    assert attest(project, str(path), "--check") == Exit.REFUSED


def test_a_key_that_nobody_trusts_signs_nothing(
    project: Path, report: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_key(tmp_path / "eve.pem", project, None)
    assert attest(project, "--key", str(tmp_path / "eve.pem")) == Exit.USAGE
    assert "not among the allowed signers" in capsys.readouterr().err
    assert list(report.parent.glob("*.intoto.json")) == []


def test_the_passphrase_comes_from_the_environment(
    project: Path, report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "ada.pem"
    trust(project, entry(signer(make_key(path, project, b"open sesame"), **FOREVER)))
    assert attest(project, "--key", str(path)) == Exit.USAGE
    assert "VERIFY_KEY_PASSPHRASE" in capsys.readouterr().err
    monkeypatch.setenv("VERIFY_KEY_PASSPHRASE", "open sesame")
    assert attest(project, "--key", str(path)) == Exit.HOLDS


@pytest.mark.parametrize("words", [(), ("--key", "a.pem", "--check"), ("--check", "--url", "javascript:alert(1)")])
def test_a_command_that_can_mean_nothing_is_a_usage_error(project: Path, words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        attest(project, *words)
    assert ended.value.code == Exit.USAGE


def test_without_a_report_it_says_how_to_make_one(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert attest(project, "--check") == Exit.USAGE
    assert "reports/ holds no report" in capsys.readouterr().err


def test_cryptography_is_imported_by_nothing_that_does_not_sign() -> None:
    program = """
import sys
import verify.cli.run, verify.cli.report, verify.cli.status, verify.cli.key, verify.schemas, verify.report.keys
import verify.report.attest.statement, verify.report.attest.of_report
print(sorted({"cryptography", "securesystemslib"} & set(sys.modules)))
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert told.stdout == "[]\n"
