"""Kernels that MLX compiled: carried from one question to the next, whole, and never to one that is timed."""

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from verify.probe.check import Check, Device, Kind
from verify.probe.discover import find_checks
from verify.run.kernels import FOLDER, carry
from verify.run.plan import Job
from verify.run.supervise import Bench, ask_all

COMPILES = '''
import os, tempfile
from pathlib import Path
from verify.probe.check import check

@check(level="quick", devices=["mlx"])
def compiles(ctx):
    """It finds the kernels of those before it, and compiles one of its own.

    Nothing to be done.
    """
    folder = Path(tempfile.gettempdir()) / "mlx" / "0.1" / "cpu"
    ctx.note(found=sorted(path.name for path in folder.rglob("*") if path.is_file()))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"lib{len(list(folder.iterdir()))}.so").write_bytes(b"a kernel")
    (folder / "source.cpp").write_text("its source")
    ctx.require(True, "unreached")
    if (folder / "lib2.so").exists():
        os.abort()
'''


def wrote(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        place = folder / "0.1" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.with_suffix(".so").write_text(text)
    return folder


def told(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_what_is_there_already_stays_and_nothing_but_kernels_is_carried(tmp_path: Path) -> None:
    source, target = wrote(tmp_path / "source", a="new", b="b"), wrote(tmp_path / "target", a="old")
    (source / "0.1" / "a.cpp").write_text("a source")
    carry(source, target)
    assert told(target) == {"0.1/a.so": "old", "0.1/b.so": "b"}


def test_from_where_there_is_nothing_nothing_is_carried(tmp_path: Path) -> None:
    carry(tmp_path / "none", tmp_path / "target")
    assert not (tmp_path / "target").exists()


def test_what_is_no_file_is_left_where_it_is(tmp_path: Path) -> None:
    source = wrote(tmp_path / "source", a="a")
    os.mkfifo(source / "pipe.so")
    (source / "folder.so").mkdir()
    (source / "nowhere.so").symlink_to(tmp_path / "missing")
    carry(source, tmp_path / "target")
    assert told(tmp_path / "target") == {"0.1/a.so": "a"}


def test_a_kernel_that_cannot_be_copied_holds_up_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, exact = wrote(tmp_path / "source", a="a", b="b"), shutil.copy

    def copy(kernel: Path, name: str) -> Any:
        if kernel.name == "a.so":
            raise OSError(28, "No space left on device")
        return exact(kernel, name)

    monkeypatch.setattr(shutil, "copy", copy)
    carry(source, tmp_path / "target")
    assert {path.name for path in (tmp_path / "target").rglob("*.so")} == {"b.so"}


def notes(bench: Bench, folder: Path, *kinds: Kind, device: Device = "mlx") -> list[Any]:
    (folder / "compiling.py").write_text(COMPILES)
    (found,) = find_checks([folder], suite=False)
    checks: list[Check] = [replace(found, kind=kind, id=f"{kind}{place}.compiles") for place, kind in enumerate(kinds)]
    planned = [Job(check, device, required=False, skip=None) for check in checks]
    answers = {answer.job.id: answer for answer in ask_all(planned, replace(bench, together=1), lambda _: None)}
    return [answers[job.id].measured["notes"]["found"] if answers[job.id].measured else None for job in planned]


def test_a_question_finds_what_those_before_it_have_compiled_and_a_benchmark_nothing(
    bench: Bench, tmp_path: Path
) -> None:
    found = notes(bench, tmp_path, "functional", "functional", "benchmark", "benchmark")
    assert found == [[], ["lib0.so"], [], []]
    assert {path.name for path in (bench.scratch / FOLDER).rglob("*.so")} == {"lib0.so", "lib1.so"}


def test_what_a_crash_leaves_is_carried_to_nobody(bench: Bench, tmp_path: Path) -> None:
    found = notes(bench, tmp_path, "functional", "functional", "functional", "functional")
    assert found[:2] == [[], ["lib0.so"]]
    assert {path.name for path in (bench.scratch / FOLDER).rglob("*.so")} == {"lib0.so", "lib1.so"}


def test_other_devices_are_carried_nothing(bench: Bench, tmp_path: Path) -> None:
    assert notes(bench, tmp_path, "functional", "functional", device="cpu") == [[], []]
    assert not (bench.scratch / FOLDER).exists()
