"""The referee of a duel: processes of both sets of packages, alive at once, that do blocks of work in turns."""

import contextlib
import json
import math
import socket
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from verify.errors import VerifyError
from verify.run.answer import Answer
from verify.run.child import Children
from verify.run.plan import Job
from verify.run.supervise import Bench, ask_all

# While frameworks are imported nothing else happens here, and nobody waits for less than this.
POLL_SECONDS = 0.2
# Longer than a block takes on any machine, shorter than the time-out of the whole.
SLOWEST_SECONDS = 300.0
LONGEST_LINE = 65_536
READ_THE_LOG = "ask its functional checks with these packages: they name what is broken"


@dataclass(frozen=True, slots=True)
class Player:
    """A process that has said that it is ready."""

    connection: socket.socket
    lines: IO[bytes]

    def play(self, workload: str, units: int) -> float:
        """Have one block done; the wall time that it took, in seconds.

        Raises:
            VerifyError: The process is gone, or its clock is no clock.
        """
        seconds = self._told({"workload": workload, "units": units}, "seconds")
        if not 0 < seconds < math.inf:
            raise VerifyError(f"a process says that {workload} took {seconds} s", READ_THE_LOG)
        return seconds

    def rest(self) -> float:
        """Have all memory given back that can be; the bytes that are still in use.

        Raises:
            VerifyError: The process is gone.
        """
        return self._told({}, "used_bytes")

    def _told(self, order: Mapping[str, Any], wanted: str) -> float:
        try:
            self.connection.sendall(json.dumps(order).encode() + b"\n")
            return float(json.loads(self.lines.readline(LONGEST_LINE))[wanted])
        except (OSError, ValueError, KeyError, TypeError) as error:
            what = f"a process ended while it was timed at {order.get('workload', 'nothing')}"
            raise VerifyError(what, READ_THE_LOG) from error

    def leave(self) -> None:
        """Let the process end."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self.lines.close()
        self.connection.close()


@dataclass(frozen=True, slots=True)
class Table:
    """The processes of one group, and what they answer at their end."""

    players: Sequence[Player]
    seats: "Sequence[Future[Answer]]"

    def leave(self) -> list[Answer]:
        """End all; what they say of themselves.

        Raises:
            VerifyError: One of them did not end well.
        """
        for player in self.players:
            player.leave()
        answers = [seat.result() for seat in self.seats]
        _refuse_the_fallen(answers)
        return answers


@contextlib.contextmanager
def table(job: Job, benches: Sequence[Bench]) -> Iterator[Table]:
    """One process a bench, all ready to play; whatever ends the block ends them.

    Args:
        job: The question that the processes answer; its settings name the workloads.
        benches: One an arm, with a scratch folder each.

    Raises:
        VerifyError: One of them did not get ready, with what it said.
    """
    with contextlib.ExitStack() as held:
        # In a folder of its own, for the path of a socket may have 103 bytes.
        folder = held.enter_context(tempfile.TemporaryDirectory(prefix="v-", ignore_cleanup_errors=True))
        listening = held.enter_context(socket.socket(socket.AF_UNIX))
        listening.bind(str(Path(folder) / "referee"))
        listening.listen(len(benches))
        listening.settimeout(POLL_SECONDS)
        pool = held.enter_context(ThreadPoolExecutor(len(benches), thread_name_prefix="arm"))
        known, keeper = {**job.settings, "referee": listening.getsockname()}, Children()
        seats = [
            pool.submit(_seat, replace(job, settings={**known, "arm": arm}), replace(bench, children=keeper))
            for arm, bench in enumerate(benches)
        ]
        early = held.enter_context(contextlib.ExitStack())
        early.callback(keeper.stop)
        ready: dict[int, Player] = {}
        while len(ready) < len(benches):
            _refuse_the_fallen([seat.result() for seat in seats if seat.done()])
            _refuse_the_silent(seats, ready)
            for arm, player in _arrived(listening).items():
                ready[arm] = player
                held.callback(player.leave)
        yield Table([ready[arm] for arm in range(len(benches))], seats)
        early.pop_all()


def _seat(job: Job, bench: Bench) -> Answer:
    (answer,) = ask_all([job], bench, lambda _: None)
    return answer


def _arrived(listening: socket.socket) -> Mapping[int, Player]:
    """Who has come meanwhile, by the arm that it says it is of."""
    try:
        connection, _ = listening.accept()
    except TimeoutError:
        return {}
    connection.settimeout(SLOWEST_SECONDS)
    player = Player(connection, connection.makefile("rb"))
    try:
        return {int(json.loads(player.lines.readline(LONGEST_LINE))["arm"]): player}
    except (OSError, ValueError, KeyError, TypeError) as error:
        player.leave()
        raise VerifyError("a process that was to be timed came, and did not say who it is", READ_THE_LOG) from error


def _refuse_the_silent(seats: "Sequence[Future[Answer]]", ready: Mapping[int, Player]) -> None:
    silent = [arm for arm, seat in enumerate(seats) if seat.done() and arm not in ready]
    if silent:
        raise VerifyError("a process that was to be timed ended without a word", READ_THE_LOG)


def _refuse_the_fallen(answers: Sequence[Answer]) -> None:
    for answer in answers:
        if answer.outcome != "passed":
            raise VerifyError(f"a process that was to be timed {answer.outcome}: {answer.reason}", READ_THE_LOG)
