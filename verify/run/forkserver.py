"""Fork servers: jobs that import the same frameworks are forked from one process that has imported them.

Never a benchmark: what is timed runs in a process that was started for it alone. Wherever a server cannot be had (on
another system than Linux, of a framework that does not import, or that starts threads meanwhile) each job is started
alone, and what is wrong shows there.
"""

import contextlib
import json
import os
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

from verify.probe.forkserver import READY
from verify.run.child import Children, Log, Process, Start, kill_group
from verify.run.orphans import adopts_orphans
from verify.run.plan import Job

# By what a check says that it needs: what takes long to import and starts no thread. The others import torch as well.
FIRST = "torch"
MODULES: Mapping[str, str] = {FIRST: "torch", "transformers": "transformers.modeling_utils", "peft": "peft"}
# CUDA and MPS stay with the process that has begun to use them; nobody has proven that importing torch never does. Nor
# may it be imported before a check has said what MPS shall do, which torch reads when it is.
DEVICES = (None, "cpu", "mlx")
# Fewer jobs import as fast by themselves.
FEWEST_JOBS = 3
READY_SECONDS = 180.0
FORK_SECONDS = 30.0
LONGEST_NUMBER = 32


@dataclass(frozen=True, slots=True)
class Forked:
    """A child that a server forked, and the system handed to this process."""

    pid: int
    stdout: IO[bytes]

    def wait(self) -> int:
        """Reap it once it has ended: its exit code, or less than 0 for a signal's number."""
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@dataclass(slots=True)
class Server:
    """The fork server of some jobs: started for the first, ended after the last, absent where there can be none.

    Attributes:
        launch: How its process is started; what that is given as its lifeline is the channel.
        children: Where to be found by an interrupt.
        left: Jobs that have not ended.
    """

    launch: Start
    children: Children
    left: int
    _channel: socket.socket | None = None
    _begun: bool = False
    _ending: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, message: Mapping[str, str], otherwise: Start) -> Start:
        """How a job is started: forked, or else otherwise.

        Args:
            message: What `verify.probe.forkserver.serve` is told of it.
            otherwise: How it is started alone.
        """
        with self._lock:
            if not self._begun:
                self._begun = True
                self._begin()

        def start(lifeline: int) -> Process:
            child = self._forked(json.dumps(message).encode(), lifeline)
            if child is None:
                return otherwise(lifeline)
            os.close(lifeline)
            return child

        return start

    def leave(self) -> None:
        """A job has ended."""
        with self._lock:
            self.left -= 1
            if not self.left:
                self.end()

    def end(self) -> None:
        """End the server; what it forked lives on."""
        self._channel = None
        self._ending.close()

    def _begin(self) -> None:
        """Start the server, and wait until it has imported."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._ending.callback(ours.close)
        process = self._ending.enter_context(self.children.alive(lambda: self.launch(theirs.detach())))
        self._ending.callback(process.wait)
        self._ending.callback(kill_group, process.pid)
        Log(process.stdout)
        ours.settimeout(READY_SECONDS)
        with contextlib.suppress(OSError):
            if ours.recv(len(READY)) == READY:
                ours.settimeout(FORK_SECONDS)
                self._channel = ours

    def _forked(self, message: bytes, lifeline: int) -> Forked | None:
        """Have a child forked; None where there is no server, or none any more.

        Children are started one at a time, so that each answer is that to the message before it.
        """
        if self._channel is None:
            return None
        output, into = os.pipe()
        number = 0
        with contextlib.suppress(OSError):
            socket.send_fds(self._channel, [message], [into, lifeline])
            number = int(self._channel.recv(LONGEST_NUMBER) or 0)
        os.close(into)
        if number:
            return Forked(number, os.fdopen(output, "rb"))
        os.close(output)
        # What failed once is not asked again: an answer that came late would be taken for the next one's.
        self._channel = None
        return None


def modules_of(job: Job) -> tuple[str, ...]:
    """What a job imports before it begins: nothing for a user's own work, whose memory is told to users."""
    needs = job.check.terms.needs
    if job.settings or job.device not in DEVICES or FIRST not in needs:
        return ()
    return tuple(module for need, module in MODULES.items() if need in needs)


def shared_by(job: Job) -> tuple[str, ...]:
    """What of it the job shares with others that need the same: nothing for what is timed."""
    return () if job.skip or job.alone else modules_of(job)


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers of jobs that have enough in common, by the modules that they share."""

    by_modules: Mapping[tuple[str, ...], Server]

    @contextlib.contextmanager
    def of(self, job: Job) -> Iterator[Server | None]:
        """The server of a job, which ends while the block runs; None for a job without one."""
        server = self.by_modules.get(shared_by(job))
        try:
            yield server
        finally:
            if server:
                server.leave()


@contextlib.contextmanager
def servers(jobs: Sequence[Job], launch: Callable[[Sequence[str]], Start], children: Children) -> Iterator[Servers]:
    """The servers that so many jobs are worth; none of them is left when the block ends.

    Args:
        jobs: All that will be asked.
        launch: How a server for some modules is started.
        children: Where to be found by an interrupt.
    """
    counted = Counter(filter(None, map(shared_by, jobs))) if adopts_orphans() else Counter[tuple[str, ...]]()
    found = {
        modules: Server(launch(modules), children, count) for modules, count in counted.items() if count >= FEWEST_JOBS
    }
    with contextlib.ExitStack() as ending:
        for server in found.values():
            ending.callback(server.end)
        yield Servers(found)
