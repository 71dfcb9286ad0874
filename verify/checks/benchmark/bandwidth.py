"""How many bytes a second between the processor and its memory?"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from verify.checks.measures.device_room import total_bytes
from verify.checks.measures.timed import record_best, record_rate, timed
from verify.checks.torch_device import ready, require_on
from verify.probe.check import check
from verify.probe.context import Context, Note
from verify.probe.timing import Timing

if TYPE_CHECKING:
    import torch

BYTES_PER_ELEMENT = 4
# Elements of an array. The least, 1 MiB, fits a core's cache. Where memory begins is seen, not looked up: a virtual
# machine that told of 32 MB of cache copied arrays of 268 MB at twice the rate of those of 536 MB.
SIZES = {
    "cpu": (2**18, 2**22, 2**24, 2**25, 2**26, 2**27, 2**28),
    "cuda": (2**18, 2**22, 2**24, 2**26, 2**27, 2**28, 2**29),
    "mps": (2**18, 2**22, 2**24, 2**25, 2**26, 2**27, 2**28),
}
# All arrays together take no more of a device's memory.
SHARE = 0.25
# Rates that differ by less from that of the largest arrays are memory's too.
PLATEAU = 0.10
# What moves at half of memory's rate or less spends as long on being called as on its bytes, unless it was disturbed:
# being called costs no more than the shortest call takes.
DISPATCHED = 0.5
BUDGET_SECONDS = 0.8
SCALE = 3.0
# One product and one sum, each rounded once or both together.
TRIAD_EPS = 2.0**-22


@check(level="certify", needs=["torch"], devices=["cpu", "cuda", "mps"], timeout_seconds=180)
def copies_are_fast_and_right(ctx: Context) -> None:
    """Copying an array runs at the rates recorded here, two bytes counted for each byte copied, and copies it.

    Rates far below the datasheet's point at a busy machine, at memory in fewer channels than the board has, or
    at power saving.
    """
    import torch

    ready(ctx)
    source, target = _arrays(ctx, 2)
    timings = {}
    for n in _sizes(ctx, 2):
        # What a smaller copy left there would pass for this one's.
        target.zero_()
        timings[n] = timed(ctx, partial(target[:n].copy_, source[:n]), BUDGET_SECONDS)
        require_on(ctx, target)
        ctx.require(torch.equal(source[:n], target[:n]), f"a copy of {n} elements differs from the original")
    _record(ctx, "copy", 2, timings)


@check(level="certify", needs=["torch"], devices=["cpu", "cuda", "mps"], timeout_seconds=180)
def triads_are_fast_and_right(ctx: Context) -> None:
    """The triad a = b + 3 c runs at the rates recorded here, three bytes counted for each byte of the result.

    Rates far below those of copying point at a result that is allocated anew: pages are then counted, not bytes.
    """
    import torch

    ready(ctx)
    left, right, total = _arrays(ctx, 3)
    timings = {}
    for n in _sizes(ctx, 3):
        total.zero_()
        timings[n] = timed(ctx, partial(torch.add, left[:n], right[:n], alpha=SCALE, out=total[:n]), BUDGET_SECONDS)
        require_on(ctx, total)
        some = slice(0, n, 97)
        exact = left[some].cpu().double() + SCALE * right[some].cpu().double()
        gap = float((total[some].cpu().double() - exact).abs().max())
        ctx.measure("error", gap, unit="1", at_most=TRIAD_EPS * float(exact.abs().max()), conditions={"elements": n})
    _record(ctx, "triad", 3, timings)


def first_of_memory(rates: Sequence[float]) -> int | None:
    """From which array on, the largest being the last, memory sets the rate: all of those run at the same.

    Returns:
        None where the two largest differ: then nothing says that they are out of the last cache.
    """
    first = len(rates) - 1
    while first > 1 and abs(rates[first - 1] / rates[-1] - 1) <= PLATEAU:
        first -= 1
    return first if first < len(rates) - 1 else None


def levels(seconds: Mapping[int, float]) -> list[str]:
    """What each array turned out to measure, by its elements and how long it took, the largest being the last.

    Returns:
        ``memory``, or ``unsettled`` for a largest that may be in a cache. Of those before, ``cache`` where they are
        faster than the largest by more than memory's rates differ; ``dispatch`` where most of the time is the call's;
        otherwise ``ramp``: neither memory nor a cache can be seen.
    """
    rates = [n / taken for n, taken in seconds.items()]
    found, call = first_of_memory(rates), min(seconds.values())
    first = len(rates) - 1 if found is None else found

    def smaller(rate: float, taken: float) -> str:
        if rate > (1 + PLATEAU) * rates[-1]:
            return "cache"
        return "dispatch" if rate <= DISPATCHED * rates[-1] and call >= DISPATCHED * taken else "ramp"

    named = [smaller(rate, taken) for rate, taken in zip(rates[:first], seconds.values(), strict=False)]
    return named + ["unsettled" if found is None else "memory"] * (len(rates) - first)


def _record(ctx: Context, name: str, arrays: int, timings: dict[int, Timing]) -> None:
    """Rates of all sizes, labelled by what they turned out to measure."""
    moved = {n: arrays * n * BYTES_PER_ELEMENT for n in timings}
    ctx.require(len(timings) > 1, "the memory is too small for two sizes")
    seconds = {n: min(timing.samples) for n, timing in timings.items()}
    named = levels(seconds)
    if "unsettled" in named:
        ctx.note(**{f"{name}_memory": "the two largest arrays ran at different rates: they may still be in a cache"})
    for level, (n, timing) in zip(named, timings.items(), strict=True):
        conditions: dict[str, Note] = {
            "elements": n,
            "bytes": moved[n],
            "working_set_bytes": moved[n],
            "dtype": "float32",
            "launches": 1,
            "level": level,
        }
        record_rate(ctx, f"{name}_rate", moved[n] / 1e9, timing, unit="GB/s", conditions=conditions)
        if level == "memory":
            record_best(
                ctx, f"best_seen_{name}_rate", moved[n] / seconds[n] / 1e9, timing, unit="GB/s", conditions=conditions
            )


def _sizes(ctx: Context, arrays: int) -> list[int]:
    room = SHARE * total_bytes(ctx.device) / arrays / BYTES_PER_ELEMENT
    return [n for n in SIZES[ctx.device] if n <= room]


def _arrays(ctx: Context, count: int) -> "list[torch.Tensor]":
    """Arrays of the largest size, of random numbers: all of their pages were touched before anything is timed."""
    import torch

    return [torch.rand(_sizes(ctx, count)[-1], device=ctx.device) for _ in range(count)]
