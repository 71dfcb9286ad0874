"""Shapes of well-known language models, shipped as configurations: no hub is needed to make one of random weights.

Each file holds what the model's own ``config.json`` says of its shape. ``rope_theta`` stands at its top, where MLX
looks for it, and where transformers 5 moves it from.
"""

import importlib
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from verify.probe.regular import read_regular

FOLDER = Path(__file__).with_suffix("")
# They have a few kilobytes.
LARGEST_FILE = 1024 * 1024

Config = Mapping[str, Any]


def shipped() -> list[str]:
    """The names of the models whose shapes are shipped, the smaller of a family first."""
    return sorted((path.stem for path in FOLDER.glob("*.json")), key=_place)


def config_named(name: str) -> Config:
    """The configuration of a shipped model, or of a folder or a ``config.json`` given by its path.

    Raises:
        LookupError: There is none of that name, nor at that path.
        ValueError: The file there is no model's configuration.
    """
    path = FOLDER / f"{name.lower()}.json"
    if name.lower() not in shipped():
        path = Path(name) / "config.json" if Path(name).is_dir() else Path(name)
    try:
        found = json.loads(read_regular(path, LARGEST_FILE).decode("utf-8"), parse_constant=_no_number)
    except OSError as error:
        raise LookupError(f"no model is called {name}, and {path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no JSON: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("model_type"), str):
        raise ValueError(f"{path} is no configuration of a model: it names no model_type")  # noqa: TRY004 - of a file
    return found


def config_of(model: "str | Config") -> Config:
    """The configuration of a model: itself, or as `config_named` finds it, or from the local copy of the hub.

    It may be looked for in the hub's copy inside the environment alone, where the hub's client is.

    Raises:
        LookupError: It is nowhere.
        ValueError: What is there is no model's configuration.
    """
    if not isinstance(model, str):
        return model
    if not is_of_the_hub(model):
        return config_named(model)
    hub = importlib.import_module("huggingface_hub")
    try:
        return config_named(str(hub.hf_hub_download(model, "config.json")))
    except OSError as error:
        raise LookupError(f"{model} is neither a path nor in the local copy of the hub") from error


def is_of_the_hub(name: str) -> bool:
    """Whether a name is one of the hub's, ``owner/model``, and nothing here is called so."""
    return bool(re.fullmatch(r"[\w-][\w.-]*/[\w.-]+", name)) and not Path(name).exists()


def longest_sequence(config: Config) -> int | None:
    """The longest text that the model was made for, in tokens, where its configuration tells."""
    found = config.get("max_position_embeddings", config.get("n_positions"))
    return found if isinstance(found, int) else None


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _place(name: str) -> tuple[str, float]:
    """Family, and size as the name tells it: 0.5b before 14b, gpt2 before gpt2-xl."""
    family, _, size = name.partition("-") if name.startswith("gpt2") else name.rpartition("-")
    words = {"": 0.1, "medium": 0.4, "large": 0.8, "xl": 1.6}
    billions = words.get(size, math.inf)
    if size[-1:] in ("b", "m") and size not in words:
        billions = float(size[:-1]) * (1.0 if size.endswith("b") else 1e-3)
    return family, billions
