import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

OURS = Path(__file__).resolve().parents[1]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with our noxfile, whose CLI only writes down what it is asked."""
    root = tmp_path / "a project"
    (root / "envs" / "platforms").mkdir(parents=True)
    (root / ".tools" / "bin").mkdir(parents=True)
    shutil.copy(OURS / "noxfile.py", root)
    for name in ("envs/cpu.toml", "envs/new-box.toml", "envs/platforms/linux.toml"):
        (root / name).touch()
    cli = root / ".tools" / "bin" / "verify"
    cli.write_text(f'#!/bin/sh\necho "verify $*" >> "{root}/asked"\nexit "${{FAKE_STATUS:-0}}"\n')
    cli.chmod(0o755)
    (root / "noxw").write_text(f'echo "noxw $*" >> "{root}/asked"\n')
    return root


def nox(project: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "NOXW": "1", **more}
    if not environ["NOXW"]:
        del environ["NOXW"]
    command = [sys.executable, "-m", "nox", "-f", str(project / "noxfile.py"), *words]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


def asked(project: Path, *words: str, **more: str) -> list[str]:
    assert nox(project, *words, **more).returncode == 0
    return (project / "asked").read_text().splitlines()


def test_the_front_door_never_imports_what_it_opens() -> None:
    tree = ast.parse((OURS / "noxfile.py").read_text())
    imported = [
        name.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    ]
    assert not any(str(name).startswith("verify") for name in imported)


def test_every_machine_class_and_platform_has_its_session_with_a_title(project: Path) -> None:
    titles = dict(re.findall(r"^- (\S+)(?: \[\w+\])? -> (.+)$", nox(project, "-l").stdout, re.MULTILINE))
    ours = "setup setup-cpu setup-new-box verify upgrade audit dashboard docs lint schemas mutations planted benchmarks"
    other = "tests tests-fleet tests-image image-cpu image-cuda verify-image chaos faults fuzz mutants"
    locks = "lock lock-linux lock-fuzz lock-mutants lock-tests lock-tools"
    assert titles.keys() == {*ours.split(), *other.split(), *locks.split()}
    assert all(titles.values())


def test_a_bare_nox_runs_nothing(project: Path) -> None:
    nox(project)
    assert not (project / "asked").exists()


@pytest.mark.parametrize(
    ("words", "verbs"),
    [
        (["-s", "setup", "verify"], ["verify setup", "verify run"]),
        (["-s", "setup-new-box"], ["verify setup new-box"]),
        (["-s", "upgrade", "--", "peft", "--bisect"], ["verify upgrade peft --bisect"]),
        (["-s", "setup", "--", "new-box", "--recreate"], ["verify setup new-box --recreate"]),
        (["-s", "setup-cpu", "verify", "--", "--level", "quick"], ["verify setup cpu", "verify run --level quick"]),
        (["-s", "setup", "verify", "--", "--recreate", "-v"], ["verify setup --recreate", "verify run -v"]),
        (["-s", "setup", "verify", "--", "--device", "cpu"], ["verify setup", "verify run --device cpu"]),
        (["-s", "setup", "--", "--recreate", "cpu"], ["verify setup --recreate cpu"]),
        (
            ["-s", "setup", "verify", "--", "--despite=old-rope", "-v"],
            ["verify setup --despite=old-rope", "verify run -v"],
        ),
        (["-s", "verify", "--", "--environment", "cpu"], ["verify run --environment cpu"]),
        (["-s", "lock"], ["verify lock"]),
        (["-s", "lock", "--", "linux", "--check"], ["verify lock linux --check"]),
        (["-s", "lock-linux", "--", "--upgrade"], ["verify lock linux --upgrade"]),
        (["-s", "schemas", "--", "--check"], ["verify schemas --check"]),
        (["-s", "image-cuda", "--", "--engine", "podman"], ["verify image build cuda --engine podman"]),
        (["-s", "image-cpu", "verify-image"], ["verify image build cpu", "verify image verify"]),
        (["-s", "verify-image", "--", "cuda", "--level", "full"], ["verify image verify cuda --level full"]),
    ],
)
def test_a_session_asks_the_command_line(project: Path, words: list[str], verbs: list[str]) -> None:
    assert asked(project, *words) == verbs


def test_what_the_command_line_refuses_fails_the_session(project: Path) -> None:
    assert nox(project, "-s", "setup", FAKE_STATUS="2").returncode != 0


def test_a_nox_of_ones_own_makes_the_tools_first(project: Path) -> None:
    assert asked(project, "-s", "setup", NOXW="") == ["noxw --version", "verify setup"]


def test_nothing_follows_a_set_up_that_failed(project: Path) -> None:
    assert nox(project, "-s", "setup", "verify", FAKE_STATUS="3").returncode != 0
    assert (project / "asked").read_text().splitlines() == ["verify setup"]
