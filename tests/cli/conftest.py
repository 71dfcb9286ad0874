import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from verify.render import markdown
from verify.report.history import append
from verify.report.versions import AnyReport

ROOT = Path(__file__).resolve().parents[2]
Verify = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the locale of whoever runs the tests."""
    monkeypatch.setenv("VERIFY_LANG", "en")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of its own: this one's environments, locks and policy, and no reports."""
    root = tmp_path / "a project"
    for part in ("envs", "lockfiles", "policy", "schemas"):
        shutil.copytree(ROOT / part, root / part)
    return root


@pytest.fixture
def furnished(project: Path) -> Path:
    """The project with this one's environments, which it borrows."""
    if not (ROOT / ".environments" / "current").exists():
        pytest.skip("needs an environment: ./noxw -s setup")
    (project / ".environments").mkdir()
    for entry in (ROOT / ".environments").iterdir():
        if entry.name not in ("lock", "run", "scratch"):
            (project / ".environments" / entry.name).symlink_to(entry.resolve() if entry.is_symlink() else entry)
    return project


@pytest.fixture
def verify(project: Path) -> Verify:
    """The command, run on that project from elsewhere."""

    def run(*words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "verify", "--root", str(project), *words],
            capture_output=True,
            text=True,
            check=False,
            cwd=project.parent,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **environment},
        )

    return run


def keep(project: Path, report: AnyReport) -> Path:
    """Append a report to the project's history."""
    return append(project, report, render=markdown.render, audit=lambda _: [])
