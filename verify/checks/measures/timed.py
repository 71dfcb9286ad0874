"""Timing a piece of a check's work on its device, and recording it with what a reader needs to repeat it."""

import time
from collections.abc import Callable, Mapping, Sequence

from verify.probe.context import Context, Note
from verify.probe.timing import HOPELESS, TARGET, Timing, block_seconds, synchroniser, time_blocks

# By how much less work may seem to take longer: two pieces that both only wait for their launches differ by noise,
# and so do the two timings, of which each is known to its own half-width.
NOISE = 0.10


def timed(ctx: Context, work: Callable[[], object], budget_seconds: float, *, target: float = TARGET) -> Timing:
    """How long one call of the work takes on the check's device.

    The check notes how many of its seconds were spent in timings, warm-up included: the others are its harness.
    """
    start = time.perf_counter()
    timing = time_blocks(
        work,
        synchronise=synchroniser(ctx.device),
        budget_seconds=budget_seconds,
        shortest_block=block_seconds(ctx.device),
        target=target,
        device=ctx.device,
    )
    spent = time.perf_counter() - start
    ctx.note(seconds_in_timings=float(ctx.notes.get("seconds_in_timings", 0.0)) + spent)
    return timing


def record_seconds(ctx: Context, name: str, timing: Timing, conditions: Mapping[str, Note]) -> float:
    """Record the seconds that a call takes; the median."""
    return ctx.measure(
        name, timing.samples, unit="s", conditions=_stated(ctx, conditions), inconclusive=timing.inconclusive
    )


def record_rate(
    ctx: Context, name: str, amount: float, timing: Timing, *, unit: str, conditions: Mapping[str, Note]
) -> float:
    """Record how much of something a second: each call does the amount, told in the unit; the median."""
    rates = [amount / seconds for seconds in timing.samples]
    return _record_rates(ctx, name, rates, timing, unit=unit, conditions=conditions)


def record_best(
    ctx: Context, name: str, rate: float, timing: Timing, *, unit: str, conditions: Mapping[str, Note]
) -> None:
    """Record the highest rate that was seen at all, which is what the machine can do."""
    _record_rates(ctx, name, [rate], timing, unit=unit, conditions=conditions)


def _record_rates(
    ctx: Context, name: str, rates: Sequence[float], timing: Timing, *, unit: str, conditions: Mapping[str, Note]
) -> float:
    doubt = timing.inconclusive
    return ctx.measure(
        name, rates, unit=unit, direction="higher", conditions=_stated(ctx, conditions), inconclusive=doubt
    )


def less_takes_no_longer(ctx: Context, less: Timing, more: Timing, conditions: Mapping[str, Note]) -> None:
    """Hold the time of more work against that of less, unless one of them is not to be believed.

    Fastest against fastest, which neighbours disturb least; but one busy processor can make threads that wait for
    each other a hundred times slower, and tells nothing about this machine.
    """
    allowed = NOISE + sum(min(timing.half_width, HOPELESS) for timing in (less, more))
    doubt = less.inconclusive or more.inconclusive
    ctx.measure(
        "time_of_more_over_less",
        min(more.samples) / min(less.samples),
        unit="1",
        direction="higher",
        at_least=None if doubt else 1 - allowed,
        conditions=_stated(ctx, conditions),
        inconclusive=doubt,
    )


def _stated(ctx: Context, conditions: Mapping[str, Note]) -> dict[str, Note]:
    return {**conditions, "threads": ctx.threads}
