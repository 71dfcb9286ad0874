"""Timing a piece of work: warmed up until steady, synchronised, sampled until the median is known."""

import math
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from verify.probe import contention

BLOCK_SECONDS = 0.02
# MPS queues deeply; shorter blocks would time the queue's edges.
MPS_BLOCK_SECONDS = 0.05
TARGET = 0.02
HOPELESS = 0.10
WINDOW = 5
# Halves that differ by less have settled: clocks of an idle machine wander by one or two percent.
SETTLED = 0.03
FEWEST = 8
# Of work so slow that the budget is twice spent.
FEWEST_SLOW = 3
# With fewer, the interval between order statistics is the whole range, and says nothing.
FEWEST_FOR_AN_INTERVAL = 6
MOST = 200


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one call takes.

    Attributes:
        samples: Seconds per call, one a block, in the order they were taken.
        calls_per_sample: Calls in a block.
        startup_seconds: The first call of all: allocation, compilation, caches.
        steady: Whether the samples do not fall from their first half to their second.
        half_width: Of the median's 95% interval, relative to the median.
        inconclusive: Why the samples are not to be believed, or None.
    """

    samples: tuple[float, ...]
    calls_per_sample: int
    startup_seconds: float
    steady: bool
    half_width: float
    inconclusive: str | None


def synchroniser(device: str) -> Callable[[], None]:
    """What to call so that all work queued on the device is done.

    mlx has no queue to wait for from outside: work that is not evaluated was never started, so the timed
    function itself must call ``mx.eval`` on its result.
    """
    if device == "cuda":
        import torch

        return lambda: torch.cuda.synchronize()  # noqa: PLW0108 - typed, where torch's own is not
    if device == "mps":
        import torch

        return lambda: torch.mps.synchronize()  # noqa: PLW0108 - the same
    if device == "mlx":
        import mlx.core as mx

        return lambda: mx.synchronize()  # noqa: PLW0108 - the same
    return lambda: None


def block_seconds(device: str) -> float:
    """The shortest block worth timing on a device."""
    return MPS_BLOCK_SECONDS if device == "mps" else BLOCK_SECONDS


def time_blocks(
    work: Callable[[], object],
    *,
    synchronise: Callable[[], None],
    budget_seconds: float = 5.0,
    shortest_block: float = BLOCK_SECONDS,
    clock: Callable[[], float] = time.perf_counter,
) -> Timing:
    """Time calls of the work in blocks until the median is known to 2%, or the budget is spent.

    Args:
        work: What is timed; called often.
        synchronise: Waits until the device has done what was queued.
        budget_seconds: Wall time for warm-up and sampling together; the first call does not count.
        shortest_block: A block repeats the work until it lasts this long, in seconds.
        clock: Seconds, monotonic.

    Returns:
        The samples, and whether to believe them.
    """

    def block(calls: int) -> float:
        synchronise()
        start = clock()
        for _ in range(calls):
            work()
        synchronise()
        return (clock() - start) / calls

    startup = block(1)
    deadline = clock() + budget_seconds
    calls = max(1, math.ceil(shortest_block / max(block(1), 1e-9)))
    _warm_up(lambda: block(calls), lambda: clock() < deadline - budget_seconds / 2)
    before = contention.now()
    samples: list[float] = []
    while len(samples) < FEWEST or (len(samples) < MOST and clock() < deadline and half_width(samples) > TARGET):
        samples.append(block(calls))
        if len(samples) >= FEWEST_SLOW and clock() > deadline + budget_seconds:
            break
    disturbed = contention.between(before, contention.now(), os.cpu_count() or 1).reason
    steady, width = not still_falling(samples), half_width(samples)
    return Timing(tuple(samples), calls, startup, steady, width, disturbed or _doubt(steady, width))


def _warm_up(block: Callable[[], float], time_is_left: Callable[[], bool]) -> None:
    """Run blocks until the times of the last few no longer fall, or time runs out."""
    times: list[float] = []
    while time_is_left():
        times.append(block())
        if len(times) >= 2 * WINDOW and not still_falling(times[-2 * WINDOW :]):
            return


def still_falling(times: Sequence[float]) -> bool:
    """Whether the later half of the times is below the earlier half by more than their spread."""
    half = len(times) // 2
    earlier, later = times[:half], times[half:]
    noise = statistics.median([abs(value - statistics.median(later)) for value in later])
    return statistics.median(earlier) - statistics.median(later) > max(3 * noise, SETTLED * statistics.median(later))


def half_width(samples: Sequence[float]) -> float:
    """Half the 95% interval of the median, relative to it; infinite for too few samples.

    The interval is the distribution-free one between order statistics (Conover, Practical Nonparametric
    Statistics, 3.2): nothing is assumed about the shape of the noise.
    """
    count, ordered = len(samples), sorted(samples)
    if count < FEWEST_FOR_AN_INTERVAL or not statistics.median(ordered):
        return math.inf
    reach = 0.98 * math.sqrt(count)
    low = ordered[max(0, math.floor(count / 2 - reach))]
    high = ordered[min(count - 1, math.ceil(count / 2 + reach))]
    return (high - low) / 2 / statistics.median(ordered)


def _doubt(steady: bool, width: float) -> str | None:
    if not steady:
        return "times were still falling when the budget was spent"
    if width > HOPELESS:
        return f"the median is known to {width:.0%} only"
    return None
