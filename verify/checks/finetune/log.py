"""The log of a run, one JSON object a line: what is shown while it runs, what it is resumed from, what is reported."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from verify.checks.finetune.keeping import keeping

NAME = "log.jsonl"
# How a run ended; one that goes on has not.
ENDS = ("finished", "interrupted")

Event = dict[str, Any]
Tell = Callable[..., None]


def teller(path: Path) -> Tell:
    """A function that appends one event, on the disk before it returns: the run may be killed at any moment.

    It raises `Unkept` where the disk refuses.
    """

    def tell(event: str, **facts: Any) -> None:
        with keeping(path), path.open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps({'event': event, 'at': round(time.time(), 3), **facts}, allow_nan=False)}\n")
            file.flush()
            os.fsync(file.fileno())

    return tell


def events_in(path: Path) -> list[Event]:
    """The events so far; a last line that was cut off by a kill is none."""
    if not path.exists():
        return []
    whole = path.read_text(encoding="utf-8").rpartition("\n")[0]
    return [json.loads(line) for line in whole.splitlines()]


def rewound(path: Path, iteration: int) -> None:
    """Forget what came after an iteration: a resumed run tells of it again.

    Raises:
        Unkept: The disk refuses; the log is as it was.
    """
    kept = [event for event in events_in(path) if event.get("iteration", 0) <= iteration and event["event"] not in ENDS]
    temporary = path.with_suffix(".part")
    with keeping(path):
        with temporary.open("w", encoding="utf-8") as file:
            file.write("".join(f"{json.dumps(event)}\n" for event in kept))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
