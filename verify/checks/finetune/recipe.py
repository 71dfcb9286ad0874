"""What a fine-tune is told: which model, on which data, with which adapters, for how long."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

Engine = Literal["torch", "mlx"]
Dtype = Literal["auto", "float32", "bfloat16", "float16"]

ENGINES: tuple[Engine, ...] = get_args(Engine)
DTYPES: tuple[Dtype, ...] = get_args(Dtype)
# Of examples without a validation file, what is held out; and never more of them than take a moment to go through.
HELD_OUT_SHARE = 0.1
HELD_OUT_AT_MOST = 200
# Where neither iterations nor epochs are said.
ITERATIONS = 100


class Unusable(ValueError):  # noqa: N818 - says what is the matter, not that one of us erred
    """What was asked for cannot be done; the text says why, where, and what to do."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A LoRA fine-tune, in the words of PEFT where it has them.

    Attributes:
        model: A packaged model's name, a folder, or a name on the Hugging Face hub.
        data: A JSONL file, a folder with ``train.jsonl``, or a folder that ``datasets`` saved.
        valid: The same for held-out examples; None holds some of the data out.
        engine: What trains: PEFT with the Trainer, or mlx-lm's trainer.
        dtype: Of the base model's weights; ``auto`` is float32 on a CPU, bfloat16 elsewhere.
        rank: Of the adapters, ``r``.
        alpha: Numerator of the scale.
        scale: What the adapters' product is multiplied by; None for ``alpha / rank``.
        dropout: Before the adapters, while training.
        target_modules: Names of the linear layers that get adapters; none for those that PEFT chooses for the model.
        layers: How many blocks get them, counted from the last; 0 for all.
        learning_rate: Of AdamW, constant, without weight decay or clipping.
        iterations: Optimiser steps; None where epochs say it.
        epochs: Passes over the training examples; None where iterations say it.
        batch_size: Examples in a forward pass.
        accumulate: Forward passes an optimiser step.
        sequence_length: Tokens of an example that are kept.
        seed: Of the split, the order, the adapters' start and dropout.
        qlora: Whether the base model is held in four bits.
        checkpointing: Whether activations are computed again rather than kept.
        mask_prompt: Whether only the answer counts in the loss.
        trust_remote_code: Whether the model may bring code of its own, which is then run.
        report_every: Iterations between two lines of the log.
        validate_every: Iterations between two held-out losses; the first and the last are always taken.
        save_every: Iterations between two checkpoints.
        prompts: What to have continued before and after; none for the first held-out examples' own.
    """

    model: str
    data: str
    valid: str | None = None
    engine: Engine = "torch"
    dtype: Dtype = "auto"
    rank: int = 8
    alpha: float = 16.0
    scale: float | None = None
    dropout: float = 0.0
    target_modules: tuple[str, ...] = ()
    layers: int = 0
    learning_rate: float = 1e-4
    iterations: int | None = None
    epochs: float | None = None
    batch_size: int = 4
    accumulate: int = 1
    sequence_length: int = 2048
    seed: int = 0
    qlora: bool = False
    checkpointing: bool = False
    mask_prompt: bool = False
    trust_remote_code: bool = False
    report_every: int = 10
    validate_every: int = 100
    save_every: int = 100
    prompts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no trainer can do.

        Raises:
            Unusable: Which value, and what it may be.
        """
        for name, least in AT_LEAST.items():
            value = getattr(self, name)
            if value is not None and not value >= least:
                raise Unusable(f"{name} is {value}: it must be at least {least}")
        for name in ("alpha", "scale", "learning_rate", "epochs"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise Unusable(f"{name} is {value}: it must be a number above 0")
        for name, allowed in (("engine", ENGINES), ("dtype", DTYPES)):
            if getattr(self, name) not in allowed:
                raise Unusable(f"{name} is {getattr(self, name)!r}: it must be one of {', '.join(allowed)}")
        if not 0 <= self.dropout < 1:
            raise Unusable(f"dropout is {self.dropout}: it must be at least 0 and below 1")
        if self.iterations is not None and self.epochs is not None:
            raise Unusable("iterations and epochs are both given: one of them says how long to train")

    @property
    def scaling(self) -> float:
        """What the adapters' product is multiplied by: alpha over rank, unless said otherwise."""
        return self.alpha / self.rank if self.scale is None else self.scale

    def steps(self, examples: int) -> int:
        """Optimiser steps over so many training examples; the last batch of an epoch may be smaller.

        An epoch ends with a whole step: with accumulation, its last step may hold fewer batches' worth of new
        examples, and is filled from the next epoch.
        """
        if self.epochs is None:
            return ITERATIONS if self.iterations is None else self.iterations
        batches = math.ceil(self.epochs * math.ceil(examples / self.batch_size))
        return max(1, math.ceil(batches / self.accumulate))


AT_LEAST: Mapping[str, int] = {
    "rank": 1,
    "layers": 0,
    "iterations": 1,
    "batch_size": 1,
    "accumulate": 1,
    "sequence_length": 2,
    "seed": 0,
    "report_every": 1,
    "validate_every": 1,
    "save_every": 1,
}


def recipe_from(settings: Mapping[str, Any]) -> Recipe:
    """The recipe that a TOML file or a command line spells.

    Raises:
        Unusable: A name that no recipe has, a value of the wrong kind, or one that no trainer can do.
    """
    known = {field.name: field.type for field in dataclasses.fields(Recipe)}
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise Unusable(f"{', '.join(unknown)}: no such setting; there are {', '.join(known)}")
    missing = [name for name in ("model", "data") if name not in settings]
    if missing:
        raise Unusable(f"{' and '.join(missing)} must be given: what to train, and on what")
    return Recipe(**{name: _fitting(name, known[name], value) for name, value in settings.items()})


def settings_of(recipe: Recipe) -> dict[str, Any]:
    """The recipe as plain data, without what was left open: `recipe_from` reads it again."""
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in _fields(recipe)}
    return {name: value for name, value in plain.items() if value is not None}


def _fields(recipe: Recipe) -> list[tuple[str, Any]]:
    return [(field.name, getattr(recipe, field.name)) for field in dataclasses.fields(recipe)]


def _fitting(name: str, kind: Any, value: Any) -> Any:
    """The value as the field holds it. Python takes True for 1, and a person does not."""
    if get_origin(kind) is tuple:
        if isinstance(value, list | tuple) and all(isinstance(part, str) for part in value):
            return tuple(value)
        raise Unusable(f"{name} is {value!r}: it must be a list of texts")
    kinds = (str,) if get_origin(kind) is Literal else get_args(kind) or (kind,)
    if float in kinds and type(value) is int:
        return float(value)
    if type(value) not in kinds:
        raise Unusable(f"{name} is {value!r}: it must be {' or '.join(NAMES[each] for each in kinds)}")
    return value


NAMES = {int: "a whole number", float: "a number", str: "a text", bool: "true or false", type(None): "left out"}
