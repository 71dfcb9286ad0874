"""A fine-tune that can begin: its data in tokens, its model on the device, with fresh adapters."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from verify.checks.finetune import log
from verify.checks.finetune.batches import Tokens, in_turn, tokenised
from verify.checks.finetune.engine import Engine, load_tokenizer, require_known
from verify.checks.finetune.examples import Data, read_data
from verify.checks.finetune.recipe import Recipe, Unusable
from verify.checks.measures.memory_meter import resident_bytes
from verify.checks.models.materials import hub, smollm2
from verify.probe.context import Context

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PACKAGED = "smollm2-135m"


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
        return engine.loss(in_turn(self.held_out, self.recipe.batch_size))


def prepared(ctx: Context, recipe: Recipe, output: Path) -> Run:
    """All that a recipe needs to begin.

    Raises:
        Unusable: The model, the data or the device is not to be had, or they do not fit each other.
    """
    folder = model_folder(ctx, recipe.model)
    tokenizer = load_tokenizer(folder, recipe)
    data = read_data(Path(recipe.data), Path(recipe.valid) if recipe.valid else None, recipe.seed)
    training, held_out = (tokenised(part, tokenizer, recipe) for part in (data.training, data.held_out))
    runtime = _runtime() if ctx.device == "cpu" else 0
    engine = open_engine(recipe, ctx.device, folder, tokenizer)
    require_known([*training, *held_out], engine.opened)
    return Run(ctx, recipe, output, folder, tokenizer, data, training, held_out, engine, runtime)


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


def _runtime() -> int:
    """What Python and the frameworks take before there is a model."""
    import peft  # noqa: F401 - part of what is measured

    return resident_bytes()
