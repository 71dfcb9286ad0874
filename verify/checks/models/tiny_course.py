"""A fine-tune that is small enough for every engine: a random model with a tokenizer, a few examples, and their course.

The engines are those of a user's own fine-tune, so that what is checked is what a user runs.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.checks.finetune.batches import Batch, batch_of, schedule, tokenised
from verify.checks.finetune.engine import Course, Watcher, load_tokenizer
from verify.checks.finetune.examples import Example
from verify.checks.finetune.recipe import Recipe

if TYPE_CHECKING:
    from transformers import PreTrainedModel

KINDS = ("qwen2", "llama")
# Neither engine's default (10,000 for Llama, 1,000,000 for Qwen2): a base that gets lost has to show.
ROPE_BASE = 50_000.0
# One token a byte, and one that ends a text.
END = 256
# Sizes that differ wherever a mix-up could otherwise hide, and inputs in whole groups of 64, as four bits need them.
SHAPE: Mapping[str, int] = {
    "vocab_size": END + 1,
    "hidden_size": 64,
    "intermediate_size": 192,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
}
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
    """A folder with a small model, every weight of which is drawn: one that is 0 or 1 could get lost unseen."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

    rope = {"rope_parameters": {"rope_type": "default", "rope_theta": ROPE_BASE}}
    settings: dict[str, Any] = {**SHAPE, **shape, **rope, "eos_token_id": END}
    # One whose head is its embedding, and one whose head is not.
    model: PreTrainedModel = (
        Qwen2ForCausalLM(Qwen2Config(**settings, tie_word_embeddings=True))
        if kind == "qwen2"
        else LlamaForCausalLM(LlamaConfig(**settings, tie_word_embeddings=False))
    )
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            drawn = torch.randn(weight.shape, generator=random)
            # Of such a size that attention is neither even nor stuck on one token.
            weight.copy_(1 + drawn / 4 if "norm" in name else drawn * (1.5 / weight.shape[-1] ** 0.5))
    model.save_pretrained(folder)
    _save_tokenizer(folder)
    return folder


def state_rope_base(folder: Path) -> None:
    """Write the rope base where mlx-lm alone looks for it, beside where transformers does."""
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**config, "rope_theta": ROPE_BASE}), encoding="utf-8")


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
