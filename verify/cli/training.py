"""How far a fine-tune is: its log, as it grows, in a person's words."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any, TextIO

from verify.checks.finetune.log import events_in
from verify.cli.progress import duration
from verify.language.speech import reworded, say
from verify.language.width import cut
from verify.monitor.alongside import alongside

REFRESH_SECONDS = 0.5
CLEAR = "\r\x1b[J"

Event = Mapping[str, Any]
Worded = Callable[[Event, list[dict[str, Any]]], str]


@contextmanager
def following(stream: TextIO, path: Path, *, live: bool, worded: Worded | None = None) -> "Iterator[Training]":
    """Print what comes to a log inside the block; nothing that is in it already."""
    training = Training(stream, path, live, worded or told, events_in(path))
    try:
        with alongside(training.watch, "training"):
            yield training
    finally:
        training.show(last=True)


@dataclass(slots=True)
class Training:
    """Prints each event of a log once; in a terminal, how far it is and how long it still takes stand below.

    Attributes:
        stream: Where to write.
        path: The log.
        live: Whether the stream is a terminal that can be rewritten.
        worded: What to say of an event, knowing all so far; nothing is said of one that makes an empty text.
        seen: The events that were told of.
    """

    stream: TextIO
    path: Path
    live: bool
    worded: Worded
    seen: list[dict[str, Any]]
    _drawn: bool = False
    _begin: float = field(default_factory=time.monotonic)

    def watch(self, over: threading.Event) -> None:
        """Look, again and again, until it is over."""
        while not over.wait(REFRESH_SECONDS):
            self.show()

    def show(self, *, last: bool = False) -> None:
        """Print what is new; the last time nothing stays below it."""
        events = events_in(self.path)
        # A resumed run's log loses what came after its checkpoint: what is new begins where it differs from what was.
        alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(self.seen, events, strict=False)))
        self.seen, new = events, events[alike:]
        if self._drawn:
            self.stream.write(CLEAR)
            self._drawn = False
        for event in new:
            line = self.worded(event, events)
            if line:
                self.stream.write(f"{line}\n")
        if self.live and not last:
            waited = duration(time.monotonic() - self._begin)
            self.stream.write(cut(f"{left(events)}, {waited}", shutil.get_terminal_size().columns - 1))
            self._drawn = True
        self.stream.flush()


def told(event: Event, events: list[dict[str, Any]]) -> str:
    """One line about an event, or nothing."""
    match event["event"]:
        case "started":
            share = event["trainable"] / event["parameters"]
            return say(
                "device {} ({}), {}: {} of {} parameters are trained ({})\n{} examples to train on, "
                "{} held out ({}), {} iterations",
                event["device"],
                event["device_title"],
                event["dtype"],
                f"{event['trainable']:,}",
                f"{event['parameters']:,}",
                f"{share:.3%}",
                event["training_examples"],
                event["held_out_examples"],
                reworded(event["split"]),
                event["iterations"],
            ) + (say("; {} examples were cut", event["cut_examples"]) if event["cut_examples"] else "")
        case "trained":
            rate, tokens = event["iterations"] / event["seconds"], event["tokens"] / event["seconds"]
            before = (e for e in events if e["event"] == "trained" and e["iteration"] <= event["iteration"])
            so_far = sum(each["tokens"] for each in before)
            return say(
                "iteration {}  loss {}  {} it/s  {} tokens/s  {} tokens  peak {} GB",
                f"{event['iteration']:>6}",
                f"{event['loss']:.4f}",
                f"{rate:.3g}",
                f"{tokens:.4g}",
                f"{so_far:,}",
                f"{event['peak_memory_bytes'] / 1e9:.2f}",
            )
        case "validation":
            return say("iteration {}  held-out loss {}", f"{event['iteration']:>6}", f"{event['loss']:.4f}")
        case "checkpoint":
            return say("iteration {}  saved {}", f"{event['iteration']:>6}", event["folder"])
        case "resumed":
            return say("going on after iteration {}", event["iteration"])
    return ""


def left(events: list[dict[str, Any]]) -> str:
    """How far it is, and how long it still takes at the rate of the last lines."""
    start = next((event for event in events if event["event"] == "started"), None)
    if start is None:
        return say("loading the model")
    trained = [event for event in events if event["event"] == "trained"]
    done = trained[-1]["iteration"] if trained else 0
    # The first iteration compiles, allocates and fills caches: it tells nothing of those to come.
    steady = [event for event in trained if event["iteration"] > 1][-RECENT:] or trained
    if not steady:
        return say("iteration 0 of {}", start["iterations"])
    each = sum(event["seconds"] for event in steady) / sum(event["iterations"] for event in steady)
    return say(
        "iteration {} of {}, about {} left", done, start["iterations"], duration(each * (start["iterations"] - done))
    )


RECENT = 5
