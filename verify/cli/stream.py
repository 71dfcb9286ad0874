"""Progress as JSON, one object a line on stderr, for a program that watches: `verify serve` does."""

import argparse
import json
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, TextIO

from verify.run.answer import Answer
from verify.run.plan import Job


def declare_progress(parser: argparse.ArgumentParser) -> None:
    """The option of verbs that can tell a program how far they are."""
    parser.add_argument(
        "--progress", choices=("text", "json"), default="text", help="on stderr: for people, or one JSON object a line"
    )


@dataclass(frozen=True, slots=True)
class Stream:
    """Writes events. Threads may tell at once; a line is never torn.

    Attributes:
        stream: Where to write.
    """

    stream: TextIO
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, event: str, facts: Mapping[str, Any]) -> None:
        """One line: ``{"event": "started", "job": "lora.merging_keeps_the_logits[cpu]"}``."""
        line = json.dumps({"event": event, **facts})
        with self._lock:
            self.stream.write(f"{line}\n")
            self.stream.flush()

    def training(self, event: Mapping[str, Any], _: Sequence[Mapping[str, Any]]) -> str:
        """An event of a fine-tune's log, told; nothing is left to be said."""
        self.tell("training", {"of": event})
        return ""


def stream_of(arguments: argparse.Namespace) -> Stream | None:
    """Where a program is told of progress; None where a person is."""
    return Stream(sys.stderr) if arguments.progress == "json" else None


@dataclass(frozen=True, slots=True)
class JobStream:
    """Tells of jobs as `verify.cli.progress.Progress` does, to a program.

    Attributes:
        stream: Where to write.
        jobs: What is asked.
    """

    stream: Stream
    jobs: Sequence[Job]

    def __enter__(self) -> Self:
        self.stream.tell("plan", {"jobs": [job.id for job in self.jobs]})
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left to be done."""

    def started(self, job: Job) -> None:
        """A job's process is about to start."""
        self.stream.tell("started", {"job": job.id})

    def finished(self, answer: Answer) -> None:
        """A job has its outcome."""
        told = {"job": answer.job.id, "outcome": answer.outcome, "reason": answer.reason}
        self.stream.tell("finished", {**told, "seconds": round(answer.wall_seconds, 3)})
