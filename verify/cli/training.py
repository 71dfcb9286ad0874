"""How far a fine-tune is: its log, as it grows, in a person's words."""

import shutil
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any, Self, TextIO

from verify.checks.finetune.log import events_in
from verify.cli.progress import duration

REFRESH_SECONDS = 0.5
CLEAR = "\r\x1b[J"

Event = Mapping[str, Any]


@dataclass(slots=True)
class Training:
    """Prints each event of a log once; in a terminal, how far it is and how long it still takes stand below.

    Attributes:
        stream: Where to write.
        path: The log.
        live: Whether the stream is a terminal that can be rewritten.
    """

    stream: TextIO
    path: Path
    live: bool
    _seen: list[dict[str, Any]] = field(default_factory=list)
    _drawn: bool = False
    _begin: float = field(default_factory=time.monotonic)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._seen = events_in(self.path)
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread:
            self._thread.join()
        self._show(last=True)

    def _watch(self) -> None:
        while not self._over.wait(REFRESH_SECONDS):
            self._show()

    def _show(self, *, last: bool = False) -> None:
        events = events_in(self.path)
        # A resumed run's log loses what came after its checkpoint: what is new begins where it differs from what was.
        alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(self._seen, events, strict=False)))
        self._seen, new = events, events[alike:]
        if self._drawn:
            self.stream.write(CLEAR)
            self._drawn = False
        for event in new:
            line = told(event, events)
            if line:
                self.stream.write(f"{line}\n")
        if self.live and not last:
            waited = duration(time.monotonic() - self._begin)
            self.stream.write(f"{left(events)}, {waited}"[: shutil.get_terminal_size().columns - 1])
            self._drawn = True
        self.stream.flush()


def told(event: Event, events: list[dict[str, Any]]) -> str:
    """One line about an event, or nothing."""
    match event["event"]:
        case "started":
            share = event["trainable"] / event["parameters"]
            return (
                f"device {event['device']} ({event['device_title']}), {event['dtype']}: {event['trainable']:,} of "
                f"{event['parameters']:,} parameters are trained ({share:.3%})\n"
                f"{event['training_examples']} examples to train on, {event['held_out_examples']} held out "
                f"({event['split']}), {event['iterations']} iterations"
                + (f"; {event['cut_examples']} examples were cut" if event["cut_examples"] else "")
            )
        case "trained":
            rate, tokens = event["iterations"] / event["seconds"], event["tokens"] / event["seconds"]
            before = (e for e in events if e["event"] == "trained" and e["iteration"] <= event["iteration"])
            so_far = sum(each["tokens"] for each in before)
            return (
                f"iteration {event['iteration']:>6}  loss {event['loss']:.4f}  {rate:.3g} it/s  {tokens:.4g} tokens/s  "
                f"{so_far:,} tokens  peak {event['peak_memory_bytes'] / 1e9:.2f} GB"
            )
        case "validation":
            return f"iteration {event['iteration']:>6}  held-out loss {event['loss']:.4f}"
        case "checkpoint":
            return f"iteration {event['iteration']:>6}  saved {event['folder']}"
        case "resumed":
            return f"going on after iteration {event['iteration']}"
    return ""


def left(events: list[dict[str, Any]]) -> str:
    """How far it is, and how long it still takes at the rate of the last lines."""
    start = next((event for event in events if event["event"] == "started"), None)
    if start is None:
        return "loading the model"
    trained = [event for event in events if event["event"] == "trained"]
    done = trained[-1]["iteration"] if trained else 0
    # The first iteration compiles, allocates and fills caches: it tells nothing of those to come.
    steady = [event for event in trained if event["iteration"] > 1][-RECENT:] or trained
    if not steady:
        return f"iteration 0 of {start['iterations']}"
    each = sum(event["seconds"] for event in steady) / sum(event["iterations"] for event in steady)
    return f"iteration {done} of {start['iterations']}, about {duration(each * (start['iterations'] - done))} left"


RECENT = 5
