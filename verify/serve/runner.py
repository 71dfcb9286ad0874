"""One job at a time: started, told of, ended, and nothing of it left behind."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import psutil

from verify.errors import VerifyError
from verify.language.speech import later
from verify.run.child import kill_group
from verify.run.orphans import adopt_orphans
from verify.serve.events import KEPT, Events
from verify.serve.orders import Order

LONGEST_LINE = 64 * 1024
LONGEST_SHOWN = 2_000
# A fine-tune that is asked to end saves first; what takes longer than that is killed when the server ends.
GRACE_SECONDS = 20.0
# What a process that is gone had written.
READ_SECONDS = 2.0
# What a job tells by itself; the rest of `KEPT` is told of it.
TOLD = frozenset(KEPT) - {"line", "asked", "ended"}


@dataclass(slots=True)
class Job:
    """A job, as it is or was.

    Attributes:
        number: From 1 upwards, since the server was started.
        order: What was ordered.
        began: When, in seconds since 1970.
        events: What it told.
        asked: How often it was asked to end.
        code: Its exit code; None while it runs.
        report: The file of its report, once it has one.
        process: Its process, once it was started.
    """

    number: int
    order: Order
    began: float
    events: Events = field(default_factory=Events)
    asked: int = 0
    code: int | None = None
    report: Path | None = None
    process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.code is None


class BusyError(VerifyError):
    """A job is running already."""


@dataclass(slots=True)
class Runner:
    """Takes orders, one at a time.

    Attributes:
        command: What every job's words are put behind.
        root: The project, where jobs run; reports that they name must lie in it.
    """

    command: Sequence[str]
    root: Path
    jobs: list[Job] = field(default_factory=list)
    clock: Callable[[], float] = time.time
    _closed: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        """Ask the kernel for what a job that is killed leaves behind, where it can give it to us."""
        adopt_orphans()

    @property
    def current(self) -> Job | None:
        """The job that runs."""
        last = self.jobs[-1] if self.jobs else None
        return last if last and last.running else None

    def start(self, order: Order) -> Job:
        """Begin with a job.

        Raises:
            BusyError: One runs already.
        """
        with self._lock:
            if self.current:
                raise BusyError(f"job {self.current.number} is running", "wait for it, or cancel it: one at a time")
            if self._closed:
                raise BusyError("the server is ending", "start it again")
            job = Job(len(self.jobs) + 1, order, self.clock())
            self.jobs.append(job)
            self._thread = threading.Thread(target=self._work, args=(job,), name=f"job {job.number}", daemon=True)
            self._thread.start()
        return job

    def cancel(self, job: Job) -> None:
        """Ask a job to end in good order; the second time, end it at once."""
        with self._lock:
            if job.running:
                job.asked += 1
                job.events.add("asked", {"times": job.asked})
                _end(job, at_once=job.asked > 1)

    def close(self, seconds: float = GRACE_SECONDS) -> None:
        """End the job that runs: in good order within so many seconds, else at once. No other begins any more."""
        with self._lock:
            self._closed = True
        job, thread = self.current, self._thread
        if job is None or thread is None:
            return
        self.cancel(job)
        try:
            thread.join(seconds)
        finally:
            with self._lock:
                _end(job, at_once=True)
            thread.join()

    def _work(self, job: Job) -> None:
        code = -1
        try:
            with self._lock:
                process = job.process = self._started(job)
                if job.asked:
                    _end(job, at_once=True)
            code = self._watched(job, process)
        except OSError as error:
            job.events.add("line", {"text": f"{self.command[0]} cannot be started: {error.strerror}"})
        finally:
            with self._lock:
                # Whoever listens goes when the job has a code, and must have been told before.
                job.events.add("ended", {"code": code, "report": job.report is not None})
                job.code = code

    def _started(self, job: Job) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*self.command, *job.order.words, "--progress=json"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            cwd=self.root,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )

    def _watched(self, job: Job, process: subprocess.Popen[bytes]) -> int:
        """Hear both of its streams to their end, then have nothing of its group left."""
        readers = [
            threading.Thread(target=_heard, args=(pipe, hear), daemon=True)
            for pipe, hear in (
                (process.stdout, lambda text: _line(job, text)),
                (process.stderr, lambda text: self._told(job, text)),
            )
        ]
        for reader in readers:
            reader.start()
        _wait_without_reaping(process)
        kill_group(process.pid)
        _end_strays(process.pid)
        for reader in readers:
            # Where strays are not handed to us, one may hold a pipe open for ever.
            reader.join(READ_SECONDS)
        return process.wait()

    def _told(self, job: Job, text: str) -> None:
        facts = _event(text)
        if facts is None:
            _line(job, text)
            return
        kind = facts.pop("event")
        if kind == "report":
            job.report = self._inside(facts.get("file"))
            facts = {}
        job.events.add(kind, facts)

    def _inside(self, file: Any) -> Path | None:
        """The file that a job names, where it lies in the project."""
        place = Path(os.path.realpath(self.root / str(file)))
        return place if place.is_relative_to(os.path.realpath(self.root)) and place.suffix == ".json" else None


def _end(job: Job, *, at_once: bool) -> None:
    if job.process is None or not job.running:
        return
    if at_once:
        kill_group(job.process.pid)
    elif job.process.poll() is None:
        # SIGTERM, not SIGINT: what was started in the background of a shell ignores the latter.
        job.process.send_signal(signal.SIGTERM)


def _wait_without_reaping(process: subprocess.Popen[bytes]) -> None:
    """Block until it ends, its number still taken, so that what is left of its group can be killed safely.

    Python before 3.13 lacks `waitid` on macOS.
    """
    if hasattr(os, "waitid"):
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    else:
        process.wait()


def _end_strays(job: int) -> None:
    """Kill what a job left that is handed to us: it is in a session of its own, as nothing of ours is but the job."""
    ours = (os.getsid(0), None)
    while strays := [one for one in psutil.Process().children() if one.pid != job and _session(one.pid) not in ours]:
        for stray in strays:
            with suppress(psutil.NoSuchProcess):
                stray.kill()
                stray.wait()


def _session(process: int) -> int | None:
    try:
        return os.getsid(process)
    except ProcessLookupError:
        return None


def _event(text: str) -> dict[str, Any] | None:
    """What a line tells, where it is an event."""
    if not text.startswith('{"event": '):
        return None
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return facts if isinstance(facts, dict) and facts.get("event") in TOLD else None


def _line(job: Job, text: str) -> None:
    if text:
        job.events.add("line", {"text": text[:LONGEST_SHOWN]})


def _heard(pipe: IO[bytes] | None, hear: Callable[[str], None]) -> None:
    with suppress(OSError, ValueError):
        while pipe is not None and (line := pipe.readline(LONGEST_LINE)):
            hear(line.decode("utf-8", "replace").rstrip("\r\n"))
    if pipe is not None:
        pipe.close()


def summary(job: Job) -> Mapping[str, Any]:
    """What a list of jobs shows of one."""
    state = later("running") if job.running else later("done") if job.code == 0 else later("ended")
    return {"number": job.number, "kind": job.order.kind, "state": state, "code": job.code, "report": bool(job.report)}
