"""Asking checks in the environment that was set up last, as a run would, and reading what they measured."""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verify.probe.check import Check
from verify.run.answer import Answer
from verify.run.plan import plan
from verify.run.supervise import Bench, ask_all
from verify.spec.builds import environments_directory
from verify.spec.interpreter import Interpreter, interpreter_of
from verify.spec.lock import read_lock

Measurement = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asker:
    """The project, and the interpreter that its checks are asked in."""

    root: Path
    interpreter: Interpreter

    def answers(self, checks: Sequence[Check]) -> Iterator[Answer]:
        """What each says of the processor, one after the other; a check may be there more than once."""
        lock = read_lock(self.root, self.interpreter.platform)
        locked = [package.name for package in lock.packages]
        name = self.interpreter.environment
        jobs = plan(checks, level="certify", environment=name, promised=["cpu"], locked=locked)
        with tempfile.TemporaryDirectory() as folder:
            yield from ask_all([job for job in jobs if job.device == "cpu"], self.bench(Path(folder)), lambda _: None)

    def bench(self, scratch: Path) -> Bench:
        """Where its processes run, with an empty folder of their own."""
        return Bench(
            python=self.interpreter.python,
            environment=self.interpreter.environment_variables,
            root=self.root,
            lock=self.root / "lockfiles" / f"{self.interpreter.platform}.txt",
            cache=environments_directory(self.root) / "cache",
            scratch=scratch,
            processors=len(os.sched_getaffinity(0)),
        )


def asker(root: Path) -> Asker:
    """The one for the environment that was set up last."""
    return Asker(root, interpreter_of(root, None, environ=os.environ))


def measured(answer: Answer) -> list[Measurement]:
    """What a check recorded; nothing where it could not be asked or did not end."""
    found: list[Measurement] = answer.measured.get("measurements", [])
    return found


def tell(words: str) -> None:
    """How far it is, beside the table."""
    print(words, file=sys.stderr, flush=True)
