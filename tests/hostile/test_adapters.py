"""Adapters and checkpoints while calls of the kernel fail, or are the last; saved by torch and PEFT themselves."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

import pytest

from tests.hostile.ended import tree
from tests.hostile.failpoints import ERRORS, TRACEBACK, Call, require_strace
from tests.hostile.observer import OBSERVED
from tests.hostile.test_failpoints import EVERY, ROOT, small_disk
from tests.hostile.tuned import Tuning, copied, judged, tuning, writing
from verify.checks.finetune.log import NAME, events_in
from verify.checks.finetune.question import ADAPTER
from verify.errors import Exit

pytestmark = pytest.mark.environment


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tuning]:
    """One process for all of them: to import torch takes longer than to fine-tune."""
    require_strace()
    with tuning(tmp_path_factory.mktemp("tuned")) as made:
        yield made


@pytest.fixture(scope="module")
def calls(tuned: Tuning) -> list[Call]:
    """What writes below the folder when all is well; what comes of it lies in ``after``."""
    after = tuned.folder / "after"
    copied(tuned.before, after)
    well = tuned.tried(after, None)
    assert well.code == Exit.HOLDS, well.said
    assert judged(after, tuned.before, after)
    found = writing(well.calls, after)
    written = " ".join(call.arguments for call in found)
    assert all(name in written for name in ("adapter_model.safetensors", "optimizer.pt", NAME))
    return found


def _some(calls: list[Call], first: int) -> list[Call]:
    """All that put something into its place; of the others each seventh, or each second where all faults are tried."""
    step = 2 if EVERY else 7
    return [call for place, call in enumerate(calls) if place % step == first or call.name.startswith("rename")]


def _settled(tuned: Tuning, output: Path) -> None:
    """Go on once more, and require what comes when nothing went wrong, with nothing left half-made."""
    again = tuned.tried(output, None)
    assert again.code == Exit.HOLDS, again.said
    assert judged(output, tuned.before, tuned.folder / "after")
    assert [name for name in tree(output) if ".part" in name] == []


def test_killed_at_any_call_the_adapter_is_the_old_or_the_new_and_the_run_goes_on(
    tuned: Tuning, calls: list[Call]
) -> None:
    seen, output = set(), tuned.folder / "killed"
    for call in _some(calls, 0):
        copied(tuned.before, output)
        ended = tuned.tried(output, f"{call.name}:signal=KILL:when={call.number}")
        assert ended.code == -signal.SIGKILL, (call, ended.said)
        seen.add(judged(output, tuned.before, tuned.folder / "after"))
        _settled(tuned, output)
    assert seen == {False, True}


def test_whatever_call_fails_it_is_told_as_the_disks_and_nothing_is_mixed(tuned: Tuning, calls: list[Call]) -> None:
    told, output, tried = 0, tuned.folder / "failed", _some(calls, 1)
    for call, error in zip(tried, cycle(ERRORS), strict=False):
        copied(tuned.before, output)
        ended = tuned.tried(output, f"{call.name}:error={error}:when={call.number}")
        assert ended.code in (Exit.HOLDS, Exit.INPUT_OUTPUT), (call, error, ended.said)
        assert ended.code != TRACEBACK
        if ended.code == Exit.INPUT_OUTPUT:
            told += 1
            assert "cannot be written: " in ended.said.splitlines()[-1]
        assert judged(output, tuned.before, tuned.folder / "after") or ended.code != Exit.HOLDS
        _settled(tuned, output)
    assert told > len(tried) // 2


def test_a_checkpoint_is_on_the_disk_before_it_is_told_of(tuned: Tuning) -> None:
    output = tuned.folder / "synced"
    copied(tuned.before, output)
    made = [call for call in tuned.tried(output, None).calls if str(output) in call.arguments]
    told = (place for place, call in enumerate(made) if call.name == "write" and 'checkpoint\\"' in call.arguments)
    synced = " ".join(call.arguments for call in made[: next(told)] if call.name == "fsync")
    for name in ("/adapter_model.safetensors", "/optimizer.pt", "/trainer_state.json", ""):
        assert f"checkpoints/checkpoint-2{name}>" in synced
    assert "/checkpoints>" in synced


def _project(root: Path) -> Path:
    """A project of its own, with this one's environments."""
    for part in ("envs", "lockfiles", "policy", "schemas"):
        shutil.copytree(ROOT / part, root / part)
    (root / ".environments").mkdir()
    for entry in (ROOT / ".environments").iterdir():
        if entry.name not in ("lock", "run", "scratch"):
            (root / ".environments" / entry.name).symlink_to(entry.resolve() if entry.is_symlink() else entry)
    return root


def _lora(root: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "verify", "--root", str(root), "lora", *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "VERIFY_LANG": "en"},
    )


def test_a_disk_that_fills_while_it_is_trained_is_told_in_two_lines_and_the_run_goes_on(
    tuned: Tuning, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    root = _project(tmp_path / "a project")
    recipe = ("--iterations", "3", "--save-every", "1", "--report-every", "1", "--target-modules", "q_proj", "v_proj")
    learns = ("--learning-rate", "0.01", "--sequence-length", "64", "--rank", "64", "--device", "cpu")
    named = ("--model", str(tuned.folder / "model"), "--data", str(tuned.folder / "train.jsonl"))
    with small_disk(tmp_path / "disk", "size=600k") as disk:
        output = disk / "run"
        ended = _lora(root, *named, *recipe, *learns, "--output", str(output))
        assert ended.returncode == Exit.INPUT_OUTPUT, ended
        assert "Traceback" not in ended.stderr
        error, hint = ended.stderr.splitlines()[-2:]
        assert error.startswith(f"error: {output}")
        assert "cannot be written: " in error
        record_property(OBSERVED, f"exit {ended.returncode}: {error}")
        assert hint.endswith(f"go on with: verify lora --resume --output {output}")
        assert not (output / ADAPTER).exists()
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        ended = _lora(root, "--resume", "--output", str(output))
        assert ended.returncode in (Exit.HOLDS, Exit.REFUSED), ended
        events = events_in(output / NAME)
        assert [event["iteration"] for event in events if event["event"] == "trained"] == [1, 2, 3]
        assert events[-1]["event"] == "finished"
        assert (output / ADAPTER / "adapter_model.safetensors").exists()


def test_the_adapter_of_another_run_is_never_written_over(tuned: Tuning, tmp_path: Path) -> None:
    root, output = _project(tmp_path / "a project"), tmp_path / "run"
    copied(tuned.before, output)
    (output / NAME).unlink()
    named = ("--model", str(tuned.folder / "model"), "--data", str(tuned.folder / "train.jsonl"))
    ended = _lora(root, *named, "--output", str(output))
    assert ended.returncode == Exit.USAGE
    assert "holds the adapter of another run" in ended.stderr
