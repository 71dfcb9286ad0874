"""``verify lora``, from its options to a report; the whole way on a model of two layers."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import ROOT, Verify
from tests.cli.test_trial_interrupted import interrupted
from verify.checks.finetune.log import NAME, events_in, teller
from verify.errors import Exit

Answer = dict[str, Any]
# Long enough that the loss of a model with drawn weights falls visibly.
RECIPE = {"learning-rate": "0.01", "batch-size": "4", "accumulate": "2", "dropout": "0.1", "report-every": "1"}


def data(folder: Path, count: int = 24) -> Path:
    path = folder / "train.jsonl"
    rows = [{"prompt": f"What is {n} and one?", "completion": f"It is {n + 1}."} for n in range(count)]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def begun(folder: Path, **recipe: Any) -> Path:
    """The folder of a run that has begun, with such a recipe."""
    folder.mkdir(parents=True)
    teller(folder / NAME)("started", recipe={"model": "m", "data": str(data(folder)), "rank": 8, **recipe})
    return folder


def words(**options: str) -> list[str]:
    return [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]


def test_a_folder_that_holds_a_run_is_never_written_over(verify: Verify, tmp_path: Path) -> None:
    output = begun(tmp_path / "run")
    ended = verify("lora", "--model", "m", "--data", str(data(tmp_path)), "--output", str(output))
    assert ended.returncode == Exit.USAGE
    assert "holds a run already" in ended.stderr
    assert len(events_in(output / NAME)) == 1


def test_a_file_is_no_place_for_a_run(verify: Verify, tmp_path: Path) -> None:
    path = data(tmp_path)
    ended = verify("lora", "--model", "m", "--data", str(path), "--output", str(path))
    assert ended.returncode == Exit.USAGE
    assert "train.jsonl is a file" in ended.stderr


def test_resuming_needs_a_run(verify: Verify, tmp_path: Path) -> None:
    assert "--resume needs to know which run" in verify("lora", "--resume").stderr
    assert "holds no run to resume" in verify("lora", "--resume", "--output", str(tmp_path / "none")).stderr


def test_a_device_that_is_not_promised_is_refused(furnished: Path, verify: Verify, tmp_path: Path) -> None:
    ended = verify("lora", "--model", "m", "--data", str(data(tmp_path)), "--device", "cuda", "--output", str(tmp_path))
    assert furnished.is_dir()
    assert ended.returncode == Exit.USAGE
    assert "promises no cuda, only" in ended.stderr


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    python = ROOT / ".environments" / "current" / "bin" / "python"
    if not python.exists():
        python = ROOT / ".environments" / "cpu" / "bin" / "python"
    if not python.exists():
        pytest.skip("needs an environment: ./noxw -s setup")
    folder = tmp_path_factory.mktemp("model")
    subprocess.run([python, ROOT / "tests/cli/tiny_model.py", folder], check=True, capture_output=True, timeout=300)
    return folder


@pytest.fixture
def start(furnished: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts the command on a furnished project, and ends it with the test."""
    with contextlib.ExitStack() as ending:

        def begin(*words: str) -> "subprocess.Popen[str]":
            program = [sys.executable, "-m", "verify", "--root", str(furnished), "lora", *words]
            environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
            pipe = subprocess.PIPE
            running = ending.enter_context(
                subprocess.Popen(program, stdout=pipe, stderr=pipe, text=True, env=environment, cwd=furnished)
            )
            ending.callback(running.kill)
            return running

        yield begin


def lines(output: Path) -> list[tuple[int, float]]:
    return [(event["iteration"], event["loss"]) for event in events_in(output / NAME) if event["event"] == "trained"]


def wait_for(output: Path, iteration: int) -> None:
    deadline = time.monotonic() + 240
    while not any(reached >= iteration for reached, _ in lines(output)):
        assert time.monotonic() < deadline, "the training did not get that far"
        time.sleep(0.05)


@pytest.mark.environment
def test_a_run_that_is_killed_goes_on_to_the_same_losses(
    model: Path, start: Callable[..., "subprocess.Popen[str]"], tmp_path: Path
) -> None:
    shared = ["--model", str(model), "--data", str(data(tmp_path)), *words(**RECIPE)]
    shared += words(iterations="30", save_every="5", validate_every="10")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    told, problems = start(*shared, "--output", str(whole)).communicate(timeout=300)
    assert "The adapter learned" in told, problems
    assert problems.startswith("device cpu (CPU), float32: ")
    (page,) = (whole / "reports" / "cpu").glob("*.md")
    assert "| iteration | training loss | held-out loss |" in page.read_text(encoding="utf-8")

    running = start(*shared, "--output", str(killed))
    wait_for(killed, 8)
    running.send_signal(signal.SIGKILL)
    running.wait()
    told, problems = start("--resume", "--output", str(killed)).communicate(timeout=300)
    assert "going on after iteration" in problems
    assert lines(killed) == lines(whole)
    report = json.loads(next((killed / "reports" / "cpu").glob("*.json")).read_bytes())
    assert report["finetune"]["resumed_after"][0] in (5, 10, 15)
    pickles = [
        path.name for path in (killed / "adapter").iterdir() if path.suffix not in (".json", ".safetensors", ".md")
    ]
    assert not pickles


@pytest.mark.environment
def test_an_interrupt_saves_and_says_how_to_go_on(
    model: Path, start: Callable[..., "subprocess.Popen[str]"], tmp_path: Path
) -> None:
    output = tmp_path / "run"
    shared = ["--model", str(model), "--data", str(data(tmp_path)), *words(**RECIPE), "--output", str(output)]
    running = start(*shared, *words(iterations="100000", save_every="100000"))
    wait_for(output, 3)
    _, problems = interrupted(running)
    assert running.returncode == Exit.INTERRUPTED
    assert f"go on with: verify lora --resume --output {output}" in problems
    resume = ["--resume", "--output", str(output)]
    (tmp_path / "train.jsonl").write_text((tmp_path / "train.jsonl").read_text().replace("one?", "two?"))
    other = start(*resume)
    assert "the data is not what the run began with" in other.communicate(timeout=300)[1]
    data(tmp_path)
    shorter = start(*resume, "--iterations", "1")
    assert "already: ask for more than 1" in shorter.communicate(timeout=300)[1]
    saved = [event["iteration"] for event in events_in(output / NAME) if event["event"] == "checkpoint"]
    assert saved == [lines(output)[-1][0]]
    assert (output / "adapter" / "adapter_model.safetensors").exists()


@pytest.mark.environment
def test_an_interrupt_before_anything_was_trained_leaves_nothing_to_resume(
    model: Path, start: Callable[..., "subprocess.Popen[str]"], tmp_path: Path
) -> None:
    shared = ["--model", str(model), "--data", str(data(tmp_path)), "--output", str(tmp_path / "run")]
    running = start(*shared)
    time.sleep(2)
    _, problems = interrupted(running)
    assert running.returncode == Exit.INTERRUPTED
    assert "Traceback" not in problems
    assert not (tmp_path / "run" / "reports").exists()


@pytest.mark.environment
def test_a_layer_that_the_model_does_not_have_is_refused_with_those_it_has(
    model: Path, start: Callable[..., "subprocess.Popen[str]"], tmp_path: Path
) -> None:
    shared = ["--model", str(model), "--data", str(data(tmp_path)), "--output", str(tmp_path / "run")]
    running = start(*shared, "--target-modules", "c_attn")
    _, problems = running.communicate(timeout=300)
    assert running.returncode == Exit.USAGE
    assert "q_proj" in problems
    assert "Traceback" not in problems
