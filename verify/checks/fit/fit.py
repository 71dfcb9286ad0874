"""What fits on a device, as predicted; and what a training step takes there, as measured. Asked by ``verify fit``."""

import gc
from collections.abc import Mapping

from verify.checks.fit.mlx_recording import mlx_skeleton
from verify.checks.fit.prediction import Forecast, Peak
from verify.checks.fit.recipe import Recipe, made_ready, optimiser_of, step
from verify.checks.fit.room import Room, give_freed_memory_back, room_on, warm_up
from verify.checks.measures.device_room import most_used_bytes
from verify.checks.mlx_device import ready as ready_mlx
from verify.checks.models.configs import config_of
from verify.checks.torch_device import ready
from verify.probe.check import check
from verify.probe.context import Context, Note


@check(needs=["torch", "transformers", "peft"], timeout_seconds=900)
def what_fits(ctx: Context) -> None:
    """The memory of each way to train a model follows from what its step allocates.

    A peak below weights, adapters and the optimiser's state says that the recording lost a part of the step.
    """
    settings = ctx.settings
    room = _room(settings["device"], settings["memory"])
    ctx.note(limit_source=room.source, runtime_source=room.runtime_source)
    ctx.measure("limit", room.limit, unit="B", direction="higher")
    ctx.measure("runtime", room.runtime, unit="B")
    # Objects in circles would be freed whenever the collector comes by, and no two recordings would be alike.
    gc.disable()
    config = config_of(settings["model"])
    for plain in settings["recipes"]:
        forecast = Forecast(config, Recipe.of(plain), settings["device"], settings["memory"] is not None)
        _tell(ctx, forecast, room)
        gc.collect()


@check(needs=["torch", "transformers", "peft"], timeout_seconds=600)
def a_step_is_measured(ctx: Context) -> None:
    """A real training step takes at least what it must hold, by the peak that the system tells.

    A peak below weights, adapters and the optimiser's state was not this step's, or not on this device.
    """
    settings = ctx.settings
    ctx.note(freed_memory_is_given_back=settings["give_back"] and give_freed_memory_back())
    steps = _mlx_steps if ctx.device == "mlx" else _torch_steps
    ctx.measure("peak", steps(ctx, Recipe.of(settings["recipe"])), unit="B", at_least=settings["floor"])


def _room(device: str, memory: int | None) -> Room:
    """The room, in a process that has taken a step if the device is here."""
    import peft  # noqa: F401 - part of the runtime that is measured

    give_freed_memory_back()
    if device != "mlx":
        warm_up("cpu" if memory is not None else device)
    return room_on(device, memory)


def _tell(ctx: Context, forecast: Forecast, room: Room) -> None:
    settings, recipe = ctx.settings, forecast.recipe
    tokens = settings["tokens"]
    which: Mapping[str, Note] = {"method": recipe.method, "checkpointing": recipe.checkpointing}
    peak = forecast.peak(settings["batch"], tokens)
    for name in ("parameters", "trained"):
        ctx.measure(name, getattr(peak, name), unit="1", conditions=which)
    ctx.measure("gradients", peak.gradients, unit="B", conditions=which)
    ctx.measure("passing", peak.passing, unit="B", conditions=which, at_least=0)
    _derive_peak(ctx, peak, room, which)
    if settings["search"]:
        most = forecast.largest_batch(tokens, room.left)
        ctx.measure("largest_batch", most, unit="1", direction="higher", conditions=which)
        # From the second micro-batch on, the gradients of those before are held all along.
        several = forecast.largest_batch(tokens, room.left - peak.gradients)
        ctx.measure("largest_micro_batch", several, unit="1", direction="higher", conditions=which)
    if settings["search_length"]:
        longest = forecast.longest_text(tokens, room.left)
        ctx.measure("longest_text", longest, unit="1", direction="higher", conditions=which)


def _derive_peak(ctx: Context, peak: Peak, room: Room, which: Mapping[str, Note]) -> None:
    formula = "runtime + weights + adapters + optimiser + passing"
    ctx.derive(
        "peak",
        formula,
        which,
        unit="B",
        runtime=room.runtime,
        weights=peak.weights,
        adapters=peak.adapters,
        optimiser=peak.optimiser,
        passing=peak.passing,
    )


def _torch_steps(ctx: Context, recipe: Recipe) -> int:
    ready(ctx)
    settings = ctx.settings
    model = made_ready(config_of(settings["model"]), recipe, ctx.device)
    optimizer = optimiser_of(model, recipe)
    # The optimiser's state is there from the second step on.
    for _ in range(2):
        step(model, optimizer, settings["batch"], settings["tokens"])
    return most_used_bytes(ctx.device)


def _mlx_steps(ctx: Context, recipe: Recipe) -> int:
    """The first steps of mlx-lm's own trainer; MLX keeps the peak of its arrays itself."""
    import mlx.core as mx
    from mlx import optimizers
    from mlx_lm.tuner.trainer import TrainingArgs
    from mlx_lm.tuner.trainer import train as train_by_mlx

    ready_mlx(ctx)
    batch, tokens = ctx.settings["batch"], ctx.settings["tokens"]
    model = mlx_skeleton(config_of(ctx.settings["model"]), recipe)
    mx.eval(model.parameters())
    mx.synchronize()
    mx.reset_peak_memory()
    texts = [([1] * tokens, 0)] * batch
    told = TrainingArgs(batch, 2, max_seq_length=tokens + 1, adapter_file=str(ctx.scratch / "adapters.safetensors"))
    train_by_mlx(model, optimizers.AdamW(learning_rate=1e-5), texts, args=told)
    return int(mx.get_peak_memory())
