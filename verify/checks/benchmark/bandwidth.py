"""How many bytes a second between the processor and its memory?"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from verify.checks.torch_device import ready, require_on
from verify.probe.check import check
from verify.probe.context import Context, Note
from verify.probe.timing import block_seconds, synchroniser, time_blocks

if TYPE_CHECKING:
    import torch

BYTES_PER_ELEMENT = 4
# Elements: 1 MiB an array fits into a core's cache; 256 MiB and more into hardly any last-level cache on sale.
CACHED = 2**18
SIZES = {"cpu": (2**26, 2**27), "cuda": (2**28, 2**29), "mps": (2**26, 2**27)}
BUDGET_SECONDS = 4.0
SCALE = 3.0
# One product and one sum, each rounded once or both together.
TRIAD_EPS = 2.0**-22


@check(level="certify", needs=["torch"], devices=["cpu", "cuda", "mps"], timeout_seconds=120)
def copies_are_fast_and_right(ctx: Context) -> None:
    """Copying an array runs at the rates recorded here, two bytes counted for each byte copied, and copies it.

    Rates far below the datasheet's point at a busy machine, at memory in fewer channels than the board has, or
    at power saving.
    """
    ready(ctx)
    for n in (CACHED, *SIZES[ctx.device]):
        source, target = _arrays(ctx, n, 2)
        _measure(ctx, "copy", n, 2, partial(target.copy_, source))
        require_on(ctx, target)
        ctx.require(bool((source == target).all()), f"a copy of {n} elements differs from the original")


@check(level="certify", needs=["torch"], devices=["cpu", "cuda", "mps"], timeout_seconds=120)
def triads_are_fast_and_right(ctx: Context) -> None:
    """The triad a = b + 3 c runs at the rates recorded here, three bytes counted for each byte of the result.

    Rates far below those of copying point at a result that is allocated anew: pages are then counted, not bytes.
    """
    import torch

    ready(ctx)
    for n in (CACHED, *SIZES[ctx.device]):
        left, right, total = _arrays(ctx, n, 3)
        _measure(
            ctx,
            "triad",
            n,
            3,
            partial(torch.add, left, right, alpha=SCALE, out=total),
        )
        require_on(ctx, total)
        some = slice(None, None, 97)
        exact = left[some].cpu().double() + SCALE * right[some].cpu().double()
        gap = float((total[some].cpu().double() - exact).abs().max())
        ctx.measure("error", gap, unit="1", at_most=TRIAD_EPS * float(exact.abs().max()), conditions={"elements": n})


def _measure(ctx: Context, name: str, n: int, arrays: int, work: Callable[[], object]) -> None:
    timing = time_blocks(
        work,
        synchronise=synchroniser(ctx.device),
        budget_seconds=BUDGET_SECONDS,
        shortest_block=block_seconds(ctx.device),
    )
    counted = arrays * n * BYTES_PER_ELEMENT
    rates = [counted / seconds / 1e9 for seconds in timing.samples]
    conditions: dict[str, Note] = {
        "bytes_counted": counted,
        "dtype": "float32",
        "threads": ctx.threads,
        "level": "cache" if n == CACHED else "memory",
    }
    ctx.measure(
        f"{name}_rate", rates, unit="GB/s", direction="higher", conditions=conditions, inconclusive=timing.inconclusive
    )
    if n != CACHED:
        best, doubt = max(rates), timing.inconclusive
        ctx.measure(
            f"best_seen_{name}_rate", best, unit="GB/s", direction="higher", conditions=conditions, inconclusive=doubt
        )


def _arrays(ctx: Context, n: int, count: int) -> "list[torch.Tensor]":
    """Arrays of random numbers, all of their pages touched."""
    import torch

    return [torch.rand(n, device=ctx.device) for _ in range(count)]
