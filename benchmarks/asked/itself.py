"""A training run raced against itself: what pretraining's comparison finds where there is nothing to find."""

import time

from verify.checks.benchmark.pretraining import BASELINE
from verify.checks.measures.pace import TURNS, Pace, race, record_ratio
from verify.checks.models.bert import Shape
from verify.checks.models.pretraining_run import started
from verify.checks.torch_device import ready
from verify.probe.check import check
from verify.probe.context import Context

# Steps of some 20 ms on a processor, as long as a block must be at least: longer ones are known better.
SHAPE = Shape(layers=2, tokens=32, vocabulary=4_000)
# In one process, each with models of its own: where memory happened to put them is part of the noise.
COMPARISONS = 10
# Beside a busy loop on two processors a step may take twenty times as long.
LONGEST_SECONDS = 100


@check(level="certify", needs=["torch"], devices=["cpu"], timeout_seconds=600)
def a_run_is_as_fast_as_itself(ctx: Context) -> None:
    """The same training run, started twice and raced, has the same losses, and its times are compared.

    Losses that differ mean that the two runs were not the same, so that nothing follows from their ratio.
    """
    ready(ctx)
    started(ctx, BASELINE, SHAPE).step()
    end = time.monotonic() + LONGEST_SECONDS
    for number in range(COMPARISONS):
        if number and time.monotonic() > end:
            ctx.note(stopped_by="time")
            return
        one, other = (Pace(ctx.device, 1, started(ctx, BASELINE, SHAPE).step) for _ in range(2))
        doubts = race([one, other], ctx.device, TURNS)
        gap = max(abs(float(a) - float(b)) for a, b in zip(one.losses, other.losses, strict=True))
        conditions = {"comparison": number}
        ctx.measure("loss_gap", gap, unit="nat", equals=0.0, conditions=conditions)
        record_ratio(ctx, "times_as_fast", one, other, doubts=doubts, conditions=conditions)
