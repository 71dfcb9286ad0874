"""Does an adapter learn from a user's own data? Asked by ``verify lora``; the suite does not hold it."""

import math
import shutil
import signal
import threading
import time
from pathlib import Path

from verify.checks.finetune import log
from verify.checks.finetune.batches import PAD_TO, prompt_text, schedule
from verify.checks.finetune.engine import Course, Watcher
from verify.checks.finetune.examples import Example
from verify.checks.finetune.figures import Prediction, record_losses, record_memory, record_prediction, record_rates
from verify.checks.finetune.keeping import Unkept, keep_folder, keeping, sync_folder
from verify.checks.finetune.prepared import Run, prepared
from verify.checks.finetune.recipe import Unusable, recipe_from, settings_of
from verify.checks.measures.memory_meter import meter_of
from verify.probe.check import check
from verify.probe.context import Context
from verify.probe.memory import device_peak_memory_bytes, peak_memory_bytes

ADAPTER = "adapter"
CHECKPOINTS = "checkpoints"
# The note of a disk that refused.
UNKEPT = "unkept"
# Held-out prompts that are answered before and after.
PROMPTS = 3
# Of a reloaded adapter's loss: the same numbers, added up in the same order.
SAME = 1e-5


@check(needs=["torch", "transformers", "peft"], devices=["cpu", "cuda", "mps", "mlx"])
def the_adapter_learns_from_the_data(ctx: Context) -> None:
    """The adapter learns from the data: the held-out loss falls, and what was saved says the same when loaded anew.

    Where the held-out loss rises while that of training falls, it learns by heart: fewer iterations, more data or
    dropout. Where neither falls, raise the learning rate or the rank.
    """
    output = Path(ctx.settings["output"])
    try:
        recipe = recipe_from(ctx.settings["recipe"])
        run = prepared(ctx, recipe, output)
        finished = _trained(run, resume=bool(ctx.settings["resume"]))
    except Unusable as error:
        ctx.skip(str(error))
        return
    except Unkept as error:
        ctx.note(**{UNKEPT: str(error)})
        raise
    if not finished:
        ctx.skip("it was interrupted")
    _judge(ctx, run)


def _trained(run: Run, *, resume: bool) -> bool:
    """Train from the start, or from the last whole checkpoint; whether it came to its end."""
    path, found = run.output / log.NAME, _last_checkpoint(run.output) if resume else None
    passes = schedule(len(run.training), run.recipe)
    course = Course(run.recipe, run.training, passes, run.output / CHECKPOINTS, found)
    if found:
        _require_the_same(run, course, found[1])
        log.rewound(path, found[1])
        run.tell("resumed", iteration=found[1])
    else:
        with keeping(path):
            path.unlink(missing_ok=True)
    _sweep(run.output)
    if not found:
        _tell_start(run, course)
        run.losses[0] = run.held_out_loss(run.engine)
        run.tell("validation", iteration=0, loss=run.losses[0])
        _write(run, "before")
    else:
        run.losses |= {e["iteration"]: e["loss"] for e in log.events_in(path) if e["event"] == "validation"}
    finished = run.engine.train(course, _watcher(run, course))
    keep_folder(run.output / ADAPTER, run.engine.save)
    if finished:
        _write(run, "after")
    run.tell("finished" if finished else "interrupted")
    return finished


def _require_the_same(run: Run, course: Course, reached: int) -> None:
    """Refuse to go on with other data, or to where the run has been.

    Raises:
        Unusable: Why not.
    """
    (start,) = (event for event in log.events_in(run.output / log.NAME) if event["event"] == "started")
    if start["data_digest"] != run.data.digest:
        raise Unusable("the data is not what the run began with: restore it, or begin anew in another --output")
    if reached > course.iterations:
        raise Unusable(f"the run has come to iteration {reached} already: ask for more than {course.iterations}")


def _tell_start(run: Run, course: Course) -> None:
    opened, cut = run.engine.opened, [each for each in run.training if each.cut]
    run.tell(
        "started",
        recipe=settings_of(run.recipe),
        model=_source(run.recipe.model, run.folder),
        scale=run.recipe.scaling,
        device=opened.device,
        device_title=opened.title,
        dtype=opened.dtype,
        parameters=opened.parameters,
        trainable=opened.trainable,
        target_modules=list(opened.target_modules),
        layers=opened.layers,
        iterations=course.iterations,
        training_examples=len(run.training),
        held_out_examples=len(run.held_out),
        split=run.data.split,
        data_digest=run.data.digest,
        cut_examples=len(cut),
        longest_tokens=max(len(each.ids) for each in run.training),
        chat_template=bool(run.tokenizer.chat_template),
    )


def _source(model: str, folder: Path) -> str:
    """Where a model came from; of the hub, with the revision, since a name may mean another tomorrow."""
    return f"{model}, revision {folder.name}" if folder.parent.name == "snapshots" else model


def _watcher(run: Run, course: Course) -> Watcher:
    told = {"iteration": course.resume[1] if course.resume else 0}

    def report(iteration: int, loss: float, seconds: float) -> None:
        first, told["iteration"] = told["iteration"], iteration
        run.ctx.require(math.isfinite(loss), f"the loss is {loss} at iteration {iteration}: lower the learning rate")
        accumulate = run.recipe.accumulate
        passes = range(first * accumulate, iteration * accumulate)
        run.tell(
            "trained",
            iteration=iteration,
            iterations=iteration - first,
            loss=loss,
            seconds=seconds,
            tokens=sum(course.batch(number).targets for number in passes),
            peak_memory_bytes=_peak(run.ctx.device),
        )

    def validate(iteration: int) -> None:
        start = time.perf_counter()
        run.losses[iteration] = run.held_out_loss(run.engine)
        seconds = time.perf_counter() - start
        run.tell("validation", iteration=iteration, loss=run.losses[iteration], seconds=seconds)

    def saved(iteration: int, folder: Path) -> None:
        with keeping(folder):
            sync_folder(folder)
        run.tell("checkpoint", iteration=iteration, folder=folder.name)

    return Watcher(report, validate, saved, _asked_to_stop().is_set)


def _asked_to_stop() -> threading.Event:
    """Set when this process is told to end in good order."""
    asked = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: asked.set())
    return asked


def _last_checkpoint(output: Path) -> tuple[Path, int] | None:
    """The newest checkpoint that the log knows to be whole."""
    for event in reversed(log.events_in(output / log.NAME)):
        if event["event"] == "checkpoint" and (output / CHECKPOINTS / event["folder"]).is_dir():
            return output / CHECKPOINTS / event["folder"], int(event["iteration"])
    return None


def _sweep(output: Path) -> None:
    """Make room for checkpoints, and leave none that the log does not know: a kill came before it was whole."""
    place, known = output / CHECKPOINTS, {event.get("folder") for event in log.events_in(output / log.NAME)}
    with keeping(place):
        place.mkdir(exist_ok=True)
        for folder in place.iterdir():
            if folder.name not in known:
                shutil.rmtree(folder)


def _write(run: Run, when: str) -> None:
    """What the model makes of the prompts, before or after."""
    for prompt, expected in _prompts(run):
        run.tell("written", when=when, prompt=prompt, text=run.engine.write(prompt), expected=expected)


def _prompts(run: Run) -> list[tuple[str, str]]:
    if run.recipe.prompts:
        return [(prompt, "") for prompt in run.recipe.prompts]
    asked = [example for example in run.data.held_out if example.messages][:PROMPTS]
    return [(prompt_text(example, run.tokenizer), _answer(example)) for example in asked]


def _answer(example: Example) -> str:
    return "\n".join(str(message["content"]) for message in example.messages[example.prompt :])


def _peak(device: str) -> int:
    """The most memory so far: of the device where it keeps count, else of the process.

    MPS keeps no count; what its driver holds does not shrink while training goes on.
    """
    if device == "mps":
        return meter_of(device).reserved()
    return device_peak_memory_bytes(device) or peak_memory_bytes()


def _judge(ctx: Context, run: Run) -> None:
    """Hold the run against what a fine-tune is for."""
    lines = [event for event in log.events_in(run.output / log.NAME) if event["event"] == "trained"]
    record_losses(ctx, lines, run.losses, run.engine.opened.vocabulary)
    record_rates(ctx, lines)
    peak = record_memory(ctx, lines, run.engine.opened)
    last = run.losses[max(run.losses)]
    run.engine.reload(run.output / ADAPTER)
    gap = abs(run.held_out_loss(run.engine) - last)
    ctx.measure("reloaded_loss_gap", gap, unit="nat", at_most=SAME * abs(last))
    longest = max(len(each.ids) for each in run.training)
    told = Prediction(
        config=str(run.folder),
        opened=run.engine.opened,
        rank=run.recipe.rank,
        qlora=run.recipe.qlora,
        checkpointing=run.recipe.checkpointing,
        batch=run.recipe.batch_size,
        tokens=PAD_TO * math.ceil(longest / PAD_TO),
        runtime=run.runtime,
        peak=peak,
    )
    record_prediction(ctx, told)
