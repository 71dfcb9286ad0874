"""What is each optimisation of pretraining worth: alone, compiled, and all together?"""

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from verify.checks.measures.pace import STEADY_FROM, Doubts, Pace, doubt_about, race, record_ratio
from verify.checks.measures.pretraining_proof import judge_losses, prove
from verify.checks.measures.startup_and_rate import BREAK_EVEN, BreakEven, Cost, Interval, break_even, totals_of
from verify.checks.models.bert import Shape
from verify.checks.models.pretraining_run import Arm, lacking, started
from verify.checks.torch_device import ready
from verify.probe import paired
from verify.probe.check import check
from verify.probe.context import Context, Note
from verify.probe.timing import half_width

# A processor has half of the layers and a sixteenth of the tokens, and the same vocabulary.
SHAPES = {"cpu": Shape(layers=2, tokens=32), "cuda": Shape(layers=4, tokens=512), "mps": Shape(layers=4, tokens=512)}
# Steps between two looks at the clock: a block of at least 20 ms, 50 on mps.
STEPS_PER_TURN = {"cpu": 1, "cuda": 10, "mps": 10}

# Twenty rounds of two. On a shared machine steps of 30 ms differ by a quarter: after eight rounds most ratios were
# known to 15% only, from which nothing follows.
TURNS = STEADY_FROM + 2 * 20

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


@check(level="certify", needs=["torch"], devices=["cpu", "cuda", "mps"], timeout_seconds=600)
def each_optimisation_is_at_work_and_keeps_the_loss(ctx: Context) -> None:
    """Each optimisation of pretraining BERT, alone, is seen at work, trains as the baseline does, and is timed.

    One that is not at work is a name without an effect; the reason says what ran instead. Rates and start-up are
    recorded apart, so that none is mistaken for the other.
    """
    compare(ctx, ALONE, TURNS)


@check(level="certify", needs=["torch"], devices=["cpu", "cuda", "mps"], timeout_seconds=600, optional=True)
def compilation_is_at_work_and_keeps_the_loss(ctx: Context) -> None:
    """Pretraining BERT compiled runs kernels made for it, with the baseline's losses, and breaks even when it says.

    Operations that ran uncompiled mean that compilation gave up without a word: run with TORCH_LOGS=graph_breaks.
    """
    compare_compiled(ctx, COMPILED, TURNS)


@check(level="certify", needs=["torch"], devices=["cpu", "cuda", "mps"], timeout_seconds=600, optional=True)
def all_optimisations_work_together(ctx: Context) -> None:
    """All optimisations of pretraining BERT at once are each seen at work, and the loss falls.

    The reason names the one that another has put out of work: leave it out until the versions agree.
    """
    compare_compiled(ctx, TOGETHER, TURNS)


def compare(ctx: Context, arms: Sequence[Arm], turns: int) -> None:
    """Race arms against the baseline for so many turns, record what they cost and are worth, and judge each."""
    ready(ctx)
    shape = SHAPES[ctx.device]
    reasons = {arm.name: lacking(arm, ctx.device) for arm in arms}
    ctx.note(**{f"lacking_{name}": reason for name, reason in reasons.items() if reason})
    # The first steps of a process start its threads and fill its allocator, for whichever arm comes first.
    started(ctx, BASELINE, shape).step()
    runs = [started(ctx, arm, shape) for arm in (BASELINE, *arms) if not reasons.get(arm.name)]
    paces = [Pace(ctx.device, STEPS_PER_TURN[ctx.device], run.step) for run in runs]
    doubts = race(paces, ctx.device, turns)
    baseline = [float(loss) for loss in paces[0].losses]
    for run, pace in zip(runs, paces, strict=True):
        record(ctx, run.arm, pace, doubts)
        if pace is not paces[0]:
            record_worth(ctx, run.arm, pace, paces[0], doubts)
        losses = [float(loss) for loss in pace.losses]
        judge_losses(ctx, run, losses, baseline, run.loss_on_the_first_batch())
        prove(ctx, run)


def compare_compiled(ctx: Context, arm: Arm, turns: int) -> None:
    """Compare an arm that compiles with the baseline, where it can be run."""
    reason = lacking(arm, ctx.device)
    if reason:
        ctx.skip(reason)
    with _cold_compiler(ctx):
        compare(ctx, [arm], turns)


@contextmanager
def _cold_compiler(ctx: Context) -> Iterator[None]:
    """Compile as a first run does, and leave nothing behind: what earlier runs compiled would hide the start-up."""
    # Not above: listing checks imports this file, and must cost nothing.
    from unittest.mock import patch

    import torch

    torch.compiler.reset()
    folder = str(ctx.scratch / "compiled")
    with patch.dict(os.environ, TORCHINDUCTOR_CACHE_DIR=folder, TRITON_CACHE_DIR=f"{folder}/triton"):
        yield


def record(ctx: Context, arm: Arm, pace: Pace, doubts: Doubts) -> None:
    """What an arm costs: its rate, and apart from that its start-up."""
    shape, cost, own = SHAPES[ctx.device], pace.cost, doubt_about(pace.steady)
    tokens, conditions, doubt = shape.tokens_per_step, _conditions(ctx, shape, arm), doubts.steady or own
    rates = [tokens / seconds for seconds in pace.steady]
    ctx.measure("seconds_by_step", totals_of(pace.seconds), unit="s", along="step", conditions=conditions)
    ctx.measure("tokens_per_second", rates, unit="1/s", direction="higher", conditions=conditions, inconclusive=doubt)
    width = half_width(pace.steady)
    if math.isfinite(width):
        ctx.measure("tokens_per_second_half_width", width, unit="1", conditions=conditions, inconclusive=doubt)
    timed: dict[str, Note] = {**conditions, "estimator": "Theil-Sen", "flops": shape.flops}
    # Its line goes through the first turns too.
    whole = doubts.whole or own
    ctx.measure("seconds_per_step", cost.per_step, unit="s", conditions=timed, inconclusive=whole)
    ctx.derive(
        f"startup_seconds_{arm.name}",
        "middle_total - seconds_per_step * middle_step",
        conditions,
        unit="s",
        inconclusive=whole or cost.doubt_about_startup,
        middle_total=cost.middle_total,
        middle_step=cost.middle_step,
        seconds_per_step=cost.per_step,
    )


def record_worth(ctx: Context, arm: Arm, pace: Pace, baseline: Pace, doubts: Doubts) -> None:
    """What an arm is worth: how many times as fast it runs, and the step at which its start-up has paid."""
    conditions = _conditions(ctx, SHAPES[ctx.device], arm)
    seen = record_ratio(ctx, "times_as_fast", pace, baseline, doubts=doubts, conditions=conditions)
    own = doubt_about(pace.steady) or doubt_about(baseline.steady)
    found, doubt = _break_even(baseline.cost, pace.cost, seen), doubts.whole or own
    if found is None or found.step < 0:
        slower = "no faster than" if seen.high < 1 else "not told apart from"
        words = "ahead from the start" if found else f"none: its steps are {slower} the baseline's"
        ctx.note(**{f"break_even_{arm.name}": f"{words}; not to be believed: {doubt}" if doubt else words})
        return
    doubt = doubt or ("its range reaches below the first step" if found.earliest < 0 else None)
    for end, inputs in {"": found.value, "_low": found.low, "_high": found.high}.items():
        name = f"break_even_step_{arm.name}{end}"
        ctx.derive(name, BREAK_EVEN, conditions, unit="1", direction="lower", inconclusive=doubt, **inputs)


def _break_even(baseline: Cost, own: Cost, seen: paired.Comparison) -> BreakEven | None:
    """By what the pairs of turns tell that a step saves: narrower than the difference of two paces, and as honest."""
    if seen.low <= 1:
        return None
    saved = Interval(*(baseline.per_step * (1 - 1 / ratio) for ratio in (seen.ratio, seen.low, seen.high)))
    return break_even(baseline, own, saved)


def _conditions(ctx: Context, shape: Shape, arm: Arm) -> dict[str, Note]:
    return {
        "arm": arm.name,
        "dtype": "bfloat16" if arm.bf16 else "float32",
        "autocast": arm.bf16,
        "layers": shape.layers,
        "hidden": shape.hidden,
        "vocabulary": shape.vocabulary,
        "batch": shape.batch,
        "tokens": shape.tokens,
        "threads": ctx.threads,
        "steps_per_sample": STEPS_PER_TURN[ctx.device],
    }
