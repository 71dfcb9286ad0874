"""A fine-tune that goes on from its checkpoint with one call of the kernel tampered with, where torch is."""

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.hostile.failpoints import Call, Tried, calls_in, traced
from verify.checks.finetune.log import NAME, events_in
from verify.checks.finetune.question import ADAPTER, CHECKPOINTS
from verify.errors import VerifyError
from verify.spec.interpreter import interpreter_of

ROOT = Path(__file__).resolve().parents[2]
SERVER = Path(__file__).with_name("lora_server.py")
WEIGHTS, CONFIGURATION = "adapter_model.safetensors", "adapter_config.json"
# What of a checkpoint is the same each time that it is made.
EXACT = (WEIGHTS, "optimizer.pt", "scheduler.pt")


@dataclass(frozen=True, slots=True)
class Tuning:
    """A process in which torch is imported, that goes on with a fine-tune in any folder.

    Attributes:
        process: It.
        folder: Holds the model, its data, and the fine-tune before.
    """

    process: "subprocess.Popen[str]"
    folder: Path

    @property
    def before(self) -> Path:
        """The fine-tune that ended after its first iteration, with a checkpoint and an adapter."""
        return self.folder / "before"

    def tried(self, output: Path, tamper: str | None) -> Tried:
        """Go on to the second iteration in a fork."""
        assert self.process.stdin
        print(output, file=self.process.stdin, flush=True)
        calls = output.with_suffix(".calls")
        with traced(int(self.said()), calls, tamper):
            status = int(self.said())
        return Tried(status, output.with_suffix(".err").read_text(errors="replace"), calls_in(calls))

    def said(self) -> str:
        """The next line of it."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, "the process that tunes has ended"
        return line.strip()


@contextlib.contextmanager
def tuning(folder: Path) -> Iterator[Tuning]:
    """Such a process; skipped where there is no torch."""
    try:
        found = interpreter_of(ROOT, None, environ=os.environ)
    except VerifyError as error:
        pytest.skip(f"needs an environment: {error}")
    words = [str(found.python), "-P", str(SERVER), str(folder)]
    with (
        (folder / "err").open("wb") as errors,
        subprocess.Popen(
            words,
            env=dict(found.environment_variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
        contextlib.ExitStack() as ending,
    ):
        ending.callback(process.kill)
        made = Tuning(process, folder)
        line = process.stdout.readline() if process.stdout else ""
        assert line == "ready\n", (folder / "err").read_text()[-2000:]
        yield made


def writing(calls: tuple[Call, ...], output: Path) -> list[Call]:
    """The calls that write below a folder."""
    below = re.compile(rf'[<"]{re.escape(str(output))}[/>"]')
    return [call for call in calls if not call.reads and below.search(call.arguments)]


def whole(folder: Path, names: tuple[str, ...] = (WEIGHTS,)) -> Mapping[str, bytes]:
    """The files of a folder that make it up, in bytes; empty where one is missing."""
    there = {name: (folder / name).read_bytes() for name in names if (folder / name).is_file()}
    return there if len(there) == len(names) else {}


def judged(output: Path, before: Path, after: Path) -> bool:
    """Require that what is kept is the old or the new, and that no checkpoint is told of before it is whole.

    Args:
        output: What is judged.
        before: What was gone on with.
        after: What comes of it when all is well.

    Returns:
        Whether the adapter is the new one.
    """
    old, new = (whole(each / ADAPTER) for each in (before, after))
    assert old != new
    here = whole(output / ADAPTER)
    assert here in (old, new)
    assert (output / ADAPTER / CONFIGURATION).read_bytes() == (before / ADAPTER / CONFIGURATION).read_bytes()
    events = events_in(output / NAME)
    told = [event["folder"] for event in events if event["event"] == "checkpoint"]
    assert told
    for name in told:
        exact = whole(output / CHECKPOINTS / name, EXACT)
        assert exact
        assert exact == whole(after / CHECKPOINTS / name, EXACT)
        names = {path.name for path in (after / CHECKPOINTS / name).iterdir()}
        assert {path.name for path in (output / CHECKPOINTS / name).iterdir()} == names
    iterations = [event["iteration"] for event in events if event["event"] == "trained"]
    ended = "finished" in {event["event"] for event in events}
    # Before it was gone on with, it had come to its end.
    assert not ended or iterations == [1] or (iterations == [1, 2] and here == new)
    return here == new


def copied(before: Path, output: Path) -> None:
    """Have a fine-tune in another folder."""
    shutil.rmtree(output, ignore_errors=True)
    shutil.copytree(before, output)
