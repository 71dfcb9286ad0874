"""How many bytes a second between the processor and its memory?"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from verify.checks import mlx_device
from verify.checks.measures.device_room import total_bytes
from verify.checks.measures.evaluated import evaluated, in_place
from verify.checks.measures.timed import record_best, record_rate, timed
from verify.checks.torch_device import ready, require_on
from verify.probe.check import check
from verify.probe.context import Context, Note
from verify.probe.timing import Timing

if TYPE_CHECKING:
    import torch

BYTES_PER_ELEMENT = 4
# Elements of an array. The least, 1 MiB, fits a core's cache. Where memory begins is seen, not looked up: a virtual
# machine that told of 32 MB of cache copied arrays of 268 MB at twice the rate of those of 536 MB. The last is for
# devices of which the two before it differ: touching it for the first time takes longer than what is timed.
SIZES = {
    "cpu": (2**18, 2**22, 2**24, 2**25, 2**26, 2**27, 2**28),
    "cuda": (2**18, 2**22, 2**24, 2**26, 2**27, 2**28, 2**29),
    "mps": (2**18, 2**22, 2**24, 2**25, 2**26, 2**27, 2**28),
}
# By the kind of device that MLX computes on.
MLX_SIZES = {"cpu": (2**18, 2**22, 2**25, 2**26), "gpu": SIZES["mps"]}
MLX_BUDGET_SECONDS = {"cpu": 0.5, "gpu": 0.8}
# Numbers below this are whole numbers of float32, and 1 to 8 times 3 for each call stay below it for long.
WHOLE = 2**24
# All arrays together take no more of a device's memory.
SHARE = 0.25
# Rates that differ by less from that of the largest arrays are memory's too.
PLATEAU = 0.10
# What moves at half of memory's rate or less spends as long on being called as on its bytes, unless it was disturbed:
# being called costs no more than the shortest call takes.
DISPATCHED = 0.5
BUDGET_SECONDS = 1.2
# A prime.
REPEATED = 999_983
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
    sizes = _that_fit(SIZES[ctx.device], 2, total_bytes(ctx.device))
    (sources, target), timings = sources_and_target(ctx, 1, sizes[-1]), dict[int, Timing]()
    for n in until_settled(sizes, timings):
        (source,) = sources(n)
        # What a smaller copy left there would pass for this one's.
        target[:n].zero_()
        timings[n] = timed(ctx, partial(target[:n].copy_, source), BUDGET_SECONDS)
        require_on(ctx, target)
        ctx.require(torch.equal(source, target[:n]), f"a copy of {n} elements differs from the original")
    _record(ctx, "copy", 2, timings)


@check(level="certify", needs=["torch"], devices=["cpu", "cuda", "mps"], timeout_seconds=180)
def triads_are_fast_and_right(ctx: Context) -> None:
    """The triad a = b + 3 c runs at the rates recorded here, three bytes counted for each byte of the result.

    Rates far below those of copying point at a result that is allocated anew: pages are then counted, not bytes.
    """
    import torch

    ready(ctx)
    sizes = _that_fit(SIZES[ctx.device], 3, total_bytes(ctx.device))
    (sources, total), timings = sources_and_target(ctx, 2, sizes[-1]), dict[int, Timing]()
    for n in until_settled(sizes, timings):
        left, right = sources(n)
        total[:n].zero_()
        timings[n] = timed(ctx, partial(torch.add, left, right, alpha=SCALE, out=total[:n]), BUDGET_SECONDS)
        require_on(ctx, total)
        some = slice(0, n, 97)
        exact = left[some].cpu().double() + SCALE * right[some].cpu().double()
        gap = float((total[some].cpu().double() - exact).abs().max())
        ctx.measure("error", gap, unit="1", at_most=TRIAD_EPS * float(exact.abs().max()), conditions={"elements": n})
    _record(ctx, "triad", 3, timings)


@check(level="certify", needs=["mlx", "numpy"], devices=["mlx"], timeout_seconds=180)
def mlx_copies_are_fast_and_right(ctx: Context) -> None:
    """MLX writes one array into another at the rates recorded here, two bytes counted for each byte, and copies it.

    Rates far below the datasheet's point at a busy machine, or at a target that is allocated anew because something
    else still holds it.
    """
    import mlx.core as mx
    import numpy as np

    kind, timings = mlx_device.ready(ctx), {}
    for n in _mlx_sizes(kind, 2):
        source, first = mx.arange(1, n + 1).astype(mx.float32), mx.array([0])
        # One element more than is written: an array that is replaced as a whole is not written at all.
        write = in_place(partial(mx.slice_update, update=source, start_indices=first, axes=(0,)), mx.zeros((n + 1,)))
        timings[n], target = evaluated(ctx, write, (source,), MLX_BUDGET_SECONDS[kind])
        same = np.array_equal(np.asarray(source), np.asarray(target)[:n])
        ctx.require(same, f"a copy of {n} elements differs from the original")
    _record(ctx, "copy", 2, timings)


@check(level="certify", needs=["mlx", "numpy"], devices=["mlx"], timeout_seconds=180)
def mlx_triads_are_fast_and_none_is_left_out(ctx: Context) -> None:
    """The triad a = a + 3 b in MLX runs at the rates recorded here, and each call that was timed was computed.

    Three bytes are counted for each byte of the result: without a compiler MLX's CPU computes in two passes, and
    is slower. Where the sums do not tell the number of calls, some of those timed were not made.
    """
    import mlx.core as mx
    import numpy as np

    kind, timings = mlx_device.ready(ctx), {}
    triad = mx.compile(lambda total, added: total + SCALE * added)
    for n in _mlx_sizes(kind, 2):
        # Whole numbers, so that no sum is rounded.
        added, calls = (mx.arange(n) % 8 + 1).astype(mx.float32), [0]
        add = in_place(lambda total, added=added: triad(total, added), mx.zeros((n,)), calls)  # type: ignore[misc]
        timings[n], total = evaluated(ctx, add, (added,), MLX_BUDGET_SECONDS[kind])
        ctx.require(8 * SCALE * calls[0] < WHOLE, f"{calls[0]} calls are too many to be told by float32")
        some = slice(0, n, 97)
        made = np.asarray(total)[some] / (SCALE * np.asarray(added)[some])
        missing = float(np.abs(calls[0] - made).max())
        ctx.measure("calls_left_out", missing, unit="1", equals=0, conditions={"elements": n})
    _record(ctx, "triad", 3, timings, held=2)


def until_settled(sizes: Sequence[int], timings: Mapping[int, Timing]) -> Iterator[int]:
    """All sizes but for the largest, and that as well where those timed so far do not show where memory begins."""
    yield from sizes[:-1]
    if first_of_memory([n / min(timing.samples) for n, timing in timings.items()]) is None:
        yield sizes[-1]


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


def _record(ctx: Context, name: str, arrays: int, timings: dict[int, Timing], held: int | None = None) -> None:
    """Rates of all sizes, labelled by what they turned out to measure.

    Args:
        ctx: The check's.
        name: Of the work.
        arrays: That are read or written.
        timings: By elements of an array.
        held: Arrays in memory, where one is read and written.
    """
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
            "working_set_bytes": (held or arrays) * n * BYTES_PER_ELEMENT,
            "dtype": "float32",
            "launches": 1,
            "level": level,
        }
        record_rate(ctx, f"{name}_rate", moved[n] / 1e9, timing, unit="GB/s", conditions=conditions)
        if level == "memory":
            record_best(
                ctx, f"best_seen_{name}_rate", moved[n] / seconds[n] / 1e9, timing, unit="GB/s", conditions=conditions
            )


def _mlx_sizes(kind: str, arrays: int) -> list[int]:
    """A GPU that MLX computes on shares the machine's memory."""
    return _that_fit(MLX_SIZES[kind], arrays, total_bytes("cpu"))


def _that_fit(sizes: Sequence[int], arrays: int, total: int) -> list[int]:
    return [n for n in sizes if n <= SHARE * total / arrays / BYTES_PER_ELEMENT]


def sources_and_target(
    ctx: Context, count: int, largest: int
) -> "tuple[Callable[[int], list[torch.Tensor]], torch.Tensor]":
    """Sources of random numbers, given by how many elements are wanted, and memory of that size to write to.

    What is given has been touched, and nothing beyond it, which would take longer than what is timed. So would drawing
    all numbers: they repeat, but after a prime number of elements, so that no part stands where another of its size
    could.
    """
    import torch

    period = min(largest, REPEATED)
    shape, filled = (-(-largest // period), period), 0
    sources = [torch.empty(shape, device=ctx.device) for _ in range(count)]
    drawn = [torch.rand(period, device=ctx.device) for _ in range(count)]

    def first(n: int) -> "list[torch.Tensor]":
        nonlocal filled
        rows = -(-n // period)
        for source, numbers in zip(sources, drawn, strict=True):
            source[filled:rows] = numbers
        filled = max(filled, rows)
        return [source.view(-1)[:n] for source in sources]

    return first, torch.empty(largest, device=ctx.device)
