"""One supervised process: its own session, a lifeline, a deadline, a bounded log, and nothing left behind."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from verify.errors import VerifyError
from verify.run.oom import memory_kills
from verify.run.orphans import adopt_orphans, end_orphans

GRACE_SECONDS = 2.0
CHUNK = 64 * 1024
# A log keeps its first and its last part: how it began and how it died. What lies between is counted.
KEPT_HEAD = 256 * 1024
KEPT_TAIL_CHUNKS = 12


class Process(Protocol):
    """A child of ours, in a session of its own whose group has its number."""

    @property
    def pid(self) -> int:
        """Its number."""

    @property
    def stdout(self) -> IO[bytes] | None:
        """What it writes, to standard output and error."""

    def wait(self) -> int:
        """Reap it once it has ended: its exit code, or less than 0 for a signal's number."""


# Starts a process that is given the descriptor of its lifeline, and closes that descriptor here.
Start = Callable[[int], Process]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a process ended.

    Attributes:
        code: Exit code; negative is the signal that killed it.
        timed_out: It was killed at its deadline.
        memory_killed: The kernel killed something for want of memory meanwhile.
        seconds: Wall time from start to end.
        ended: When it ended, on the monotonic clock.
        log: Standard output and error, at most about one megabyte of them.
    """

    code: int
    timed_out: bool
    memory_killed: bool
    seconds: float
    ended: float
    log: str


@dataclass(slots=True)
class Children:
    """The process groups that are alive, so that an interrupt can end them all."""

    stopped: bool = False
    _alive: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _others: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        """Ask the kernel for the orphans of those who leave their session, where it can give them to us."""
        self._others = adopt_orphans()

    @contextlib.contextmanager
    def alive(self, start: Callable[[], Process]) -> Iterator[Process]:
        """Start a process, and keep its group among the living while the block runs."""
        with self._lock:
            process = start()
            self._alive.add(process.pid)
            if self.stopped:
                kill_group(process.pid)
        try:
            yield process
        finally:
            with self._lock:
                self._alive.discard(process.pid)
                end_orphans(self._alive | self._others)

    def interrupt(self) -> None:
        """Ask every living process to end in good order; those it started are its own affair."""
        with self._lock:
            for process in self._alive:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGINT)

    def stop(self) -> None:
        """Kill every living group, and every one that is still to come."""
        with self._lock:
            self.stopped = True
            for group in self._alive:
                kill_group(group)


def supervise(start: Start, *, timeout_seconds: float, children: Children) -> Ending:
    """Run a process to its end or its deadline; its whole process group is gone afterwards.

    It reads its lifeline and dies when this process does.

    Args:
        start: How it is started.
        timeout_seconds: Wall time until it is asked for its stack, then killed.
        children: Where to be found by an interrupt.

    Raises:
        VerifyError: The process cannot be started.
    """
    kills, began = memory_kills(), time.monotonic()
    lifeline, held = os.pipe()
    try:
        with children.alive(lambda: start(lifeline)) as process:
            log, deadline = Log(process.stdout), _Deadline(process.pid, timeout_seconds)
            _wait_without_reaping(process)
            deadline.cancel()
            kill_group(process.pid)
            code = process.wait()
    finally:
        os.close(held)
    ended = time.monotonic()
    return Ending(code, deadline.passed, memory_kills() > kills, ended - began, ended, log.text())


def program(words: Sequence[str], *, environment: Mapping[str, str], cwd: Path) -> Start:
    """How a program is started; the descriptor of its lifeline is appended to its words.

    Args:
        words: The program and its arguments.
        environment: Its exact environment variables.
        cwd: Its working directory.
    """

    def start(lifeline: int) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                [*words, str(lifeline)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=[lifeline],
                env=dict(environment),
                cwd=cwd,
            )
        except OSError as error:
            raise VerifyError(
                f"{words[0]} cannot be started: {error.strerror}",
                "set the environment up again: ./noxw -s setup -- --recreate",
            ) from error
        finally:
            os.close(lifeline)

    return start


def kill_group(group: int) -> None:
    """Kill a process group, if there is one left; macOS denies permission for a group of zombies."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _wait_without_reaping(process: Process) -> None:
    """Block until the process ends, keeping its number taken so that its group can still be killed safely.

    `Popen.wait` with a time-out would poll; this blocks. Python before 3.13 lacks `waitid` on macOS.
    """
    if hasattr(os, "waitid"):
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    else:
        process.wait()


class _Deadline:
    """Asks a process for its stack when its time is up, then kills its group."""

    def __init__(self, group: int, seconds: float) -> None:
        self.passed = False
        self._group = group
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(seconds,), daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self, seconds: float) -> None:
        if self._over.wait(seconds):
            return
        self.passed = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(self._group, signal.SIGUSR1)
        if not self._over.wait(GRACE_SECONDS):
            kill_group(self._group)


class Log:
    """Drains a pipe into bounded memory, whatever amount comes."""

    def __init__(self, pipe: IO[bytes] | None) -> None:
        self._head = bytearray()
        self._tail: deque[bytes] = deque(maxlen=KEPT_TAIL_CHUNKS)
        self._total = 0
        self._thread = threading.Thread(target=self._drain, args=(pipe,), daemon=True)
        self._thread.start()

    def _drain(self, pipe: IO[bytes] | None) -> None:
        with contextlib.suppress(OSError, ValueError):
            while pipe is not None and (chunk := os.read(pipe.fileno(), CHUNK)):
                self._total += len(chunk)
                room = KEPT_HEAD - len(self._head)
                self._head += chunk[:room] if room > 0 else b""
                if len(chunk) > room:
                    self._tail.append(chunk[max(0, room) :])
        if pipe is not None:
            pipe.close()

    def text(self) -> str:
        """What has been kept of it, once it is at its end."""
        # A grandchild that left the session may hold the pipe open for ever; what it says no longer counts.
        self._thread.join(GRACE_SECONDS)
        tail = b"".join(list(self._tail))
        dropped = self._total - len(self._head) - len(tail)
        gap = f"\n[… {dropped} bytes left out …]\n".encode() if dropped > 0 else b""
        return (bytes(self._head) + gap + tail).decode("utf-8", errors="replace")
