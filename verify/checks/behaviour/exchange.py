"""What a check leaves for another environment, and what that one left: JSON and safetensors, which all versions read.

Weights, texts and numbers that both shall compute with are made by the first to come, and handed on from then.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.probe.check import Question
from verify.probe.context import Context, Failed, Skipped

if TYPE_CHECKING:
    import torch

MATERIAL = "material"
# What frameworks raise when they are given files that they do not understand.
NOT_UNDERSTOOD = (OSError, ImportError, ValueError, TypeError, LookupError, AttributeError, RuntimeError)


@dataclass(frozen=True, slots=True)
class Exchange:
    """The folders of one check on one device.

    Attributes:
        left: What this environment leaves.
        kept: What the other one left; None where this one is the first.
    """

    left: Path
    kept: Path | None

    def material(self, make: Callable[[Path], None]) -> Path:
        """The folder of what both compute with: as the other environment had it, or made here and left."""
        folder = self.left / MATERIAL
        if self.kept:
            shutil.copytree(self.kept / MATERIAL, folder, dirs_exist_ok=True)
        else:
            folder.mkdir(exist_ok=True)
            make(folder)
        return folder

    def leave(self, name: str, value: Any) -> None:
        """Leave plain data; a number is written so that it is read as the same."""
        write(self.left / f"{name}.json", value)

    def found(self, name: str) -> Any:
        """The data that the other environment left.

        Raises:
            Skipped: It left none.
        """
        return read(self.place_of(f"{name}.json"))

    def leave_tensors(self, name: str, tensors: "Mapping[str, torch.Tensor]") -> None:
        """Leave tensors, each a copy on the CPU."""
        from safetensors.torch import save_file

        # Two that share their memory, as tied weights do, would be refused.
        copies = {key: tensor.detach().cpu().clone().contiguous() for key, tensor in tensors.items()}
        save_file(copies, self.left / f"{name}.safetensors")

    def found_tensors(self, name: str) -> "dict[str, torch.Tensor]":
        """The tensors that the other environment left.

        Raises:
            Skipped: It left none.
        """
        from safetensors.torch import load_file

        tensors: dict[str, torch.Tensor] = load_file(self.place_of(f"{name}.safetensors"))
        return tensors

    def place_of(self, name: str) -> Path:
        """Where something lies that the other environment left; where this one did if it is the first.

        Raises:
            Skipped: There is none.
        """
        place = (self.kept or self.left) / name
        if not place.exists():
            raise Skipped(f"the other environment left no {name}: see what became of this check there")
        return place


def exchange_of(ctx: Context, question: Question) -> Exchange:
    """The folders of a check on its device, in those that the run was told of.

    Raises:
        Skipped: The other environment left nothing of this check.
    """
    topic = question.__module__.rpartition(".")[2]
    place = Path(f"{topic}.{question.__name__}") / (ctx.device or "any")
    left, kept = Path(ctx.settings["leave"]) / place, None
    if ctx.settings["kept"]:
        kept = Path(ctx.settings["kept"]) / place
        if not kept.is_dir():
            raise Skipped(f"the other environment left nothing of {place}: see what became of this check there")
    ctx.note(compared=kept is not None)
    left.mkdir(parents=True, exist_ok=True)
    return Exchange(left, kept)


@contextmanager
def reading(what: str) -> Iterator[None]:
    """While a framework reads what another version of it wrote: that it cannot is the answer, in its own words.

    Raises:
        Failed: It raised.
    """
    try:
        yield
    except NOT_UNDERSTOOD as error:
        said = (str(error).splitlines() or [""])[0]
        raise Failed(f"{what} cannot be read here: {type(error).__name__}: {said}") from error


def write(path: Path, value: Any) -> None:
    """Write plain data as JSON."""
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def read(path: Path) -> Any:
    """Read plain data from JSON."""
    return json.loads(path.read_text(encoding="utf-8"))
