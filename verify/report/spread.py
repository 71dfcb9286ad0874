"""Work over many files by several processes: part by part, in order, with few parts waiting, and easy to interrupt."""

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from verify.errors import VerifyError

# Beyond, one disk and the process that gathers are what is waited for.
MOST = 8
# Parts that wait for each process, so that none is idle while the answers are gathered.
AHEAD = 3
# What a terminal sends to all processes at once; SIGTERM is how a pool that is broken ends the rest of itself.
_OF_TERMINALS = (signal.SIGINT, signal.SIGHUP)

T = TypeVar("T")
R = TypeVar("R")


def processors() -> int:
    """How many processes are worth starting here."""
    return min(MOST, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def parts_of(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in their order, so many at a time."""
    return (items[start : start + size] for start in range(0, len(items), size))


def spread(work: Callable[[T], R], parts: Iterable[T], processes: int) -> Iterator[R]:
    """What the work makes of each part, in their order; it is the same for any number of processes.

    Args:
        work: A function of a module, or a partial of one: processes are started anew, and import it.
        parts: Taken as they are needed, not all at once.
        processes: With fewer than two, the work is done here.

    Raises:
        VerifyError: A process was killed; or what the work itself raises.
    """
    if processes < 2:  # noqa: PLR2004 - one is this one
        yield from map(work, parts)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_begin) as pool:
        waiting: deque[Future[R]] = deque()
        try:
            for part in parts:
                with _deaf():
                    waiting.append(pool.submit(work, part))
                if len(waiting) > AHEAD * processes:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            hint = "the system may be out of memory: end other programs, then run again"
            raise VerifyError("a process that was at work was killed", hint) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """A process that is started here never hears a Ctrl-C, which is for who started it, and ends its work too."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _OF_TERMINALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    """A process does not outlast who started it, however that ended."""
    multiprocessing.connection.wait([sentinel])
    os._exit(1)
