"""What both engines do for a run, and what they tell of it while they do."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from verify.checks.finetune.batches import Batch, Tokens, batch_of
from verify.checks.finetune.recipe import Recipe, Unusable

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

NEW_TOKENS = 48


@dataclass(frozen=True, slots=True)
class Opened:
    """A model with fresh adapters on its device.

    Attributes:
        device: What computes: ``cpu``, ``cuda``, ``mps`` or ``mlx``.
        title: The device in words.
        dtype: Of the base model's weights.
        parameters: Of the base model and its adapters together.
        trainable: Of the adapters.
        weight_bytes: What all of them take as they are held.
        target_modules: Layers that have adapters, by the end of their names.
        layers: How many blocks have them.
        vocabulary: Tokens that have an embedding.
    """

    device: str
    title: str
    dtype: str
    parameters: int
    trainable: int
    weight_bytes: int
    target_modules: tuple[str, ...]
    layers: int
    vocabulary: int


@dataclass(frozen=True, slots=True)
class Course:
    """What an engine is to train.

    Attributes:
        recipe: How.
        tokens: The training examples.
        passes: Which of them each forward pass holds, ``accumulate`` of them an iteration.
        checkpoints: A folder for what a run can be resumed from.
        resume: The checkpoint to go on from, and the iteration that it was made after; None to begin.
    """

    recipe: Recipe
    tokens: Sequence[Tokens]
    passes: Sequence[tuple[int, ...]]
    checkpoints: Path
    resume: tuple[Path, int] | None = None

    @property
    def iterations(self) -> int:
        """Optimiser steps of the whole run."""
        return len(self.passes) // self.recipe.accumulate

    def batch(self, number: int) -> Batch:
        """What a forward pass reads; they count from 0."""
        return batch_of([self.tokens[place] for place in self.passes[number]])

    def reports(self, iteration: int) -> bool:
        """Whether the log has a line of this iteration: the first tells of the start-up, the last of the end.

        Lines also end where a held-out loss is taken, so that each loss stands beside the other, and where a checkpoint
        is made: what is told after it is the same for a run that was resumed there.
        """
        due = iteration == 1 or iteration % self.recipe.report_every == 0
        return due or self.validates(iteration) or self.saves(iteration)

    def validates(self, iteration: int) -> bool:
        """Whether a held-out loss is taken after it."""
        return iteration == self.iterations or iteration % self.recipe.validate_every == 0

    def saves(self, iteration: int) -> bool:
        """Whether a checkpoint is made after it."""
        return iteration == self.iterations or iteration % self.recipe.save_every == 0


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who is told of a run.

    Attributes:
        report: An iteration, the mean loss of a token over those since the last report, and the seconds that training
            took for them: neither validation nor saving. It raises where the loss is not finite.
        validate: Takes the held-out loss after an iteration; no clock runs meanwhile.
        saved: A checkpoint is whole: its iteration, its folder.
        stop: Whether to save and end now, as somebody asked.
    """

    report: Callable[[int, float, float], None]
    validate: Callable[[int], None]
    saved: Callable[[int, Path], None]
    stop: Callable[[], bool]


class Engine(Protocol):
    """A model with adapters, and what trains them."""

    @property
    def opened(self) -> Opened:
        """What there is to train."""

    def train(self, course: Course, watcher: Watcher) -> bool:
        """Train, from the start or from a checkpoint; whether it came to its end."""

    def loss(self, batches: Iterable[Batch]) -> float:
        """The mean loss of a target token, in nats, over all of the batches; nothing is trained."""

    def write(self, prompt: str) -> str:
        """What the model makes of a prompt, always taking its likeliest token, at most `NEW_TOKENS` of them."""

    def save(self, folder: Path) -> None:
        """Write the adapters as safetensors beside their configuration, as PEFT or mlx-lm reads them."""

    def reload(self, folder: Path) -> None:
        """Put in the place of the adapters those that `save` wrote into a folder."""


def load_tokenizer(folder: Path, recipe: Recipe) -> "PreTrainedTokenizerBase":
    """The tokenizer that lies beside the model.

    Raises:
        Unusable: There is none.
    """
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, trust_remote_code=recipe.trust_remote_code)
    except (OSError, ValueError) as error:
        raise Unusable(f"{recipe.model} has no tokenizer that can be read: {str(error).splitlines()[0]}") from error


def require_known(tokens: Iterable[Tokens], opened: Opened) -> None:
    """Refuse tokens that the model has no embedding for: torch ends with an index error, MLX reads beyond its array.

    Raises:
        Unusable: There is one.
    """
    highest = max(max(each.ids) for each in tokens)
    if highest >= opened.vocabulary:
        raise Unusable(
            f"the tokenizer gives token {highest}, the model knows {opened.vocabulary}: they do not belong together, "
            "or the model's embeddings were not resized to the tokenizer's"
        )
