"""How many floating-point operations a second in matrix products, for each number format?"""

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from verify.checks.precision import worst_error
from verify.checks.torch_device import ready, require_on
from verify.probe.check import check
from verify.probe.context import Context, Note
from verify.probe.timing import Timing, block_seconds, synchroniser, time_blocks

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

SIZES = {"cpu": (512, 1024, 2048, 4096), "cuda": (512, 1024, 2048, 4096, 8192), "mps": (512, 1024, 2048, 4096, 8192)}
# float16 on a CPU is computed in float32 and converted: nobody trains in it there.
FORMATS = {
    "cpu": ("float32", "bfloat16"),
    "cuda": ("float32", "bfloat16", "float16"),
    "mps": ("float32", "bfloat16", "float16"),
}
BUDGET_SECONDS = 3.0
# A CPU without instructions for a format takes 100 times as long: larger sizes are left out once one call takes this.
LONGEST_CALL_SECONDS = 0.8
# The rows that are compared with float64; any tile of the result that is wrong shows in some row.
ROWS = 16
# See tensors.matmul_agrees_with_float64: half an eps of rounding, and the float32 sum of at most 8192 products.
ERROR_EPS = {"float32": 8192**0.5, "float16": 2.0, "bfloat16": 2.0}
# Twice the work takes twice the time; a clock that stops before the device does shows here.
DOUBLED_AT_LEAST = 1.7
PROOF_SIZE = {"cpu": 1024, "cuda": 4096, "mps": 4096}


@check(level="certify", needs=["torch"], devices=["cpu", "cuda", "mps"], timeout_seconds=300)
def matrix_products_are_fast_and_right(ctx: Context) -> None:
    """Matrix products run at the rates recorded here, and the results that were timed are right.

    A wrong result makes its rate worthless. A size far slower than its neighbours points at another BLAS, at
    fewer threads than cores, or at a machine that is busy or hot.
    """
    ready(ctx)
    for fmt in FORMATS[ctx.device]:
        timings = dict(_timings(ctx, fmt))
        rates = {n: [2 * n**3 / seconds / 1e9 for seconds in timing.samples] for n, timing in timings.items()}
        for n, timing in timings.items():
            _record(ctx, n, fmt, rates[n], timing)
        best, n = max((max(seen), n) for n, seen in rates.items())
        conditions: dict[str, Note] = {"n": n, "dtype": fmt, "threads": ctx.threads}
        doubt = timings[n].inconclusive
        ctx.measure(
            "best_seen_gflops", best, unit="GFLOPS", direction="higher", conditions=conditions, inconclusive=doubt
        )


@check(level="certify", needs=["torch"], devices=["cpu", "cuda", "mps"], timeout_seconds=120)
def twice_the_work_takes_twice_the_time(ctx: Context) -> None:
    """Two matrix products one after the other take at least 1.7 times as long as one.

    The clock is read before the device has finished: no rate measured here can be believed.
    """
    ready(ctx)
    n = PROOF_SIZE[ctx.device]
    work = _product(*_operands(ctx, n, "float32"))
    pairs = [(_time(ctx, work, 1.0), _time(ctx, lambda: (work(), work()), 1.0)) for _ in range(3)]
    # The fastest of many, taken in turns, is what a busy machine disturbs least.
    one, two = (min(itertools.chain(*(timing.samples for timing in side))) for side in zip(*pairs, strict=True))
    conditions: dict[str, Note] = {"n": n, "dtype": "float32", "threads": ctx.threads}
    ctx.measure("time_ratio", two / one, unit="1", direction="higher", at_least=DOUBLED_AT_LEAST, conditions=conditions)


def _record(ctx: Context, n: int, fmt: str, gflops: list[float], timing: Timing) -> None:
    conditions: dict[str, Note] = {
        "n": n,
        "dtype": fmt,
        "threads": ctx.threads,
        "calls_per_sample": timing.calls_per_sample,
    }
    doubt = timing.inconclusive
    ctx.measure("gflops", gflops, unit="GFLOPS", direction="higher", conditions=conditions, inconclusive=doubt)
    ctx.measure("startup_seconds", timing.startup_seconds, unit="s", conditions=conditions)


def _timings(ctx: Context, fmt: str) -> Iterator[tuple[int, Timing]]:
    """The sizes that are worth their time, smallest first, each verified before it is believed."""
    for n in SIZES[ctx.device]:
        left, right = _operands(ctx, n, fmt)
        timing = _time(ctx, _product(left, right))
        _verify(ctx, left, right, fmt)
        yield n, timing
        if min(timing.samples) * 8 > LONGEST_CALL_SECONDS:
            return


def _time(ctx: Context, work: "Callable[[], object]", budget_seconds: float = BUDGET_SECONDS) -> Timing:
    return time_blocks(
        work,
        synchronise=synchroniser(ctx.device),
        budget_seconds=budget_seconds,
        shortest_block=block_seconds(ctx.device),
    )


def _operands(ctx: Context, n: int, fmt: str) -> "tuple[torch.Tensor, torch.Tensor]":
    """Two random matrices: zeros would run faster than any real ones."""
    import torch

    random = torch.Generator().manual_seed(ctx.seed)
    left, right = (torch.randn((n, n), generator=random).to(getattr(torch, fmt)).to(ctx.device) for _ in range(2))
    return left, right


def _product(left: "torch.Tensor", right: "torch.Tensor") -> "Callable[[], object]":
    """The timed work: into memory that is already there, so that no page fault is timed."""
    import torch

    result = left @ right
    return lambda: torch.mm(left, right, out=result)


def _verify(ctx: Context, left: "torch.Tensor", right: "torch.Tensor", fmt: str) -> None:
    import torch

    n = left.shape[0]
    result = torch.empty_like(left)
    torch.mm(left, right, out=result)
    require_on(ctx, result)
    rows = slice(None, None, max(1, n // ROWS))
    some, other = left[rows].cpu().double(), right.cpu().double()
    error = worst_error(result[rows], some @ other, some.abs() @ other.abs(), fmt)
    ctx.measure("error_in_eps", error, unit="1", at_most=ERROR_EPS[fmt], conditions={"n": n, "dtype": fmt})
