"""What a fine-tune is asked to be: by the command line, by a TOML file, and by the run that it goes on from."""

import argparse
import dataclasses
import os
import tomllib
from pathlib import Path
from typing import Any

from verify.checks.finetune import log
from verify.checks.finetune.examples import read_data
from verify.checks.finetune.recipe import DTYPES, ENGINES, Recipe, Unusable, recipe_from
from verify.cli.options import given, place
from verify.errors import UsageError
from verify.spec.files import read_bytes
from verify.spec.toml import MAX_BYTES

# What may change when a run goes on: how long, and how often it tells, judges and saves.
MAY_CHANGE = frozenset({"iterations", "epochs", "report_every", "validate_every", "save_every"})
PLACES = ("data", "valid")
_HELP = {
    "model": "smollm2-135m (packaged), a folder, or a name on the hub",
    "data": "JSONL file or folder: chat, prompt/completion or text",
    "valid": "held-out examples (default: some of the data)",
    "engine": "what trains (default: torch)",
    "target_modules": "layers that get adapters, such as q_proj v_proj (default: PEFT's choice)",
    "layers": "only the last N blocks (default: all)",
    "scale": "default: alpha / rank",
    "mask_prompt": "only the answer counts in the loss",
    "qlora": "base model in four bits",
    "checkpointing": "compute activations again instead of keeping them",
    "trust_remote_code": "run code that comes with the model",
    "prompts": "what to have continued before and after",
}


def declare_recipe(parser: argparse.ArgumentParser) -> None:
    """The options of a recipe, and a file that may hold them."""
    parser.add_argument("file", metavar="RECIPE.toml", nargs="?", type=place, help="the same options as TOML")
    for field in dataclasses.fields(Recipe):
        parser.add_argument(f"--{field.name.replace('_', '-')}", default=None, **_option(field))


def recipe_of(arguments: argparse.Namespace, resumed: Path | None = None) -> Recipe:
    """What the earlier run, the file and the command line say, the later over the earlier.

    Args:
        arguments: With the options of `declare_recipe`.
        resumed: The folder of the run that goes on; None for one that begins.

    Raises:
        UsageError: It is no recipe, or another one than that of the run that is to be resumed.
        StorageError: The file cannot be read.
    """
    told = {field.name: getattr(arguments, field.name) for field in dataclasses.fields(Recipe)}
    settings = _with_places({name: value for name, value in told.items() if value is not None}, Path())
    if arguments.file:
        settings = _from_file(arguments.file) | settings
    before = _of_the_run(resumed) if resumed else {}
    if "epochs" in settings:
        before.pop("iterations", None)
    if "iterations" in settings:
        before.pop("epochs", None)
    try:
        recipe = recipe_from(before | settings)
        earlier = recipe_from(before) if before else recipe
    except Unusable as error:
        raise UsageError(str(error), "`verify lora --help` lists the options") from error
    _refuse_another(earlier, recipe)
    return recipe


def read_early(recipe: Recipe) -> None:
    """Find a bad line before anything is loaded; what ``datasets`` saved is read by the environment's own.

    Raises:
        UsageError: A file is missing, or one of its lines is no example.
    """
    if not Path(recipe.data).is_dir() or (Path(recipe.data) / "train.jsonl").exists():
        try:
            read_data(Path(recipe.data), Path(recipe.valid) if recipe.valid else None, recipe.seed)
        except Unusable as error:
            raise UsageError(str(error), "mend the data, then run again; nothing was trained") from error


def _option(field: "dataclasses.Field[Any]") -> dict[str, Any]:
    """How argparse reads a field."""
    told: dict[str, Any] = {"help": _HELP.get(field.name)}
    kind = str(field.type)
    if field.type is bool:
        return {**told, "action": "store_true"}
    if kind.startswith("tuple"):
        return {**told, "nargs": "+", "metavar": "TEXT" if field.name == "prompts" else "NAME"}
    if field.name in ("engine", "dtype"):
        return {**told, "choices": ENGINES if field.name == "engine" else DTYPES}
    if "float" in kind:
        return {**told, "type": float, "metavar": "X"}
    if "int" in kind:
        return {**told, "type": int, "metavar": "N"}
    return {**told, "type": given, "metavar": "NAME" if field.name == "model" else "PATH"}


def _from_file(path: Path) -> dict[str, Any]:
    """The options of a TOML file; the places that it names are seen from the folder that it lies in."""
    raw = read_bytes(path, str(path), MAX_BYTES)
    try:
        return _with_places(tomllib.loads(raw.decode("utf-8")), path.parent)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no TOML: {error}", "write options as in: rank = 8") from error


def _of_the_run(output: Path) -> dict[str, Any]:
    """The recipe that a run began with."""
    start = next((event for event in log.events_in(output / log.NAME) if event["event"] == "started"), None)
    if start is None:
        raise UsageError(f"the run in {output.name} ended before it began", "leave --resume out, in another --output")
    return dict(start["recipe"])


def _refuse_another(earlier: Recipe, recipe: Recipe) -> None:
    """Refuse to go on with what is not the run's own.

    Raises:
        UsageError: They differ in what may not change.
    """
    names = {field.name for field in dataclasses.fields(Recipe)} - MAY_CHANGE
    wrong = sorted(name for name in names if getattr(earlier, name) != getattr(recipe, name))
    if wrong:
        raise UsageError(
            f"the run to resume had another {', '.join(wrong)}", "leave them out, or begin anew in another --output"
        )


def _with_places(settings: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Paths as seen from anywhere: the training runs in a folder of its own."""
    texts: dict[str, str] = {name: value for name, value in settings.items() if isinstance(value, str) and value}
    if any("\0" in text for text in texts.values()):
        raise UsageError("a text of the recipe holds a NUL", "leave it out: no file has such a name")
    # Path.resolve has an error of its own for links that lead back to themselves.
    named = {name: os.path.realpath(folder / texts[name]) for name in PLACES if name in texts}
    if "model" in texts and (folder / texts["model"]).is_dir():
        named["model"] = os.path.realpath(folder / texts["model"])
    return settings | named
