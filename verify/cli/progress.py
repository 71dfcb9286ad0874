"""How far a run is: a live list in a terminal, plain lines elsewhere."""

import shutil
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Self, TextIO

from verify.language.speech import reworded, say
from verify.language.width import columns, cut
from verify.render.kept import word
from verify.run.answer import Answer
from verify.run.plan import Job

# Until a report of this machine tells better, in seconds.
GUESSES = {"functional": 10.0, "lora": 45.0, "benchmark": 40.0}
REFRESH_SECONDS = 1.0
COLOURS = {
    "passed": "32",
    "skipped": "2",
    "failed": "31",
    "errored": "31",
    "crashed": "31",
    "timed_out": "31",
    "out_of_memory": "31",
}
CLEAR = "\r\x1b[J"


@dataclass(slots=True)
class Progress:
    """Tells of jobs as they start and end.

    Attributes:
        stream: Where to write.
        jobs: What is asked; a job that is asked again and again stands here as often.
        expected: Seconds that a job took last time, by id.
        together: How many share the machine.
        live: Whether the stream is a terminal that can be rewritten.
        verbose: Whether to show the log of a check that did not pass.
        clock: Seconds, monotonic.
    """

    stream: TextIO
    jobs: list[Job]
    expected: Mapping[str, float]
    together: int
    live: bool
    verbose: bool
    clock: Callable[[], float] = time.monotonic
    _begin: float = 0.0
    _running: list[tuple[Job, float]] = field(default_factory=list)
    _done: Counter[str] = field(default_factory=Counter)
    _took: dict[str, float] = field(default_factory=dict)
    _footer: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._begin = self.clock()
        if self.live:
            # A thread would begin in English.
            threading.Thread(target=copy_context().run, args=(self._refresh,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with self._lock:
            self._erase()

    def started(self, job: Job) -> None:
        """A job's process is about to start."""
        with self._lock:
            self._running.append((job, self.clock()))
            self._draw()

    def finished(self, answer: Answer) -> None:
        """A job has its outcome."""
        with self._lock:
            self._forget(answer.job.id)
            self._done[answer.job.id] += 1
            self._took[answer.job.id] = answer.wall_seconds
            self._erase()
            self.stream.write("".join(f"{line}\n" for line in self._lines(answer)))
            self._draw()

    def _forget(self, id_: str) -> None:
        """A job no longer runs; of a job that runs twice at once, the one that began first."""
        for entry in self._running:
            if entry[0].id == id_:
                self._running.remove(entry)
                return

    def _lines(self, answer: Answer) -> list[str]:
        outcome = word(answer.outcome)
        said = " " * (13 - columns(outcome)) + outcome
        shown = f"\x1b[{COLOURS[answer.outcome]}m{said}\x1b[0m" if self.live else said
        count = f"[{self._done.total():>{len(str(len(self.jobs)))}}/{len(self.jobs)}]"
        seconds = "" if answer.outcome == "skipped" else f"{answer.wall_seconds:7.1f} s"
        first = f"{count} {shown}  {answer.job.id}{seconds and f'  {seconds.strip()}'}"
        reason = [f"{'':>{len(count)}}                {reworded(answer.reason)}"] if answer.reason else []
        log = [f"    | {line}" for line in (answer.log or "").splitlines()] if self.verbose else []
        return [first, *reason, *log]

    def _refresh(self) -> None:
        # Nothing is redrawn while a benchmark runs: this process must not take time from what it measures.
        while not self._over.wait(REFRESH_SECONDS):
            with self._lock:
                if not any(job.alone for job, _ in self._running) and not self._over.is_set():
                    self._draw()

    def _draw(self) -> None:
        if not self.live:
            self.stream.flush()
            return
        self._erase()
        now, width = self.clock(), shutil.get_terminal_size().columns - 1
        lines = ["      " + say("running  {}  {}", job.id, duration(now - start)) for job, start in self._running]
        lines.append(
            say(
                "{} of {} done, {}, {}",
                self._done.total(),
                len(self.jobs),
                duration(now - self._begin),
                self._left(now),
            )
        )
        self.stream.write("\n".join(cut(line, width) for line in lines))
        self._footer = len(lines)
        self.stream.flush()

    def _erase(self) -> None:
        if self._footer:
            up = f"\x1b[{self._footer - 1}A" if self._footer > 1 else ""
            self.stream.write(f"{up}{CLEAR}")
            self._footer = 0

    def _left(self, now: float) -> str:
        done, spent = self._done.copy(), defaultdict[str, list[float]](list)
        for job, start in self._running:
            spent[job.id].append(now - start)
        shared = alone = 0.0
        for job in self.jobs:
            if done[job.id]:
                done[job.id] -= 1
                continue
            past = spent[job.id].pop() if spent[job.id] else 0.0
            seconds = max(1.0, self._seconds(job) - past)
            if job.alone:
                alone += seconds
            else:
                shared += seconds
        return say("about {} left", duration(shared / self.together + alone))

    def _seconds(self, job: Job) -> float:
        """How long a job takes: as it just did, as it did last time, or as its like does."""
        return self._took.get(job.id) or self.expected.get(job.id) or GUESSES[job.check.kind]


def duration(seconds: float) -> str:
    """``7 s``, ``1 min 05 s``, ``2 h 03 min``."""
    whole = max(0, round(seconds))
    minutes, seconds_left = divmod(whole, 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return say("{} h {} min", hours, f"{minutes_left:02}")
    return say("{} min {} s", minutes, f"{seconds_left:02}") if minutes else say("{} s", whole)
