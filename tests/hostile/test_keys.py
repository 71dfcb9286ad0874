"""Keys of a run that signs nothing that counts: all of them are found before the interpreter is asked."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.conftest import FOREVER, Project
from tests.hostile.ended import ended, is_plain, tree
from tests.report.attest.signing import revoked, signer
from verify.errors import Exit
from verify.report.attest.private_key import load_key, make_key
from verify.report.keys import PATH, entry

ASKED = "asked"
YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
TRUSTED: dict[str, dict[str, Any]] = {
    "ended": {"valid_until": YESTERDAY},
    "of another environment": {"environments": ("m4",)},
    "revoked": {"revoked": revoked("2026-03-01T00:00:00Z", compromised=False)},
    "compromised": {"revoked": revoked("2026-03-01T00:00:00Z", compromised=True)},
}


def run(project: Project, key: Path, *more: str) -> int:
    """How a run with a key ends, before anything is asked and with nothing kept."""
    python = project.root / ".environments/builds/m2-1/bin/python"
    python.write_text(f"#!/bin/sh\n: > '{project.root.parent / ASKED}'\nexit 9\n")
    before = tree(project.root / "reports")
    end = ended("--root", str(project.root), "run", "--environment", "m2", "--key", str(key), *more)
    is_plain(end)
    assert tree(project.root / "reports") == before
    assert (project.root.parent / ASKED).exists() == (end.code == Exit.COULD_NOT_RUN)
    return end.code


@pytest.mark.parametrize("trusted", TRUSTED)
def test_a_key_that_may_not_sign_now_stops_a_run(trusted: str, project: Project) -> None:
    key = load_key(project.key, None)
    (project.root / PATH).write_text(entry(signer(key, **{**FOREVER, **TRUSTED[trusted]})))
    assert run(project, project.key) == Exit.USAGE


def test_a_key_that_nobody_trusts_stops_a_run(project: Project, tmp_path: Path) -> None:
    make_key(tmp_path / "bob.pem", project.root, None)
    assert run(project, tmp_path / "bob.pem") == Exit.USAGE


def test_a_key_that_is_not_there_or_open_to_others_stops_a_run(project: Project, tmp_path: Path) -> None:
    assert run(project, tmp_path / "none.pem") == Exit.INPUT_OUTPUT
    (tmp_path / "open.pem").write_bytes(project.key.read_bytes())
    (tmp_path / "open.pem").chmod(0o644)
    assert run(project, tmp_path / "open.pem") == Exit.USAGE


def test_a_passphrase_that_is_wrong_or_missing_stops_a_run(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make_key(tmp_path / "locked.pem", project.root, b"right")
    (project.root / PATH).write_text(entry(signer(key, **FOREVER)))
    assert run(project, tmp_path / "locked.pem") == Exit.USAGE
    monkeypatch.setenv("VERIFY_KEY_PASSPHRASE", "wrong")
    assert run(project, tmp_path / "locked.pem") == Exit.USAGE
    monkeypatch.setenv("VERIFY_KEY_PASSPHRASE", "right")
    assert run(project, tmp_path / "locked.pem") == Exit.COULD_NOT_RUN


def test_a_trial_signs_nothing(project: Project) -> None:
    assert run(project, project.key, "--select", "devices.*") == Exit.USAGE


def test_a_key_that_may_sign_lets_the_run_begin(project: Project) -> None:
    assert run(project, project.key) == Exit.COULD_NOT_RUN
