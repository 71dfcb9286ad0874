"""What the log of a fine-tune comes to: rates apart from the start-up, where the losses were going, and the memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from verify.checks.finetune.engine import Opened
from verify.checks.measures.startup_and_rate import FEWEST_POINTS, fitted
from verify.probe.context import Context

# Lines of the log that the slope at the end is taken over.
TAIL = 6
# Nats that an iteration still gains or loses: less than this is flat, over a hundred iterations a tenth of a nat.
FLAT = 1e-3
# Bytes of a trained parameter beside itself: its gradient, and AdamW's two moments, all in float32.
TRAINING_BYTES = 4 + 8
# What must be left at most of the held-out loss, and of that of guessing: less than a percent is no gain to speak of.
GAIN = 0.99

Lines = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a prediction of a run's memory needs to know of it.

    Attributes:
        config: Where the model's configuration lies.
        opened: The model with its adapters.
        rank: Of them.
        qlora: Whether the base is held in four bits.
        checkpointing: Whether activations are computed again.
        batch: Examples in a forward pass.
        tokens: Of the longest, padded.
        runtime: Bytes that were there before the model; none where the device counts its own.
        peak: Bytes that were measured.
    """

    config: str
    opened: Opened
    rank: int
    qlora: bool
    checkpointing: bool
    batch: int
    tokens: int
    runtime: int
    peak: int


def record_losses(ctx: Context, lines: Lines, held_out: Mapping[int, float], vocabulary: int) -> None:
    """The curves, what is left of the held-out loss, whether that is better than guessing, and where it was going."""
    ctx.measure("training_loss", [line["loss"] for line in lines], unit="nat", along="line of the log")
    curve = [loss for _, loss in sorted(held_out.items())]
    ctx.measure("held_out_loss", curve, unit="nat", along="validation")
    ctx.derive("held_out_loss_left", "last / first", unit="1", at_most=GAIN, first=curve[0], last=curve[-1])
    # A model that was driven apart says every token alike, and may do so at less than it began with.
    chance = ctx.derive("chance_loss", "ln(vocabulary)", unit="nat", vocabulary=vocabulary)
    ctx.measure("final_loss", curve[-1], unit="nat", at_most=GAIN * chance)
    tail = [line for line in lines if line["iteration"] > 1][-TAIL:]
    if len(tail) >= FEWEST_POINTS:
        slope = slope_of([line["iteration"] for line in tail], [line["loss"] for line in tail])
        ctx.measure("training_loss_slope", slope, unit="nat/iteration", conditions={"lines": len(tail)})
        ctx.note(training_loss_at_the_end="flat" if abs(slope) < FLAT else "still falling" if slope < 0 else "rising")


def record_rates(ctx: Context, lines: Lines) -> None:
    """Start-up and steady rate apart; an average over both would be neither."""
    steady = [line for line in lines if line["iteration"] > 1]
    if not steady:
        return
    seconds, tokens = sum(line["seconds"] for line in steady), sum(line["tokens"] for line in steady)
    made = sum(line["iterations"] for line in steady)
    ctx.derive("tokens_per_second", "tokens / seconds", unit="1/s", direction="higher", tokens=tokens, seconds=seconds)
    ctx.derive("iterations_per_second", "made / seconds", unit="1/s", direction="higher", made=made, seconds=seconds)
    totals = list(accumulate(line["seconds"] for line in lines))
    if len(lines) >= FEWEST_POINTS:
        cost = fitted([line["iteration"] for line in lines], totals)
        ctx.measure("seconds_per_iteration", cost.per_step, unit="s")
        if cost.startup > 0:
            ctx.measure("startup_seconds", cost.startup, unit="s", inconclusive=cost.doubt_about_startup)
        else:
            ctx.note(startup="none: the first iterations took no longer than the others")


def record_memory(ctx: Context, lines: Lines, opened: Opened) -> int:
    """The peak, held against the least that weights, adapters, gradients and the optimiser take together."""
    peak = max(line["peak_memory_bytes"] for line in lines)
    floor = ctx.derive(
        "memory_floor_bytes",
        "weights + trainable * each",
        unit="B",
        weights=opened.weight_bytes,
        trainable=opened.trainable,
        each=TRAINING_BYTES,
    )
    ctx.measure("peak_memory_bytes", peak, unit="B", at_least=floor)
    return int(peak)


def record_prediction(ctx: Context, run: Prediction) -> None:
    """The peak beside what `verify fit` says of it; that is no limit, as the C library may keep what is freed."""
    from verify.checks.fit.prediction import predicted_peak
    from verify.checks.fit.recipe import Recipe as Memory

    if run.opened.device == "mlx" and run.checkpointing:
        ctx.note(predicted_peak="not told: MLX exports no graph with checkpointing in it")
        return
    memory = Memory(
        method="qlora" if run.qlora else "lora",
        checkpointing=run.checkpointing,
        dtype=run.opened.dtype,
        rank=run.rank,
        targets=run.opened.target_modules,
        layers=run.opened.layers,
    )
    step = predicted_peak(run.config, memory, device=run.opened.device, batch=run.batch, tokens=run.tokens).total
    ctx.derive("predicted_peak_bytes", "runtime + step", unit="B", runtime=run.runtime, step=step)
    predicted = run.runtime + step
    ctx.derive("peak_over_predicted", "peak / predicted", unit="1", peak=run.peak, predicted=predicted)


def slope_of(places: Sequence[float], values: Sequence[float]) -> float:
    """By how much the values rise from one place to the next, by Theil's and Sen's line."""
    return fitted(places, values).per_step
