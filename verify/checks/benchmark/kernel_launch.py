"""What does it cost to have the device do next to nothing, and does the clock wait for it?"""

from functools import partial
from typing import TYPE_CHECKING

from verify.checks import mlx_device
from verify.checks.measures.evaluated import exact
from verify.checks.measures.timed import record_seconds
from verify.checks.torch_device import ready, require_on
from verify.probe import contention
from verify.probe.check import check
from verify.probe.context import Context, Note
from verify.probe.proof import Ends, ends, launch
from verify.probe.timing import synchroniser

if TYPE_CHECKING:
    import torch

BUDGET_SECONDS = 3.0
# Up to 2 ** 24, float32 counts by one exactly.
LAUNCHES = 1000
PROOF_SIZE = {"cpu": 1024, "cuda": 4096, "mps": 4096}
# By the kind of device that MLX computes on.
MLX_PROOF_SIZE = {"cpu": 256, "gpu": PROOF_SIZE["mps"]}
PROOF_ROUNDS = 10
# Both are 1 where the clock waits, but for noise. Reading the result adds a sum over it, some percent of the
# product; a clock that does not wait sees a launch, which is below a hundredth of it.
OVER_QUEUED_AT_LEAST = 0.8
OVER_READ_AT_LEAST = 0.5
# All numbers are positive, so that no rounding of a product or a sum is magnified.
SUM_WITHIN = 1e-3


@check(level="certify", needs=["torch"], devices=["cpu", "cuda", "mps"], timeout_seconds=60)
def an_empty_operation_is_done_at_the_cost_recorded_here(ctx: Context) -> None:
    """Adding one to a single element takes the seconds recorded here, queued and waited for, and is done each time.

    Work that takes little longer than this is bound by its launches: a launch that costs more than 20 µs points at a
    debugger, a profiler or tracing that is on, or at a processor in power saving.
    """
    import torch

    device = ready(ctx)
    counter, one = (torch.full((1,), value, device=device) for value in (0.0, 1.0))
    add = partial(torch.add, counter, one, out=counter)
    cost = launch(add, synchronise=synchroniser(ctx.device), budget_seconds=BUDGET_SECONDS, device=ctx.device)
    counter.zero_()
    for _ in range(LAUNCHES):
        add()
    require_on(ctx, counter)
    ctx.measure("additions_made", float(counter), unit="1", direction="equal", equals=LAUNCHES)
    conditions: dict[str, Note] = {"operation": "add", "elements": 1, "dtype": "float32"}
    record_seconds(ctx, "launch_seconds", cost.queued, conditions)
    # The CPU's operations are done when they return: a round trip is nothing of its own there.
    if ctx.device != "cpu":
        record_seconds(ctx, "round_trip_seconds", cost.round_trip, conditions)


@check(level="certify", needs=["mlx"], devices=["mlx"], timeout_seconds=60)
def an_empty_mlx_operation_is_done_at_the_cost_recorded_here(ctx: Context) -> None:
    """Adding one to a single element with MLX takes the seconds recorded here, queued and waited for, and is done.

    MLX does nothing before it is asked to evaluate: a cost far above that of torch's MPS launches is paid for each
    graph, so evaluate a step at a time, never an operation.
    """
    import mlx.core as mx

    counter, one = mx.zeros((1,)), mx.ones((1,))

    def add() -> None:
        nonlocal counter
        counter = mx.add(counter, one)
        mx.async_eval(counter)

    cost = launch(add, synchronise=synchroniser("mlx"), budget_seconds=BUDGET_SECONDS)
    counter = mx.zeros((1,))
    for _ in range(LAUNCHES):
        add()
    ctx.measure("additions_made", float(counter.item()), unit="1", direction="equal", equals=LAUNCHES)
    conditions: dict[str, Note] = {"operation": "add", "elements": 1, "dtype": "float32"}
    record_seconds(ctx, "launch_seconds", cost.queued, conditions)
    record_seconds(ctx, "round_trip_seconds", cost.round_trip, conditions)


@check(level="certify", needs=["torch"], devices=["cpu", "cuda", "mps"], timeout_seconds=60)
def the_clock_waits_for_the_device(ctx: Context) -> None:
    """A synchronised time is not below one that is not, nor far below the time until the result can be read.

    Synchronising does not wait on this device: every rate measured here is one of queueing, not of computing. Only
    synchronised_over_read shows that; synchronised_over_queued is 1 where synchronising does nothing, and falls only
    where the clock itself runs back or stops meanwhile.
    """
    import torch

    device, n = ready(ctx), PROOF_SIZE[ctx.device]
    left, right, result = (torch.rand((n, n), device=device) for _ in range(3))

    def read() -> float:
        return float(result.sum().item())

    before = contention.now()
    taken = ends(
        partial(torch.mm, left, right, out=result),
        synchronise=synchroniser(ctx.device),
        read=read,
        rounds=PROOF_ROUNDS,
    )
    # Even the fastest of some rounds is a neighbour's where it never rests, and says nothing about the clock.
    disturbed = contention.since(before).reason
    _require_product(ctx, left, right, read())
    hold_ends(ctx, taken, {"n": n, "dtype": "float32", "threads": ctx.threads}, disturbed)


@check(level="certify", needs=["mlx", "numpy"], devices=["mlx"], timeout_seconds=60)
def the_clock_waits_for_mlx(ctx: Context) -> None:
    """A synchronised time of MLX's work is not below a queued one, nor far below the time until its result can be read.

    Synchronising does not wait for what MLX was asked to evaluate: every rate measured here is one of queueing, not of
    computing.
    """
    import mlx.core as mx

    n = MLX_PROOF_SIZE[mlx_device.ready(ctx)]
    left, right, result = (mx.random.uniform(shape=(n, n)) for _ in range(3))
    mx.eval(left, right, result)

    def queue() -> None:
        nonlocal result
        result = mx.matmul(left, right)
        mx.async_eval(result)

    def read() -> float:
        return float(result.sum().item())

    before = contention.now()
    taken = ends(queue, synchronise=synchroniser("mlx"), read=read, rounds=PROOF_ROUNDS)
    disturbed = contention.since(before).reason
    product = float(exact(left).sum(0) @ exact(right).sum(1))
    _require_sum(ctx, read(), product)
    hold_ends(ctx, taken, {"n": n, "dtype": "float32", "threads": ctx.threads}, disturbed)


def hold_ends(ctx: Context, taken: Ends, conditions: dict[str, Note], disturbed: str | None) -> None:
    """Hold the times against each other, unless others disturbed them."""
    for name, ratio, least in (
        ("synchronised_over_queued", taken.over_queued, OVER_QUEUED_AT_LEAST),
        ("synchronised_over_read", taken.over_read, OVER_READ_AT_LEAST),
    ):
        ctx.measure(
            name,
            ratio,
            unit="1",
            direction="higher",
            at_least=None if disturbed else least,
            conditions=conditions,
            inconclusive=disturbed,
        )


def _require_product(ctx: Context, left: "torch.Tensor", right: "torch.Tensor", total: float) -> None:
    """The sum of a product is that of the columns of the one times the rows of the other."""
    _require_sum(ctx, total, float(left.cpu().double().sum(0) @ right.cpu().double().sum(1)))


def _require_sum(ctx: Context, total: float, product: float) -> None:
    ctx.require(abs(total / product - 1) < SUM_WITHIN, f"the product sums to {total:g}, in float64 to {product:g}")
