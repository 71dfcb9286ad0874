"""Timing a piece of work: warmed up until steady, synchronised, sampled until the median is known.

The clock is the host's, read with the device idle on both sides of a block, on every device. CUDA's events would leave
out the time in which the host prepares the next kernel, which whoever trains waits for too; MPS's hang or run backwards
(https://github.com/pytorch/pytorch/issues/162872). Synchronising costs some 10 µs, 0.05% of the shortest block.
"""

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from verify.probe import disturbance

BLOCK_SECONDS = 0.02
# MPS queues deeply; shorter blocks would time the queue's edges.
MPS_BLOCK_SECONDS = 0.05
TARGET = 0.02
HOPELESS = 0.10
WINDOW = 5
# Halves that differ by less have settled: clocks of an idle machine wander by one or two percent.
SETTLED = 0.03
FEWEST = 8
# With fewer, the range from the least to the greatest does not hold the median with 95%: there is no interval. They
# are all that is taken once the budget is twice spent.
FEWEST_FOR_AN_INTERVAL = 6
SLOW = 2
# Of work so slow that the budget is spent four times: no interval, but a time.
FEWEST_HOPELESS = 3
TOO_SLOW = 4
MOST = 200
# Of work so short that a block of them would be long enough only after more: nothing that a framework does is.
MOST_CALLS = 100_000


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one call takes.

    Attributes:
        samples: Seconds per call, one a block, in the order they were taken.
        calls_per_sample: Calls in a block.
        startup_seconds: The first call of all: allocation, compilation, caches.
        steady: Whether the samples neither fall nor rise from their first half to their second.
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
    target: float = TARGET,
    device: str = "cpu",
    clock: Callable[[], float] = time.perf_counter,
) -> Timing:
    """Time calls of the work in blocks until the median is known well enough, or the budget is spent.

    Args:
        work: What is timed; called often.
        synchronise: Waits until the device has done what was queued.
        budget_seconds: Wall time for warm-up and sampling together; the first call does not count.
        shortest_block: A block repeats the work until it lasts this long, in seconds.
        target: Half of the median's interval, relative to it, that is well enough; none is, for who looks for the best.
        device: Whose temperature and throttling are watched, beside the processor's.
        clock: Seconds, monotonic.

    Returns:
        The samples, and whether to believe them.
    """
    block = partial(seconds_per_call, work, synchronise=synchronise, clock=clock)
    startup = block(1)
    start = clock()
    calls = block_calls(block, shortest_block)
    _warm_up(lambda: block(calls), lambda: clock() < start + budget_seconds / 2)
    # What was slow while it warmed up may be too short for a block now.
    calls = block_calls(block, shortest_block, calls)
    disturbed = disturbance.watch(device)
    samples: list[float] = []
    while not _enough(samples, (clock() - start) / budget_seconds, target):
        samples.append(block(calls))
    doubt = disturbed() or _doubt(samples)
    steady = not still_falling(samples) and not rising(samples)
    return Timing(tuple(samples), calls, startup, steady, half_width(samples), doubt)


def seconds_per_call(
    work: Callable[[], object], calls: int, *, synchronise: Callable[[], None], clock: Callable[[], float]
) -> float:
    """Time one block of so many calls, with the device idle on both sides of it."""
    synchronise()
    start = clock()
    for _ in range(calls):
        work()
    synchronise()
    return (clock() - start) / calls


def _enough(samples: Sequence[float], spent: float, target: float) -> bool:
    """Whether to stop, with the budget spent so many times."""
    fewest = FEWEST_HOPELESS if spent > TOO_SLOW else FEWEST_FOR_AN_INTERVAL if spent > SLOW else FEWEST
    count = len(samples)
    return count >= fewest and (spent >= 1 or count >= MOST or half_width(samples) < target)


def block_calls(block: Callable[[int], float], shortest: float, calls: int = 1) -> int:
    """How many calls last as long as a block must, seen by trying."""
    while (seconds := block(calls) * calls) < shortest and calls < MOST_CALLS:
        wanted = math.ceil(calls * shortest / seconds) if seconds else MOST_CALLS
        # The first calls may be slow, so that many more are needed than they say, but never many too many.
        calls = min(MOST_CALLS, max(calls + 1, min(10 * calls, wanted)))
    return calls


def _warm_up(block: Callable[[], float], time_is_left: Callable[[], bool]) -> None:
    """Run blocks until the times of the last few no longer fall, or time runs out."""
    times: list[float] = []
    while time_is_left():
        times.append(block())
        if len(times) >= 2 * WINDOW and not still_falling(times[-2 * WINDOW :]):
            return


def still_falling(times: Sequence[float]) -> bool:
    """Whether the later half of the times is below the earlier half by more than their spread."""
    return _shift(times) < 0


def rising(times: Sequence[float]) -> bool:
    """Whether the later half of the times is above the earlier half by more than their spread: a machine that tires."""
    return _shift(times) > 0


def _shift(times: Sequence[float]) -> float:
    """By how much the median moves from the earlier half to the later one; 0 for what noise explains."""
    half = len(times) // 2
    earlier, later = times[:half], times[half:]
    first, last = statistics.median(earlier), statistics.median(later)
    noise = max(
        statistics.median([abs(value - middle) for value in part]) for part, middle in ((earlier, first), (later, last))
    )
    return last - first if abs(last - first) > max(3 * noise, SETTLED * min(first, last)) else 0.0


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


def drift(samples: Sequence[float]) -> str | None:
    """How times of the same work, in the order they were taken, went on changing; None where they did not."""
    if still_falling(samples):
        return "times were still falling when the last was taken"
    if rising(samples):
        return "times rose while they were taken, as they do on a machine that grows hot"
    return None


def doubt_about(samples: Sequence[float]) -> str | None:
    """Why times of the same work, enough of them and in the order they were taken, tell no steady pace; or None."""
    if changed := drift(samples):
        return changed
    width = half_width(samples)
    return f"the median is known to {width:.0%} only" if width > HOPELESS else None


def _doubt(samples: Sequence[float]) -> str | None:
    if len(samples) < FEWEST_FOR_AN_INTERVAL:
        return f"only {len(samples)} samples, at {statistics.median(samples):.2g} s a call"
    return doubt_about(samples)
