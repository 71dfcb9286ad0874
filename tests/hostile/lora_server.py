"""Goes on with a small fine-tune in a fork for each folder that it reads: run where torch is, by `tests.hostile.tuned`.

What is asked is the product's own question. In a fork, torch is imported already: what strace counts is the fine-tune.
"""

import json
import os
import shutil
import signal
import sys
import traceback
from pathlib import Path
from typing import NoReturn

sys.path.append(str(Path(__file__).resolve().parents[2]))
# Threads of a pool are not in a fork.
os.environ |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": "1"}

from verify.checks.finetune.question import UNKEPT, the_adapter_learns_from_the_data
from verify.checks.models.tiny_course import EXAMPLES, RECIPE, checkpoint
from verify.probe.context import Context

# As `verify.errors` has them, and what none of ours ends with.
HOLDS, INPUT_OUTPUT, TRACEBACK = 0, 5, 99
LONGEST_SECONDS = 60


def main(folder: Path) -> None:
    """Make the fine-tune that is gone on with, go on with it once, and then for whoever asks."""
    import torch

    # What the Trainer prints is nobody's answer.
    said = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    torch.set_num_threads(1)
    checkpoint(folder / "model", "llama", 0)
    lines = [json.dumps({"messages": list(example.messages)}) for example in EXAMPLES]
    (folder / "train.jsonl").write_text("\n".join(lines), encoding="utf-8")
    before = folder / "before"
    before.mkdir()
    assert _asked(folder, before, iterations=1, resume=False) == HOLDS
    # What it imports, it imports once.
    shutil.copytree(before, folder / "loaded")
    assert _asked(folder, folder / "loaded", iterations=2, resume=True) == HOLDS
    print("ready", file=said, flush=True)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _go_on(folder, Path(line.rstrip("\n")))
        os.waitpid(child, os.WUNTRACED)
        print(child, file=said, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), file=said, flush=True)


def _asked(folder: Path, output: Path, *, iterations: int, resume: bool) -> int:
    """Ask the question; the exit code that `verify lora` would have."""
    recipe = {
        "model": str(folder / "model"),
        "data": str(folder / "train.jsonl"),
        "dtype": "float32",
        "rank": RECIPE.rank,
        "target_modules": ["q_proj", "v_proj"],
        "learning_rate": 0.01,
        "iterations": iterations,
        "batch_size": 4,
        "sequence_length": 64,
        "report_every": 1,
        "save_every": 1,
        "prompts": ["go 1"],
    }
    settings = {"recipe": recipe, "output": str(output), "resume": resume}
    ctx = Context("cpu", 0, 1, folder, folder, folder, folder, settings)
    try:
        the_adapter_learns_from_the_data(ctx)
    except OSError:
        if UNKEPT in ctx.notes:
            sys.stderr.write(f"{ctx.notes[UNKEPT]}\n")
            return INPUT_OUTPUT
        raise
    return HOLDS


def _go_on(folder: Path, output: Path) -> NoReturn:
    """Go on in the place where a tracer may wait, and leave without what Python does at an exit."""
    os.dup2(os.open(output.with_suffix(".err"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), 2)
    os.dup2(2, 1)
    signal.alarm(LONGEST_SECONDS)
    os.kill(os.getpid(), signal.SIGSTOP)
    code = TRACEBACK
    try:
        code = _asked(folder, output, iterations=2, resume=True)
    except BaseException:  # noqa: BLE001 - whatever it is, it is what a user would see as a traceback
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
