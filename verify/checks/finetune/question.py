"""Does an adapter learn from a user's own data? Asked by ``verify lora``; the suite does not hold it."""

import math
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from verify.checks.finetune import log
from verify.checks.finetune.batches import PAD_TO, Tokens, in_turn, prompt_text, schedule, tokenised
from verify.checks.finetune.engine import Course, Engine, Watcher, load_tokenizer, padding_of, require_known
from verify.checks.finetune.examples import Data, Example, read_data
from verify.checks.finetune.figures import Prediction, record_losses, record_memory, record_prediction, record_rates
from verify.checks.finetune.recipe import Recipe, Unusable, recipe_from, settings_of
from verify.checks.measures.memory_meter import meter_of, resident_bytes
from verify.checks.models.materials import hub, smollm2
from verify.probe.check import check
from verify.probe.context import Context
from verify.probe.memory import device_peak_memory_bytes, peak_memory_bytes

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PACKAGED = "smollm2-135m"
ADAPTER = "adapter"
CHECKPOINTS = "checkpoints"
# Held-out prompts that are answered before and after.
PROMPTS = 3
# Of a reloaded adapter's loss: the same numbers, added up in the same order.
SAME = 1e-5
NO_GAIN = 1.0


@check(needs=["torch", "transformers", "peft"], devices=["cpu", "cuda", "mps", "mlx"])
def the_adapter_learns_from_the_data(ctx: Context) -> None:
    """The adapter learns from the data: the held-out loss falls, and what was saved says the same when loaded anew.

    Where the held-out loss rises while that of training falls, it learns by heart: fewer iterations, more data or
    dropout. Where neither falls, raise the learning rate or the rank.
    """
    output = Path(ctx.settings["output"])
    try:
        recipe = recipe_from(ctx.settings["recipe"])
        run = _prepared(ctx, recipe, output)
        finished = _trained(run, resume=bool(ctx.settings["resume"]))
    except Unusable as error:
        ctx.skip(str(error))
        return
    if not finished:
        ctx.skip("it was interrupted")
    _judge(ctx, run)


@dataclass(slots=True)
class Run:
    """A fine-tune on its way.

    Attributes:
        ctx: Where it is asked.
        recipe: What was asked for.
        output: Where the log, the checkpoints and the adapter go.
        folder: The model's.
        tokenizer: The model's.
        data: As read.
        training: The same in tokens.
        held_out: The same in tokens.
        engine: With the model on the device.
        runtime: Bytes that the process held before the model; none where the device counts its own.
        losses: Held-out ones, by iteration.
    """

    ctx: Context
    recipe: Recipe
    output: Path
    folder: Path
    tokenizer: "PreTrainedTokenizerBase"
    data: Data
    training: Sequence[Tokens]
    held_out: Sequence[Tokens]
    engine: Engine
    runtime: int
    losses: dict[int, float] = field(default_factory=dict)

    @property
    def tell(self) -> log.Tell:
        """Writes an event into the log."""
        return log.teller(self.output / log.NAME)

    def held_out_loss(self, engine: Engine) -> float:
        """The mean loss of a held-out token."""
        return engine.loss(in_turn(self.held_out, self.recipe.batch_size, padding_of(self.tokenizer)))


def open_engine(recipe: Recipe, device: str, folder: Path, tokenizer: "PreTrainedTokenizerBase") -> Engine:
    """The recipe's engine, with its model on the device."""
    if recipe.engine == "mlx":
        from verify.checks.finetune.mlx_engine import open_mlx

        return open_mlx(recipe, folder, tokenizer)
    from verify.checks.finetune.peft_engine import open_peft

    return open_peft(recipe, device, folder, tokenizer)


def model_folder(ctx: Context, name: str) -> Path:
    """The packaged model, a folder, or one of the hub.

    Raises:
        Unusable: It is nowhere to be had.
    """
    if name == PACKAGED:
        return smollm2(ctx)
    try:
        return hub(name)
    except (FileNotFoundError, ValueError) as error:
        raise Unusable(f"{error}; {PACKAGED} needs no hub") from error


def _prepared(ctx: Context, recipe: Recipe, output: Path) -> Run:
    folder = model_folder(ctx, recipe.model)
    tokenizer = load_tokenizer(folder, recipe)
    data = read_data(Path(recipe.data), Path(recipe.valid) if recipe.valid else None, recipe.seed)
    training, held_out = (tokenised(part, tokenizer, recipe) for part in (data.training, data.held_out))
    runtime = _runtime() if ctx.device == "cpu" else 0
    engine = open_engine(recipe, ctx.device, folder, tokenizer)
    require_known([*training, *held_out], engine.opened)
    return Run(ctx, recipe, output, folder, tokenizer, data, training, held_out, engine, runtime)


def _trained(run: Run, *, resume: bool) -> bool:
    """Train from the start, or from the last whole checkpoint; whether it came to its end."""
    path, found = run.output / log.NAME, _last_checkpoint(run.output) if resume else None
    if found:
        log.rewound(path, found[1])
        run.tell("resumed", iteration=found[1])
    passes = schedule(len(run.training), run.recipe)
    pad = padding_of(run.tokenizer)
    course = Course(run.recipe, run.training, passes, pad, run.output / CHECKPOINTS, found)
    if not found:
        path.unlink(missing_ok=True)
        _tell_start(run, course)
        run.losses[0] = run.held_out_loss(run.engine)
        run.tell("validation", iteration=0, loss=run.losses[0])
        _write(run, "before")
    else:
        run.losses |= {e["iteration"]: e["loss"] for e in log.events_in(path) if e["event"] == "validation"}
    finished = run.engine.train(course, _watcher(run, course))
    run.engine.save(run.output / ADAPTER)
    if finished:
        _write(run, "after")
    run.tell("finished" if finished else "interrupted")
    return finished


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
        run.tell("checkpoint", iteration=iteration, folder=folder.name)

    return Watcher(report, validate, saved, _asked_to_stop().is_set)


def _runtime() -> int:
    """What Python and the frameworks take before there is a model."""
    import peft  # noqa: F401 - part of what is measured

    return resident_bytes()


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
    record_losses(ctx, lines, run.losses, NO_GAIN)
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
