"""From examples to the batches of a run: the same for both engines, in an order that a seed fixes."""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from verify.checks.finetune.examples import Example
from verify.checks.finetune.recipe import Recipe, Unusable

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# What mlx-lm pads to: few different shapes, so that few are compiled.
PAD_TO = 32
# Nothing attends to it and it never counts, so any token of the model does. The one that a tokenizer names for this may
# be beyond the model's vocabulary, where MLX reads whatever lies there.
FILLER = 0


@dataclass(frozen=True, slots=True)
class Tokens:
    """An example in tokens.

    Attributes:
        ids: As the model reads them.
        first: Place of the first that counts in the loss; the one at 0 follows nothing and never counts.
        cut: How many were cut off at its end.
    """

    ids: tuple[int, ...]
    first: int
    cut: int = 0

    @property
    def targets(self) -> int:
        """How many count in the loss."""
        return len(self.ids) - self.first


@dataclass(frozen=True, slots=True)
class Batch:
    """Examples of one forward pass, padded at their ends.

    Attributes:
        rows: Token ids, every row of the same length.
        spans: Of each row, the place of its first target and the place after its last.
    """

    rows: tuple[tuple[int, ...], ...]
    spans: tuple[tuple[int, int], ...]

    @property
    def targets(self) -> int:
        """Tokens that count in the loss: neither padding nor a masked prompt."""
        return sum(end - first for first, end in self.spans)


def tokenised(examples: Sequence[Example], tokenizer: "PreTrainedTokenizerBase", recipe: Recipe) -> list[Tokens]:
    """The examples in tokens, cut to the recipe's length.

    Raises:
        Unusable: An example has no token left that counts.
    """
    return [_tokens(example, tokenizer, recipe, number) for number, example in enumerate(examples, start=1)]


def prompt_text(example: Example, tokenizer: "PreTrainedTokenizerBase") -> str:
    """What the model is given to answer: all before the answer, as the model was taught to read it."""
    return _rendered(example.messages[: example.prompt], tokenizer, answer=True)


def schedule(examples: int, recipe: Recipe) -> list[tuple[int, ...]]:
    """Which examples each forward pass of the run holds: every one once an epoch, in an order drawn anew for each.

    Args:
        examples: How many there are.
        recipe: Its seed, batch size and length.

    Returns:
        ``steps * accumulate`` tuples of places.
    """
    wanted, random_order = recipe.steps(examples) * recipe.accumulate, random.Random(recipe.seed)  # noqa: S311
    passes: list[tuple[int, ...]] = []
    while len(passes) < wanted:
        order = random_order.sample(range(examples), examples)
        passes += [tuple(order[at : at + recipe.batch_size]) for at in range(0, examples, recipe.batch_size)]
    return passes[:wanted]


def batch_of(tokens: Sequence[Tokens]) -> Batch:
    """The examples side by side, padded to a multiple of `PAD_TO`."""
    longest = PAD_TO * math.ceil(max(len(each.ids) for each in tokens) / PAD_TO)
    rows = tuple(each.ids + (FILLER,) * (longest - len(each.ids)) for each in tokens)
    return Batch(rows, tuple((each.first, len(each.ids)) for each in tokens))


def in_turn(tokens: Sequence[Tokens], size: int) -> Iterator[Batch]:
    """All of them once, those of like length together, so that little is padded."""
    by_length = sorted(tokens, key=lambda each: len(each.ids))
    for at in range(0, len(by_length), size):
        yield batch_of(by_length[at : at + size])


def _tokens(example: Example, tokenizer: "PreTrainedTokenizerBase", recipe: Recipe, number: int) -> Tokens:
    if example.messages:
        whole = _rendered(example.messages, tokenizer, answer=False)
        before = _rendered(example.messages[: example.prompt], tokenizer, answer=True) if recipe.mask_prompt else ""
        ids, first = _ids(whole, tokenizer), len(_ids(before, tokenizer)) if before else 1
    else:
        ids, first = _ids(example.text, tokenizer), 1
        if tokenizer.eos_token_id is not None and ids[-1:] != [tokenizer.eos_token_id]:
            ids = [*ids, tokenizer.eos_token_id]
    kept = ids[: recipe.sequence_length]
    if len(kept) <= max(1, first):
        raise Unusable(
            f"example {number} has no token that counts within the first {recipe.sequence_length}: "
            "raise --sequence-length, or shorten its prompt"
        )
    return Tokens(tuple(kept), max(1, first), len(ids) - len(kept))


def _rendered(messages: Sequence[object], tokenizer: "PreTrainedTokenizerBase", *, answer: bool) -> str:
    """A conversation as one text: through the model's own template, or, where it has none, one message a line."""
    if tokenizer.chat_template:
        text: str = tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=answer)
        return text
    said = "\n".join(str(message["content"]) for message in messages)  # type: ignore[index]
    return f"{said}\n" if answer else f"{said}{tokenizer.eos_token or ''}"


def _ids(text: str, tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    # A template writes the special tokens itself, so the tokenizer must not add them again.
    special = not tokenizer.chat_template
    ids: list[int] = tokenizer(text, add_special_tokens=special)["input_ids"]
    return ids
