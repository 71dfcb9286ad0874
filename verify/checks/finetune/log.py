"""The log of a run, one JSON object a line: what is shown while it runs, what it is resumed from, what is reported."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

NAME = "log.jsonl"

Event = dict[str, Any]
Tell = Callable[..., None]


def teller(path: Path) -> Tell:
    """A function that appends one event, on the disk before it returns: the run may be killed at any moment."""

    def tell(event: str, **facts: Any) -> None:
        with path.open("a", encoding="utf-8") as file:
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
    """Forget what came after an iteration: a resumed run tells of it again."""
    kept = [event for event in events_in(path) if event.get("iteration", 0) <= iteration]
    temporary = path.with_suffix(".part")
    temporary.write_text("".join(f"{json.dumps(event)}\n" for event in kept), encoding="utf-8")
    temporary.replace(path)
