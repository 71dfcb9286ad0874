"""What is each optimisation of pretraining worth: alone, compiled, and all together?"""

import math
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from unittest.mock import patch

from verify.checks.measures.pretraining_proof import judge_losses, prove
from verify.checks.measures.startup_and_rate import Cost, break_even, fitted, totals_of
from verify.checks.models.bert import Shape
from verify.checks.models.pretraining_run import Arm, Run, lacking, started
from verify.checks.torch_device import ready
from verify.probe import contention, paired, throttling
from verify.probe.check import check
from verify.probe.context import Context, Note
from verify.probe.timing import half_width, synchroniser

if TYPE_CHECKING:
    import torch

# A processor has a quarter of the layers' work and a sixteenth of the tokens, and the same vocabulary.
SHAPES = {"cpu": Shape(layers=2, tokens=32), "cuda": Shape(layers=4, tokens=512), "mps": Shape(layers=4, tokens=512)}
# Steps between two looks at the clock: a block of at least 20 ms, 50 on mps.
STEPS_PER_TURN = {"cpu": 1, "cuda": 10, "mps": 10}
# The first is one step, start-up and all; the second may still compile; the others count, four of them a round.
STEADY_FROM = 2
TURNS = STEADY_FROM + 2 * paired.FEWEST_ROUNDS

BASELINE = Arm("baseline")
ALONE = (
    Arm("bf16", bf16=True),
    Arm("muon", muon=True),
    Arm("sdpa", fused=True),
    Arm("qk_norm", qk_norm=True),
    Arm("async_data", asynchronous=True),
)
COMPILED = Arm("compile", compiled=True)
TOGETHER = Arm("together", bf16=True, compiled=True, muon=True, fused=True, qk_norm=True, asynchronous=True)


@dataclass(frozen=True, slots=True)
class Pace:
    """How a run went: steps and seconds of each of its turns, and the loss before each step."""

    run: Run
    steps: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    losses: "list[torch.Tensor]" = field(default_factory=list)

    @property
    def cost(self) -> Cost:
        """Start-up and seconds a step."""
        return fitted(totals_of(self.steps), totals_of(self.seconds))

    @property
    def steady(self) -> list[float]:
        """Seconds a step in each turn that counts."""
        return [seconds / steps for seconds, steps in zip(self.seconds, self.steps, strict=True)][STEADY_FROM:]


@check(level="certify", needs=["torch"], devices=["cpu", "cuda", "mps"], timeout_seconds=600)
def each_optimisation_is_at_work_and_keeps_the_loss(ctx: Context) -> None:
    """Each optimisation of pretraining BERT, alone, is seen at work, trains as the baseline does, and is timed.

    One that is not at work is a name without an effect; the reason says what ran instead. Rates and start-up are
    recorded apart, so that none is mistaken for the other.
    """
    _compare(ctx, ALONE)


@check(level="certify", needs=["torch"], devices=["cpu", "cuda", "mps"], timeout_seconds=600, optional=True)
def compilation_is_at_work_and_keeps_the_loss(ctx: Context) -> None:
    """Pretraining BERT compiled runs kernels made for it, with the baseline's losses, and breaks even when it says.

    Operations that ran uncompiled mean that compilation gave up without a word: run with TORCH_LOGS=graph_breaks.
    """
    _skip_what_lacks(ctx, COMPILED)
    with _cold_compiler(ctx):
        _compare(ctx, [COMPILED])


@check(level="certify", needs=["torch"], devices=["cpu", "cuda", "mps"], timeout_seconds=600, optional=True)
def all_optimisations_work_together(ctx: Context) -> None:
    """All optimisations of pretraining BERT at once are each seen at work, and the loss falls.

    The reason names the one that another has put out of work: leave it out until the versions agree.
    """
    _skip_what_lacks(ctx, TOGETHER)
    with _cold_compiler(ctx):
        _compare(ctx, [TOGETHER])


def _skip_what_lacks(ctx: Context, arm: Arm) -> None:
    reason = lacking(arm, ctx.device)
    if reason:
        ctx.skip(reason)


@contextmanager
def _cold_compiler(ctx: Context) -> Iterator[None]:
    """Compile as a first run does, and leave nothing behind: what earlier runs compiled would hide the start-up."""
    import torch

    torch.compiler.reset()
    folder = str(ctx.scratch / "compiled")
    with patch.dict(os.environ, TORCHINDUCTOR_CACHE_DIR=folder, TRITON_CACHE_DIR=f"{folder}/triton"):
        yield


def _compare(ctx: Context, arms: Sequence[Arm]) -> None:
    ready(ctx)
    shape = SHAPES[ctx.device]
    reasons = {arm.name: lacking(arm, ctx.device) for arm in arms}
    ctx.note(**{f"lacking_{name}": reason for name, reason in reasons.items() if reason})
    # The first steps of a process start its threads and fill its allocator, for whichever arm comes first.
    started(ctx, BASELINE, shape).step()
    runs = [started(ctx, arm, shape) for arm in (BASELINE, *arms) if not reasons.get(arm.name)]
    paces, doubt = _race(ctx, runs)
    baseline = [float(loss) for loss in paces[0].losses]
    for pace in paces:
        _record(ctx, pace, paces[0], doubt)
        losses = [float(loss) for loss in pace.losses]
        judge_losses(ctx, pace.run, losses, baseline, pace.run.loss_on_the_first_batch())
        prove(ctx, pace.run)


def _race(ctx: Context, runs: Sequence[Run]) -> tuple[list[Pace], str | None]:
    """Turns of each run, forwards, backwards, backwards and forwards, so that a drift of the machine favours none."""
    paces, synchronise = [Pace(run) for run in runs], synchroniser(ctx.device)
    before, sensors = contention.now(), throttling.now(ctx.device)
    for turn in range(TURNS):
        if turn == STEADY_FROM:
            before = contention.now()
        for pace in paces if (turn - STEADY_FROM) % 4 in {0, 3} else paces[::-1]:
            steps = STEPS_PER_TURN[ctx.device] if turn else 1
            synchronise()
            start = time.perf_counter()
            pace.losses.extend(pace.run.step() for _ in range(steps))
            synchronise()
            pace.seconds.append(time.perf_counter() - start)
            pace.steps.append(steps)
    return paces, contention.since(before).reason or throttling.reason(sensors, throttling.now(ctx.device))


def _record(ctx: Context, pace: Pace, baseline: Pace, doubt: str | None) -> None:
    shape, arm, cost = SHAPES[ctx.device], pace.run.arm, pace.cost
    tokens, conditions = shape.tokens_per_step, _conditions(ctx, shape, arm)
    rates = [tokens / seconds for seconds in pace.steady]
    ctx.measure("seconds_by_step", totals_of(pace.seconds), unit="s", along="step", conditions=conditions)
    ctx.measure("tokens_per_second", rates, unit="1/s", direction="higher", conditions=conditions, inconclusive=doubt)
    width = half_width(pace.steady)
    if math.isfinite(width):
        ctx.measure("tokens_per_second_half_width", width, unit="1", conditions=conditions, inconclusive=doubt)
    timed: dict[str, Note] = {**conditions, "estimator": "Theil-Sen", "flops": shape.flops}
    ctx.measure("seconds_per_step", cost.per_step, unit="s", conditions=timed, inconclusive=doubt)
    ctx.derive(
        f"startup_seconds_{arm.name}",
        "middle_total - seconds_per_step * middle_step",
        unit="s",
        inconclusive=doubt,
        middle_total=cost.middle_total,
        middle_step=cost.middle_step,
        seconds_per_step=cost.per_step,
    )
    if pace is not baseline:
        _record_worth(ctx, pace, baseline, conditions, doubt)


def _record_worth(ctx: Context, pace: Pace, baseline: Pace, conditions: dict[str, Note], doubt: str | None) -> None:
    seen = paired.compare(pace.steady, baseline.steady)
    named = {"times_as_fast": seen.ratio, "times_as_fast_low": seen.low, "times_as_fast_high": seen.high}
    for figure, value in named.items():
        if math.isfinite(value):
            ctx.measure(figure, value, unit="1", direction="higher", conditions=conditions, inconclusive=doubt)
    name, own, plain = pace.run.arm.name, pace.cost, baseline.cost
    if seen.low <= 1 or break_even(plain, own) is None:
        words = "no faster than" if seen.high < 1 else "not told apart from"
        ctx.note(**{f"break_even_{name}": f"none: its steps are {words} the baseline's"})
        return
    ctx.derive(
        f"break_even_step_{name}",
        "(startup - baseline_startup) / (baseline_seconds_per_step - seconds_per_step)",
        unit="1",
        inconclusive=doubt,
        startup=own.startup,
        baseline_startup=plain.startup,
        baseline_seconds_per_step=plain.per_step,
        seconds_per_step=own.per_step,
    )


def _conditions(ctx: Context, shape: Shape, arm: Arm) -> dict[str, Note]:
    return {
        "arm": arm.name,
        "dtype": "bfloat16 autocast" if arm.bf16 else "float32",
        "layers": shape.layers,
        "hidden": shape.hidden,
        "vocabulary": shape.vocabulary,
        "batch": shape.batch,
        "tokens": shape.tokens,
        "threads": ctx.threads,
        "steps_per_sample": STEPS_PER_TURN[ctx.device],
    }
