"""A fine-tune that is small enough for every engine: a random model with a tokenizer, a few examples, and their course.

The engines are those of a user's own fine-tune, so that what is checked is what a user runs.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from verify.checks.finetune.batches import Batch, batch_of, schedule, tokenised
from verify.checks.finetune.engine import Course, Watcher, load_tokenizer
from verify.checks.finetune.examples import Example
from verify.checks.finetune.recipe import Recipe
from verify.checks.models.tiny_decoder import END, drawn

# Of other lengths each, so that each holds another number of tokens that count, and two questions that differ in one.
ANSWERS = ("one", "twenty", "three", "a hundred", "six", "seven of them", "no", "eleven")
EXAMPLES = tuple(
    Example(({"role": "user", "content": f"{'go ' * (place % 3)}{place}"}, {"role": "assistant", "content": said}), 1)
    for place, said in enumerate(ANSWERS)
)
PROMPT = "go 1\n"
RECIPE = Recipe(
    model="a tiny model",
    data="a few examples",
    dtype="float32",
    rank=4,
    alpha=8.0,
    target_modules=("q_proj", "v_proj", "down_proj"),
    learning_rate=0.01,
    iterations=10,
    batch_size=2,
    sequence_length=64,
    mask_prompt=True,
    report_every=1,
    validate_every=1000,
    save_every=1000,
)


@dataclass(slots=True)
class Told:
    """Watches a course: keeps its losses, and asks it to stop after so many iterations, or never."""

    stops_after: int = 0
    losses: list[float] = field(default_factory=list)
    saved: list[tuple[Path, int]] = field(default_factory=list)

    def watcher(self, validate: Callable[[int], None] = lambda _: None) -> Watcher:
        """What an engine is given."""

        def report(_: int, loss: float, __: float) -> None:
            self.losses.append(loss)

        def saved(iteration: int, folder: Path) -> None:
            self.saved.append((folder, iteration))

        # It is asked before the iteration's loss is told of.
        return Watcher(report, validate, saved, lambda: len(self.losses) + 1 == self.stops_after)


def course_of(recipe: Recipe, folder: Path, checkpoints: Path, resume: tuple[Path, int] | None = None) -> Course:
    """The course of the examples with the model's own tokenizer."""
    tokenizer = load_tokenizer(folder, recipe)
    tokens = tokenised(EXAMPLES, tokenizer, recipe)
    return Course(recipe, tokens, schedule(len(tokens), recipe), checkpoints, resume)


def all_at_once(course: Course) -> Batch:
    """All examples of a course in one batch."""
    return batch_of(course.tokens)


def for_mlx(recipe: Recipe) -> Recipe:
    """The same recipe for mlx-lm's trainer."""
    return replace(recipe, engine="mlx")


def checkpoint(folder: Path, kind: str, seed: int, **shape: int) -> Path:
    """A folder with a tiny decoder of that kind and its tokenizer."""
    drawn(kind, seed, **shape).save_pretrained(folder)
    _save_tokenizer(folder)
    return folder


def _save_tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = {letter: place for place, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab={**letters, "<end>": END}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    # Named for all uses: transformers would add tokens of Qwen2's own, for which the model has no embedding.
    special = dict.fromkeys(("eos_token", "pad_token", "unk_token"), "<end>")
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)
