"""What is each optimisation of pretraining worth: alone, compiled, and all together?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from verify.checks.measures.cold_compiler import Cold, cold_compiler, nothing_compiles, readied
from verify.checks.measures.pace import STEADY_FROM, Doubts, Pace, doubt_about, race, record_ratio, start
from verify.checks.measures.pretraining_proof import judge_losses, prove
from verify.checks.measures.startup_and_rate import (
    BREAK_EVEN,
    STARTS,
    BreakEven,
    Cost,
    Interval,
    break_even,
    totals_of,
)
from verify.checks.models.bert import Shape
from verify.checks.models.pretraining_run import Arm, Run, lacking, started
from verify.checks.torch_device import ready
from verify.probe import paired
from verify.probe.check import check
from verify.probe.context import Context, Note
from verify.probe.timing import drift, half_width

# A processor has half of the layers and a sixteenth of the tokens, and the same vocabulary.
SHAPES = {"cpu": Shape(layers=2, tokens=32), "cuda": Shape(layers=4, tokens=512), "mps": Shape(layers=4, tokens=512)}
# Steps between two looks at the clock: a block of at least 20 ms, 50 on mps.
STEPS_PER_TURN = {"cpu": 1, "cuda": 10, "mps": 10}

# Thirty rounds of two. On a shared machine steps differ by a quarter: after eight rounds most ratios were known to 15%
# only, from which nothing follows.
TURNS = STEADY_FROM + 2 * 30
# Where compiling takes longer, doing so three times would not leave the check the time to end.
LONGEST_START = 100

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
# Whoever chooses among them reads all that they are worth side by side, whichever check asked it.
COMPARISONS = len([*ALONE, COMPILED, TOGETHER])


@dataclass(frozen=True, slots=True)
class Entrant:
    """An arm that has raced, and was started more often than that.

    Attributes:
        arm: Its optimisations.
        pace: How it went.
        cost: Its start-up, as all starts tell, and its rate.
        starts: Seconds that the first steps took at each.
        doubt: Why the later starts are not to be believed, or None.
    """

    arm: Arm
    pace: Pace
    cost: Cost
    starts: Sequence[float]
    doubt: str | None


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
    Start-up and break-even are of a compiler that is ready: what that takes, once a process, is noted and comes on top.
    """
    compare_compiled(ctx, COMPILED, TURNS)


@check(level="certify", needs=["torch"], devices=["cpu", "cuda", "mps"], timeout_seconds=600, optional=True)
def all_optimisations_work_together(ctx: Context) -> None:
    """All optimisations of pretraining BERT at once are each seen at work, and the loss falls.

    The reason names the one that another has put out of work: leave it out until the versions agree.
    """
    compare_compiled(ctx, TOGETHER, TURNS)


def compare(ctx: Context, arms: Sequence[Arm], turns: int, cold: Cold = nothing_compiles) -> None:
    """Race arms against the baseline for so many turns, judge each, start each anew, and record what they are worth."""
    ready(ctx)
    shape = SHAPES[ctx.device]
    reasons = {arm.name: lacking(arm, ctx.device) for arm in arms}
    ctx.note(**{f"lacking_{name}": reason for name, reason in reasons.items() if reason})
    # The first steps of a process start its threads and fill its allocator, for whichever arm comes first.
    started(ctx, BASELINE, shape).step()
    with cold() as files:
        runs = [started(ctx, arm, shape) for arm in (BASELINE, *arms) if not reasons.get(arm.name)]
        paces = [_pace(ctx, run) for run in runs]
        doubts = race(paces, ctx.device, turns)
        written = files()
        for run, pace in zip(runs, paces, strict=True):
            record_rate(ctx, run.arm, pace, doubts)
            losses, baseline = ([float(loss) for loss in one.losses] for one in (pace, paces[0]))
            judge_losses(ctx, run, losses, baseline, run.loss_on_the_first_batch())
            prove(ctx, run)
    entrants = [started_again(ctx, run.arm, pace, cold, written) for run, pace in zip(runs, paces, strict=True)]
    for own in entrants:
        record_start_up(ctx, own, doubts)
        if own.arm is not BASELINE:
            record_worth(ctx, own, entrants[0], doubts)


def compare_compiled(ctx: Context, arm: Arm, turns: int) -> None:
    """Compare an arm that compiles with the baseline, where it can be run."""
    reason = lacking(arm, ctx.device)
    if reason:
        ctx.skip(reason)
    ctx.note(seconds_to_ready_the_compiler=readied(ctx.device, ctx.cache, ctx.scratch))
    compare(ctx, [arm], turns, partial(cold_compiler, ctx.scratch))


def _pace(ctx: Context, run: Run) -> Pace:
    return Pace(ctx.device, STEPS_PER_TURN[ctx.device], run.step)


def started_again(ctx: Context, arm: Arm, pace: Pace, cold: Cold, written: int) -> Entrant:
    """An arm that has raced, after as many more starts as an interval of its start-up takes.

    Args:
        ctx: The check.
        arm: Its optimisations.
        pace: How it went; its start is the first.
        cold: Where it may compile, if it does.
        written: Files that compiling it for the race has written: as many as each later start has to.
    """
    seconds, doubt = [pace.first_seconds], None
    if seconds[0] > LONGEST_START:
        once = replace(pace.cost, step=pace.first_steps, total=seconds[0])
        return Entrant(arm, pace, once, seconds, f"a start takes {seconds[0]:.0f} s, so that it was timed once")
    for _ in range(STARTS - 1):
        with cold() if arm.compiled else nothing_compiles() as files:
            again = _pace(ctx, started(ctx, arm, SHAPES[ctx.device]))
            doubt = start([again], ctx.device) or doubt
            seconds.append(again.first_seconds)
            anew = files()
        if arm.compiled and anew < written:
            doubt = f"a later start compiled {anew} files, the first {written}: it was not cold"
    return Entrant(arm, pace, pace.cost.started(pace.first_steps, seconds), tuple(seconds), doubt)


def record_rate(ctx: Context, arm: Arm, pace: Pace, doubts: Doubts) -> None:
    """How fast the steps of an arm are, once it runs."""
    shape, own = SHAPES[ctx.device], doubt_about(pace.steady)
    tokens, conditions, doubt = shape.tokens_per_step, _conditions(ctx, shape, arm), doubts.steady or own
    rates = [tokens / seconds for seconds in pace.steady]
    ctx.measure("seconds_by_step", totals_of(pace.seconds), unit="s", along="step", conditions=conditions)
    ctx.measure("tokens_per_second", rates, unit="1/s", direction="higher", conditions=conditions, inconclusive=doubt)
    width = half_width(pace.steady)
    if math.isfinite(width):
        ctx.measure("tokens_per_second_half_width", width, unit="1", conditions=conditions, inconclusive=doubt)
    timed: dict[str, Note] = {**conditions, "estimator": "Theil-Sen", "flops": shape.flops}
    # Its line goes through the first turns too.
    ctx.measure("seconds_per_step", pace.cost.per_step, unit="s", conditions=timed, inconclusive=doubts.whole or own)


def record_start_up(ctx: Context, own: Entrant, doubts: Doubts) -> None:
    """What an arm costs before it is steady: its first steps at each start, and how much of them is start-up."""
    conditions, cost = _conditions(ctx, SHAPES[ctx.device], own.arm), own.cost
    disturbed = doubts.whole or own.doubt
    doubt = disturbed or doubt_about(own.pace.steady)
    ctx.measure("startup_and_first_steps", own.starts, unit="s", conditions=conditions, inconclusive=disturbed)
    if not doubt and cost.doubt_about_startup:
        # No fault of the measurement, but what is to be said of a run that hardly has one.
        most = max(cost.startup + cost.startup_error, 0.0)
        ctx.note(**{f"startup_{own.arm.name}": f"{most:.2g} s at most: not told from none"})
        return
    ctx.derive(
        f"startup_seconds_{own.arm.name}",
        "first_seconds - seconds_per_step * first_steps",
        conditions,
        unit="s",
        inconclusive=doubt,
        first_seconds=cost.total,
        first_steps=cost.step,
        seconds_per_step=cost.per_step,
    )


def record_worth(ctx: Context, own: Entrant, baseline: Entrant, doubts: Doubts) -> None:
    """What an arm is worth: how many times as fast it runs, and the step at which its start-up has paid."""
    conditions, name = _conditions(ctx, SHAPES[ctx.device], own.arm), own.arm.name
    paces = own.pace, baseline.pace
    seen = record_ratio(ctx, "times_as_fast", *paces, doubts=doubts, conditions=conditions, comparisons=COMPARISONS)
    found, doubt = _break_even(baseline.cost, own.cost, seen), _doubt_about_worth(doubts, own, baseline)
    if found is None or found.earliest < 0:
        words = _without_a_step(found, seen)
        ctx.note(**{f"break_even_{name}": f"{words}; not to be believed: {doubt}" if doubt else words})
        return
    for end, inputs in {"": found.value, "_low": found.low, "_high": found.high}.items():
        even = f"break_even_step_{name}{end}"
        ctx.derive(even, BREAK_EVEN, conditions, unit="1", direction="lower", inconclusive=doubt, **inputs)


def _doubt_about_worth(doubts: Doubts, *entrants: Entrant) -> str | None:
    """Why a break-even is not to be believed, or None. A pace that merely spreads is in its interval."""
    starts, drifts = (one.doubt for one in entrants), (drift(one.pace.steady) for one in entrants)
    return next(filter(None, (doubts.whole, *starts, *drifts)), None)


def _without_a_step(found: BreakEven | None, seen: paired.Comparison) -> str:
    """What is said of a break-even that is at no step, or may lie before the first."""
    if found:
        return "ahead from the start" if found.latest < 0 else f"ahead by step {math.ceil(found.latest)} at the latest"
    return f"none: its steps are {'no faster than' if seen.high < 1 else 'not told apart from'} the baseline's"


def _break_even(baseline: Cost, own: Cost, seen: paired.Comparison) -> BreakEven | None:
    """By what the pairs of turns tell that a step saves: a share of the baseline's, as well as that is known."""
    if seen.low <= 1:
        return None
    error = baseline.per_step_error
    ends = ((0.0, seen.ratio), (-error, seen.low), (error, seen.high))
    return break_even(baseline, own, Interval(*((baseline.per_step + off) * (1 - 1 / ratio) for off, ratio in ends)))


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
