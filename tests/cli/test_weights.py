"""Weights that cannot be trusted (fault 52): a pickle, a file that was cut off, none at all."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT
from tests.cli.test_lora import data
from verify.errors import Exit

# Weights in the place of which code stands, that a reader of pickles runs.
PICKLED = """
import os, sys, torch
from safetensors.torch import load_file
class Runs:
    def __reduce__(self):
        return os.mkdir, (sys.argv[2],)
weights = load_file(sys.argv[1] + "/model.safetensors")
torch.save({**weights, "evil": Runs()}, sys.argv[1] + "/pytorch_model.bin")
os.unlink(sys.argv[1] + "/model.safetensors")
"""


def python() -> Path:
    """The interpreter of an environment that is set up."""
    for name in ("current", "cpu"):
        found = ROOT / ".environments" / name / "bin/python"
        if found.exists():
            return found
    pytest.skip("needs an environment: ./noxw -s setup")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of two layers."""
    folder = tmp_path_factory.mktemp("model")
    subprocess.run([python(), ROOT / "tests/cli/tiny_model.py", folder], check=True, capture_output=True, timeout=300)
    return folder


def _pickled(folder: Path) -> None:
    subprocess.run(
        [str(python()), "-c", PICKLED, str(folder), str(folder.parent / "executed")],
        check=True,
        capture_output=True,
        timeout=300,
    )


def _cut(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _nonsense(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\xff" * 4096)


def _gone(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


SPOILT: Mapping[str, Callable[[Path], None]] = {
    "a pickle": _pickled,
    "cut off": _cut,
    "nonsense": _nonsense,
    "gone": _gone,
}


@pytest.mark.environment
@pytest.mark.parametrize("how", SPOILT)
def test_weights_that_cannot_be_trusted_are_refused_in_two_lines(
    how: str, model: Path, furnished: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    SPOILT[how](folder)
    words = ["lora", "--model", str(folder), "--data", str(data(tmp_path)), "--output", str(tmp_path / "run")]
    end = subprocess.run(
        [sys.executable, "-m", "verify", "--root", str(furnished), *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        timeout=300,
    )
    assert end.returncode == Exit.USAGE, end.stderr
    assert [line.partition(": ")[0] for line in end.stderr.splitlines()[-2:]] == ["error", "hint"]
    assert "Traceback" not in end.stderr
    assert not (tmp_path / "executed").exists()
    record_property("observed", f"exit {end.returncode}: {end.stderr.splitlines()[-2].removeprefix('error: ')}")
