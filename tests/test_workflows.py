"""What the workflows take from the project is there."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from verify.cli.main import main

ROOT = Path(__file__).resolve().parents[1]
UPGRADE = (ROOT / ".github/workflows/upgrade.yml").read_text(encoding="utf-8")


def matrix() -> ModuleType:
    """The script beside the workflows."""
    spec = importlib.util.spec_from_file_location("matrix", ROOT / ".github/matrix.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_machine_class_has_its_job() -> None:
    words = [sys.executable, "-m", "nox", "-f", str(ROOT / "noxfile.py"), "--list", "--json", "--tags", "environment"]
    listed = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    jobs = {each["environment"]: each for each in matrix().matrix(json.loads(listed))["include"]}
    assert set(jobs) == {path.stem for path in (ROOT / "envs").glob("*.toml")}
    assert jobs["cpu"] == {
        "environment": "cpu",
        "platform": "linux-x86_64-cpu",
        "python": "3.11",
        "image": "",
        "runs-on": "ubuntu-24.04",
    }
    assert jobs["m2"]["runs-on"] == ["self-hosted", "m2"]
    assert {name: job["image"] for name, job in jobs.items() if job["image"]} == {"cuda": "cuda"}


def test_the_workflow_gives_only_options_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["upgrade", "--help"])
    known = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    commands = re.findall(r"\.github/upgrade \"\$IMAGE\" ((?:.|\\\n)+?)\n(?!\s+--)", UPGRADE.replace("\\\n", " "))
    assert len(commands) == 2
    assert {option for command in commands for option in re.findall(r"--[a-z-]+", command)} <= known
