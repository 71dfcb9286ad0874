"""How many tokens does a joule train?"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from verify.checks.measures import energy_counters
from verify.checks.measures.energy_counters import Unreadable, joules_between
from verify.checks.models.bert import Shape
from verify.checks.models.pretraining_run import Arm, Run, started
from verify.checks.torch_device import ready, require_on
from verify.probe import disturbance
from verify.probe.check import check
from verify.probe.context import Context, Note
from verify.probe.timing import synchroniser

SHAPES = {"cpu": Shape(layers=2, tokens=32), "cuda": Shape(layers=4, tokens=512), "mps": Shape(layers=4, tokens=512)}
ARM = Arm("sdpa", fused=True)
WARM_STEPS = 5
# Counters are renewed every millisecond (RAPL) to every 100 ms (NVML): a hundred of the latter.
BUDGET_SECONDS = 10.0
IDLE_SECONDS = 3.0
SAMPLE_MILLISECONDS = 500
# No package and no accelerator on sale takes this: a counter that says so was reset, not wrapped round.
MOST_WATTS = 5_000.0
FALLEN = 0.2
# From starting powermetrics to its last line.
GRACE_SECONDS = 20.0

Work = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Spent:
    """What some work took.

    Attributes:
        source: What counted the joules, and of what: only one of processor and GPU, or the whole chip.
        joules: As it counted them.
        seconds: That passed.
        steps: That it made.
        doubt: Why this should not be believed, or None.
    """

    source: str
    joules: float
    seconds: float
    steps: int
    doubt: str | None = None


@check(level="certify", needs=["torch"], devices=["cpu", "cuda", "mps"], timeout_seconds=120, optional=True)
def training_takes_the_energy_that_is_counted(ctx: Context) -> None:
    """Training BERT takes the joules that the machine's own counter tells, and it trains.

    No counter, no claim: the reason of a skip says what keeps it from being read. A counter that stands still or
    leaps belongs to a virtual machine, or to a driver that was loaded anew.
    """
    ready(ctx)
    try:
        # Before anything was trained: what has worked stays warm, and a GPU keeps its clocks up for a while.
        idle = _watched(ctx, _rest)
        run = started(ctx, ARM, SHAPES[ctx.device])
        initial = run.loss_on_the_first_batch()
        for _ in range(WARM_STEPS):
            require_on(ctx, run.step())
        training = _watched(ctx, lambda: _train(ctx, run))
    except Unreadable as reason:
        ctx.skip(str(reason))
        return
    fallen = initial - run.loss_on_the_first_batch()
    ctx.measure("loss_fallen", fallen, unit="nat", direction="higher", at_least=FALLEN)
    record(ctx, training, idle)


def _train(ctx: Context, run: Run) -> int:
    """Steps until the budget is spent, and how many; all done when it returns."""
    synchronise, steps, end = synchroniser(ctx.device), 0, time.monotonic() + BUDGET_SECONDS
    while time.monotonic() < end:
        run.step()
        synchronise()
        steps += 1
    return steps


def _rest() -> int:
    time.sleep(IDLE_SECONDS)
    return 0


def _watched(ctx: Context, work: Work) -> Spent:
    """What the work took, with what disturbed it meanwhile."""
    disturbed = disturbance.watch(ctx.device)
    spent = _spent(ctx, work)
    return replace(spent, doubt=disturbed())


def _spent(ctx: Context, work: Work) -> Spent:
    return _by_powermetrics(ctx, work) if sys.platform == "darwin" else _by_counters(ctx, work)


def _by_counters(ctx: Context, work: Work) -> Spent:
    def read() -> dict[str, energy_counters.Counter]:
        if ctx.device != "cuda":
            return energy_counters.rapl()
        import torch

        return energy_counters.nvml(str(torch.cuda.get_device_properties(0).uuid))

    before, start = read(), time.perf_counter()
    steps = work()
    seconds = time.perf_counter() - start
    source = "nvml gpu" if ctx.device == "cuda" else "rapl package"
    return Spent(source, joules_between(before, read()), seconds, steps)


def _by_powermetrics(ctx: Context, work: Work) -> Spent:
    if os.geteuid():
        raise Unreadable("powermetrics tells its figures to root only")
    log, words = ctx.scratch / "powermetrics.txt", ["--samplers", "cpu_power,gpu_power", "-i", str(SAMPLE_MILLISECONDS)]
    with log.open("wb") as file:
        meter = subprocess.Popen(["/usr/bin/powermetrics", *words], stdin=subprocess.DEVNULL, stdout=file)
        try:
            start = time.perf_counter()
            steps = work()
            seconds = time.perf_counter() - start
        finally:
            meter.terminate()
            meter.wait(GRACE_SECONDS)
    watts = energy_counters.powermetrics_watts(log.read_text(encoding="utf-8", errors="replace"))
    return Spent("powermetrics", statistics.fmean(watts) * seconds, seconds, steps)


def record(ctx: Context, training: Spent, idle: Spent) -> None:
    """Joules of training and what follows from them; each figure says what was counted, and doubts its own time."""
    shape, doubt = SHAPES[ctx.device], training.doubt
    conditions: dict[str, Note] = {
        "source": training.source,
        "layers": shape.layers,
        "tokens": shape.tokens,
        "batch": shape.batch,
        "dtype": "float32",
        "threads": ctx.threads,
    }
    joules, seconds = training.joules, training.seconds
    ctx.require(joules > 0, f"{training.source} counted {joules:g} J in {seconds:.1f} s of training")
    ctx.measure("joules", joules, unit="J", conditions=conditions, inconclusive=doubt)
    ctx.measure("seconds", seconds, unit="s", conditions=conditions, inconclusive=doubt)
    _record_watts(ctx, "watts", training, conditions)
    _record_watts(ctx, "idle_watts", idle, {"source": idle.source})
    ctx.derive(
        "tokens_per_joule",
        "tokens / joules",
        conditions,
        unit="1/J",
        direction="higher",
        inconclusive=doubt,
        tokens=training.steps * shape.tokens_per_step,
        joules=joules,
    )


def _record_watts(ctx: Context, name: str, spent: Spent, conditions: dict[str, Note]) -> None:
    ctx.derive(
        name,
        "joules / seconds",
        conditions,
        unit="W",
        at_most=MOST_WATTS,
        inconclusive=spent.doubt,
        joules=spent.joules,
        seconds=spent.seconds,
    )
