"""How fast a piece of work goes, as anyone would time it who has read how to."""

import os
import statistics
import sys
import time
from collections.abc import Callable

from verify.probe import disturbance

# As long as our own samples last at least.
STRETCH_SECONDS = 0.02
WARM_UP_SECONDS = 0.5


def use_all_processors() -> None:
    """Let torch have as many threads as there are processors to run them."""
    import torch

    torch.set_num_threads(len(os.sched_getaffinity(0)))


def print_each_turn(turn: Callable[[str], tuple[float, float]]) -> None:
    """For each line that is read the best rate, the median and what disturbed what the line asks for.

    To start for each anew would take long. What others use is seen from here alone: for whoever asks, this program is
    one of the others.
    """
    for line in sys.stdin:
        disturbed = disturbance.watch("cpu")
        best, median = turn(line)
        print("rate", best, median, disturbed() or "", flush=True)


def rates(work: Callable[[], object], amount: float, seconds: float) -> tuple[float, float]:
    """The best rate and the median, over stretches of at least 20 ms; a call does the amount.

    The seconds are those of warming up and sampling together, as in our own budgets: who samples for longer sees the
    better best.
    """
    stretch(work, 1)
    start = time.perf_counter()
    warm, end = start + min(WARM_UP_SECONDS, seconds / 2), start + seconds
    calls = max(1, round(STRETCH_SECONDS / stretch(work, 1)))
    while time.perf_counter() < warm:
        stretch(work, calls)
    seen = [stretch(work, calls)]
    while time.perf_counter() < end:
        seen.append(stretch(work, calls))
    return amount / min(seen), amount / statistics.median(seen)


def stretch(work: Callable[[], object], calls: int) -> float:
    """Seconds a call, of so many."""
    start = time.perf_counter()
    for _ in range(calls):
        work()
    return (time.perf_counter() - start) / calls
