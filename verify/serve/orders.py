"""From a form to the very command that a person would type."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from verify.checks.finetune.recipe import DTYPES, ENGINES, Unusable, recipe_from
from verify.errors import UsageError
from verify.probe.check import LEVELS

Kind = Literal["certification", "fine-tune"]
LONGEST = 1000
# A packaged model, or one on the hub: https://huggingface.co/docs/hub/repositories
MODEL = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", re.ASCII)
# Fields of the form that a recipe knows, by what they are there.
TEXTS = ("model", "data", "valid", "engine", "dtype")
WHOLE = ("rank", "batch_size", "sequence_length", "seed", "iterations")
NUMBERS = ("alpha", "learning_rate", "epochs", "dropout")
SWITCHES = ("mask_prompt", "qlora", "checkpointing")
DEVICES = ("cuda", "mps", "cpu")


@dataclass(frozen=True, slots=True)
class Order:
    """A job that is to be done.

    Attributes:
        kind: What it is.
        words: The command's verb and options.
        output: The folder of a fine-tune; None for a certification.
    """

    kind: Kind
    words: tuple[str, ...]
    output: Path | None = None


@dataclass(frozen=True, slots=True)
class Grounds:
    """What an order may name.

    Attributes:
        root: The project, which relative paths are seen from.
        folders: Data and models lie in one of these, wherever links lead.
        environments: The names of those that are set up.
    """

    root: Path
    folders: Sequence[Path]
    environments: Sequence[str]


def certification(form: Mapping[str, str], grounds: Grounds) -> Order:
    """The order of a run of the suite.

    Raises:
        UsageError: What the form says cannot be run.
    """
    told = _told(form, ("environment", "level"))
    level = told.get("level", "certify")
    if level not in LEVELS:
        raise UsageError(f"level: {level} is none", f"choose one of {', '.join(LEVELS)}")
    return Order("certification", ("run", f"--level={level}", *_environment(told, grounds)))


def finetune(form: Mapping[str, str], grounds: Grounds, output: Path) -> Order:
    """The order of a LoRA fine-tune.

    Args:
        form: Fields by name, as they were typed.
        grounds: What it may name.
        output: A folder that is not there yet.

    Raises:
        UsageError: What the form says cannot be trained.
    """
    told = _told(form, ("environment", "device", *TEXTS, *WHOLE, *NUMBERS, *SWITCHES))
    settings: dict[str, str | int | float | bool] = {name: told[name] for name in TEXTS if name in told}
    settings |= {name: _number(name, told[name], int) for name in WHOLE if name in told}
    settings |= {name: _number(name, told[name], float) for name in NUMBERS if name in told}
    settings |= {name: True for name in SWITCHES if name in told}
    settings |= {name: _place(name, told[name], grounds) for name in ("data", "valid") if name in told}
    if "model" in told:
        settings["model"] = _model(told["model"], grounds)
    for name, allowed in (("engine", ENGINES), ("dtype", DTYPES)):
        if name in told and told[name] not in allowed:
            raise UsageError(f"{name}: {told[name]} is none", f"choose one of {', '.join(allowed)}")
    try:
        recipe_from(settings)
    except Unusable as error:
        raise UsageError(str(error), "mend the field, then start again") from error
    options = tuple(_option(name, value) for name, value in settings.items())
    device = told.get("device")
    if device and device not in DEVICES:
        raise UsageError(f"device: {device} is none", f"choose one of {', '.join(DEVICES)}")
    chosen = (f"--device={device}",) if device else ()
    words = ("lora", *options, *chosen, *_environment(told, grounds), f"--output={_seen(output, grounds.root)}")
    return Order("fine-tune", words, output)


def resumed(output: Path, grounds: Grounds) -> Order:
    """The order to go on with a fine-tune."""
    return Order("fine-tune", ("lora", "--resume", f"--output={_seen(output, grounds.root)}"), output)


def _told(form: Mapping[str, str], known: Sequence[str]) -> dict[str, str]:
    """The fields that say something."""
    unknown = sorted(set(form) - set(known))
    if unknown:
        raise UsageError(f"{unknown[0][:100]}: the form has no such field", "load the page again")
    told = {name: text.strip() for name, text in form.items() if text.strip()}
    for name, text in told.items():
        if len(text) > LONGEST or not text.isprintable():
            raise UsageError(f"{name}: it is too long, or holds what cannot be seen", "write it in one line")
    return told


def _environment(told: Mapping[str, str], grounds: Grounds) -> tuple[str, ...]:
    name = told.get("environment")
    if name is None:
        return ()
    if name not in grounds.environments:
        raise UsageError(f"environment: {name} is not set up", "set it up: verify setup NAME")
    return (f"--environment={name}",)


def _number(name: str, text: str, kind: type[int] | type[float]) -> int | float:
    try:
        return kind(text)
    except ValueError as error:
        what = "a whole number" if kind is int else "a number"
        raise UsageError(f"{name}: {text} is not {what}", "mend the field, then start again") from error


def _place(name: str, text: str, grounds: Grounds) -> str:
    """A file or folder that may be read, as the project sees it, where commands run.

    Raises:
        UsageError: It is not there, or lies elsewhere.
    """
    place = Path(os.path.realpath(grounds.root / text))
    if not any(place.is_relative_to(folder) for folder in grounds.folders):
        allowed = ", ".join(str(folder) for folder in grounds.folders)
        raise UsageError(
            f"{name}: {text} is not in a folder that this server may read",
            f"it may read {allowed}; start it with --folder DIR for another",
        )
    if not place.exists():
        raise UsageError(f"{name}: {text} is not there", "name a file or folder on the machine that the server runs on")
    return _seen(place, grounds.root)


def _seen(place: Path, root: Path) -> str:
    return str(place.relative_to(root) if place.is_relative_to(root) else place)


def _model(text: str, grounds: Grounds) -> str:
    """A folder that may be read, or a name: of a packaged model, or on the hub."""
    if (grounds.root / text).exists() or not MODEL.fullmatch(text):
        return _place("model", text, grounds)
    return text


def _option(name: str, value: str | float | bool) -> str:
    # One word, so that no value is ever read as an option.
    option = f"--{name.replace('_', '-')}"
    return option if value is True else f"{option}={value}"
