"""How many tokens a second does a LoRA fine-tune train on, and what does its Trainer cost beside a bare loop?"""

import math
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from verify.checks.finetune.batches import schedule, tokenised
from verify.checks.finetune.engine import Course, Watcher, load_tokenizer
from verify.checks.finetune.examples import Example
from verify.checks.finetune.peft_engine import PeftEngine, open_peft
from verify.checks.finetune.peft_run import tensors
from verify.checks.finetune.recipe import Recipe
from verify.checks.measures.pace import STEADY_FROM, TURNS, doubt_about, doubt_about_ratio
from verify.checks.models.materials import prose
from verify.checks.models.tiny_course import RECIPE, checkpoint
from verify.checks.torch_device import ready, require_on
from verify.probe import disturbance, paired
from verify.probe.check import check
from verify.probe.context import Context, Note
from verify.probe.timing import synchroniser

if TYPE_CHECKING:
    import torch

MODELS = {
    "cpu": {"hidden_size": 512, "intermediate_size": 1536, "num_hidden_layers": 6, "vocab_size": 1024},
    "cuda": {"hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 12, "vocab_size": 8192},
    "mps": {"hidden_size": 768, "intermediate_size": 2048, "num_hidden_layers": 8, "vocab_size": 2048},
}
BATCH = {"cpu": 4, "cuda": 32, "mps": 8}
# Steps between two looks at the clock, as in pretraining.
STEPS_PER_TURN = {"cpu": 1, "cuda": 10, "mps": 10}
# All padded to as many, so that every step is the same work; up to a quarter of it counts for nothing.
TOKENS, SHORTEST = 128, 97
# The Trainer's own bookkeeping has been seen to take 2 to 10 ms a step: a thirtieth of the shortest step that is held
# to this, and most of a shorter one.
KEEPS_PACE, LONG_STEP_SECONDS = 0.97, 0.3
# The same steps from the same adapters: float32 rounding, a few eps of it, grown over the steps of a run to a hundred
# times as much at most. A single step that differs shows in the third digit.
SAME_LOSS = 3e-4
# Bare turns that follow each of the Trainer's four in two rounds, so that they go A B B A, B A A B.
BARE_TURNS = (2, 1, 0, 1)


@dataclass(slots=True)
class Turns:
    """What each turn of a run took.

    Attributes:
        steps: How many it made.
        seconds: Seconds a step.
        losses: The mean of its steps'.
    """

    steps: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)

    def add(self, steps: int, seconds: float, loss: float) -> None:
        """Note a turn."""
        self.steps.append(steps)
        self.seconds.append(seconds / steps)
        self.losses.append(loss)

    @property
    def steady(self) -> list[float]:
        """Seconds a step of the turns that count."""
        return self.seconds[STEADY_FROM:]


@dataclass(slots=True)
class BareLoop:
    """The steps of a course without a trainer: forward, backward, AdamW."""

    ctx: Context
    engine: PeftEngine
    optimizer: "torch.optim.Optimizer"
    batches: "Sequence[dict[str, torch.Tensor]]"
    turns: Turns = field(default_factory=Turns)

    def turn(self, steps: int) -> None:
        """Make so many steps, wait for them, and note what they took."""
        synchronise = synchroniser(self.ctx.device)
        synchronise()
        start = time.perf_counter()
        first = sum(self.turns.steps)
        losses = [self._step(number) for number in range(first, first + steps)]
        mean = statistics.fmean(float(loss) for loss in losses)
        synchronise()
        self.turns.add(steps, time.perf_counter() - start, mean)

    def _step(self, number: int) -> "torch.Tensor":
        inputs = {name: value.to(self.ctx.device) for name, value in self.batches[number].items()}
        loss: torch.Tensor = self.engine.model(**inputs, use_cache=False).loss
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss.detach()


@check(level="certify", needs=["torch", "transformers", "peft"], devices=["cpu", "cuda", "mps"], timeout_seconds=420)
def fine_tuning_keeps_pace_with_a_bare_loop(ctx: Context) -> None:
    """A LoRA fine-tune under the Trainer trains on as many tokens a second as a bare loop of the same steps.

    A ratio below the limit says that the Trainer waits for something between its steps: data, logs or the device.
    Losses that differ say that the two did not do the same work, and the ratio compares nothing.
    """
    ready(ctx)
    folder = checkpoint(ctx.scratch / "llama", "llama", ctx.seed, **MODELS[ctx.device])
    recipe = _recipe(ctx.device)
    course = _course(ctx, recipe, folder)
    engine, bare = _opened(ctx, recipe, folder), _bare(ctx, course, folder)
    turns, disturbed = _raced(ctx, engine, course, bare)
    require_on(ctx, next(engine.model.parameters()))
    _hold_same_work(ctx, turns, bare.turns)
    _record(ctx, course, turns, bare.turns, disturbed)


def _recipe(device: str) -> Recipe:
    """Turns of as many steps, each told of by the Trainer at its end; it tells of the first step in any case."""
    each = STEPS_PER_TURN[device]
    iterations = TURNS if each == 1 else (TURNS - 1) * each
    adapters = replace(RECIPE, rank=8, alpha=16.0, learning_rate=1e-4)
    size = BATCH[device]
    return replace(adapters, iterations=iterations, report_every=each, batch_size=size, sequence_length=TOKENS)


def _course(ctx: Context, recipe: Recipe, folder: Path) -> Course:
    tokenizer = load_tokenizer(folder, recipe)
    text, examples = prose(2 * BATCH[ctx.device] * TOKENS), []
    for number in range(2 * BATCH[ctx.device]):
        # Some shorter than others, all with the token that ends them.
        length = SHORTEST + 5 * number % (TOKENS - SHORTEST)
        examples.append(Example(text=text[number * TOKENS :][: length - 1].strip()))
    tokens = tokenised(examples, tokenizer, recipe)
    return Course(recipe, tokens, schedule(len(tokens), recipe), ctx.scratch / "checkpoints")


def _opened(ctx: Context, recipe: Recipe, folder: Path) -> PeftEngine:
    engine = open_peft(recipe, ctx.device, folder, load_tokenizer(folder, recipe))
    assert isinstance(engine, PeftEngine)  # noqa: S101 - tells the type
    return engine


def _bare(ctx: Context, course: Course, folder: Path) -> BareLoop:
    """A loop on a model of its own, with the same adapters, as the seed is the same; its batches are made before."""
    import torch

    engine = _opened(ctx, course.recipe, folder)
    engine.model.train()
    trained = [weight for weight in engine.model.parameters() if weight.requires_grad]
    # As the Trainer's: without decay, and in one kernel.
    optimizer = torch.optim.AdamW(trained, lr=course.recipe.learning_rate, weight_decay=0.0, fused=True)
    return BareLoop(ctx, engine, optimizer, [tensors(course.batch(number)) for number in range(course.iterations)])


def _raced(ctx: Context, engine: PeftEngine, course: Course, bare: BareLoop) -> tuple[Turns, str | None]:
    """The Trainer's turns as it tells of them, and the bare loop's between, while the Trainer's clock stands still."""
    turns, each = Turns(), STEPS_PER_TURN[ctx.device]
    disturbed = disturbance.watch(ctx.device)

    def report(iteration: int, loss: float, seconds: float) -> None:
        steps = iteration - sum(turns.steps)
        turns.add(steps, seconds, loss)
        place = len(turns.steps) - 1 - STEADY_FROM
        for _ in range(1 if place < 0 else BARE_TURNS[place % len(BARE_TURNS)]):
            bare.turn(steps if place < 0 else each)

    engine.train(course, Watcher(report, lambda _: None, lambda *_: None, lambda: False))
    return turns, disturbed()


def _hold_same_work(ctx: Context, turns: Turns, bare: Turns) -> None:
    ctx.require(turns.steps == bare.steps, f"turns of {turns.steps} steps were compared with {bare.steps}")
    gaps = [abs(one / other - 1) for one, other in zip(turns.losses, bare.losses, strict=True)]
    ctx.measure("loss_gap", max(gaps), unit="1", at_most=SAME_LOSS)
    ctx.require(turns.losses[-1] < turns.losses[0], "nothing was learnt: what was timed trained nothing")


def _record(ctx: Context, course: Course, turns: Turns, bare: Turns, disturbed: str | None) -> None:
    """Tokens a second of both, without padding, and their ratio."""
    targets = [course.batch(number).targets for number in range(course.iterations)]
    counted = sum(course.tokens[place].targets for places in course.passes for place in places)
    ctx.require(sum(targets) == counted, f"{sum(targets)} tokens were counted, of which {counted} are targets")
    places = sum(len(row) for number in range(course.iterations) for row in course.batch(number).rows)
    conditions: dict[str, Note] = {
        "layers": MODELS[ctx.device]["num_hidden_layers"],
        "width": MODELS[ctx.device]["hidden_size"],
        "dtype": "float32",
        "rank": course.recipe.rank,
        "batch": course.recipe.batch_size,
        "padding": round(1 - counted / places, 3),
        "threads": ctx.threads,
    }
    each = statistics.fmean(targets)
    for name, loop in (("trainer", turns), ("bare_loop", bare)):
        rates = [each / seconds for seconds in loop.steady]
        told, doubt = {**conditions, "loop": name}, disturbed or doubt_about(loop.steady)
        ctx.measure("tokens_per_second", rates, unit="1/s", direction="higher", conditions=told, inconclusive=doubt)
    step = statistics.median(turns.steady)
    seen = paired.compare(turns.steady, bare.steady)
    doubt = disturbed or doubt_about_ratio(turns.steady, bare.steady, seen)
    # A shorter step is mostly the Trainer's own, and of a disturbed one nobody knows whose it is.
    limit = KEEPS_PACE if step > LONG_STEP_SECONDS and doubt is None else None
    told = {**conditions, "step_seconds": round(step, 4)}
    # The limit is the upper end's: what falls short of it is slower beyond doubt, and not by the noise of a ratio.
    for end, value in {"": seen.ratio, "_low": seen.low, "_high": seen.high}.items():
        if math.isfinite(value):
            name, least = f"times_as_fast{end}", limit if end == "_high" else None
            ctx.measure(name, value, unit="1", direction="higher", at_least=least, conditions=told, inconclusive=doubt)
