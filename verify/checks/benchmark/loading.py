"""How fast do weights come from safetensors, from a cold and from a warm file cache?"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.checks import mlx_device
from verify.checks.measures.evaluated import require_computed
from verify.checks.measures.file_cache import forgotten
from verify.checks.measures.pace import doubt_about
from verify.checks.models.causal_lm import unlearnt_gpt2
from verify.checks.torch_device import ready, require_on
from verify.probe import contention
from verify.probe.check import check
from verify.probe.context import Context, Note
from verify.probe.timing import synchroniser

if TYPE_CHECKING:
    import mlx.core as mx
    import numpy as np
    import torch
    from transformers import PreTrainedModel

PARAMETERS = 124_439_808
BYTES_PER_PARAMETER = 4
# Matrices of 4 MiB that MLX loads, by the kind of device that it computes on; a GPU's are as large as GPT-2.
MLX_MATRICES = {"cpu": 30, "gpu": 119}
SIDE = 1024
ROUNDS = {"first": 1, "cold": 2, "warm": 4}
PARAMETERS_PER_MS = "parameters / (1000 * seconds)"
IO = Path("/proc/self/io")


@dataclass(frozen=True, slots=True)
class Stored:
    """A file of weights in float32.

    Attributes:
        model: Whose.
        parameters: How many.
    """

    model: str
    parameters: int

    @property
    def bytes(self) -> int:
        """What there is to be read."""
        return self.parameters * BYTES_PER_PARAMETER


GPT2 = Stored("GPT-2", PARAMETERS)


@check(level="certify", needs=["torch", "transformers", "safetensors"], devices=["cpu", "cuda", "mps"])
def weights_load_at_the_rate_recorded_here(ctx: Context) -> None:
    """GPT-2's 124,439,808 parameters load from safetensors at the rates recorded here, and every bit arrives.

    A rate from a warm cache that is not far above that of the disk points at weights that are copied several times, or
    converted; where bits differ, no checkpoint of this stack is safe.
    """
    ready(ctx)
    model, folder = unlearnt_gpt2(), ctx.scratch / "gpt2"
    kind, kept = type(model), {name: weight.detach() for name, weight in model.named_parameters()}
    model.save_pretrained(folder)
    counted = sum(weight.numel() for weight in kept.values())
    ctx.measure("parameters", counted, unit="1", direction="equal", equals=PARAMETERS)
    ctx.note(weights="random")
    _rounds(ctx, folder, GPT2, partial(_load, ctx, kind, folder), partial(_require_same, ctx, kept))


@check(level="certify", needs=["mlx", "numpy"], devices=["mlx"])
def mlx_weights_load_at_the_rate_recorded_here(ctx: Context) -> None:
    """Matrices of float32 load from safetensors into MLX at the rates recorded here, and every bit arrives.

    MLX reads a file when its arrays are evaluated. A rate from a warm cache that is not far above that of the disk
    points at weights that are copied several times; where bits differ, no checkpoint of MLX is safe.
    """
    import mlx.core as mx
    import numpy as np

    count, folder = MLX_MATRICES[mlx_device.ready(ctx)], ctx.scratch / "matrices"
    random = np.random.default_rng(ctx.seed)
    kept = {f"weight.{i}": random.standard_normal((SIDE, SIDE), dtype=np.float32) for i in range(count)}
    folder.mkdir()
    mx.save_safetensors(str(folder / "model.safetensors"), {name: mx.array(weight) for name, weight in kept.items()})
    ctx.note(weights="random")
    stored = Stored(f"{count} matrices of {SIDE} x {SIDE}", count * SIDE**2)
    _rounds(ctx, folder, stored, partial(_load_by_mlx, ctx, folder), partial(_require_same_of_mlx, ctx, kept))


def _rounds(
    ctx: Context,
    folder: Path,
    stored: Stored,
    load: "Callable[[], tuple[float, Any]]",
    require_same: Callable[[str, Any], None],
) -> None:
    """Load the files of a folder in each state of the file cache, and hold what comes against what was stored."""
    for cache, rounds in ROUNDS.items():
        seconds, doubts = [], []
        for _ in range(rounds):
            if cache == "cold" and not forgotten(folder):
                ctx.note(cold="this system does not drop files from its cache when it is asked to")
                break
            before, read = contention.now(), _read_bytes()
            taken, loaded = load()
            seconds.append(taken)
            doubts += [contention.since(before).reason, _warm(cache, _read_bytes() - read, stored)]
            require_same(cache, loaded)
            del loaded
        if seconds:
            record(ctx, cache, seconds, next((doubt for doubt in doubts if doubt), None), stored)


def record(ctx: Context, cache: str, seconds: list[float], doubt: str | None, stored: Stored = GPT2) -> None:
    """The first load of a process also imports what loading needs, so that it has a time but no rate."""
    conditions: dict[str, Note] = {
        "file_cache": cache,
        "model": stored.model,
        "dtype": "float32",
        "file_bytes": stored.bytes,
        "threads": ctx.threads,
    }
    if cache != "first":
        doubt = doubt or doubt_about(seconds)
    median = ctx.measure("load_seconds", seconds, unit="s", conditions=conditions, inconclusive=doubt)
    if cache != "first":
        ctx.derive(
            f"parameters_per_ms_{cache}",
            PARAMETERS_PER_MS,
            conditions,
            unit="1/ms",
            direction="higher",
            inconclusive=doubt,
            parameters=stored.parameters,
            seconds=median,
        )


def _load(ctx: Context, kind: "type[PreTrainedModel]", folder: Path) -> "tuple[float, PreTrainedModel]":
    """Seconds until every weight was read (files are mapped, not read, at first) and is on the device."""
    start = time.perf_counter()
    loaded = kind.from_pretrained(folder, local_files_only=True).to(ctx.device)
    for weight in loaded.parameters():
        weight.detach().sum()
    synchroniser(ctx.device)()
    return time.perf_counter() - start, loaded


def _require_same(ctx: Context, kept: "dict[str, torch.Tensor]", cache: str, loaded: "PreTrainedModel") -> None:
    import torch

    found = {name: weight.detach() for name, weight in loaded.named_parameters()}
    for weight in found.values():
        require_on(ctx, weight)
    differing = set(found) ^ set(kept)
    differing |= {name for name in set(found) & set(kept) if not torch.equal(found[name].cpu(), kept[name])}
    ctx.measure("differing_weights", len(differing), unit="1", equals=0, conditions={"file_cache": cache})


def _load_by_mlx(ctx: Context, folder: Path) -> "tuple[float, dict[str, mx.array]]":
    """Seconds until every array was read, which none is before it is evaluated."""
    import mlx.core as mx

    start = time.perf_counter()
    loaded: dict[str, mx.array] = mx.load(str(folder / "model.safetensors"))
    mx.eval(loaded)
    mx.synchronize()
    taken = time.perf_counter() - start
    require_computed(ctx, *loaded.values())
    return taken, loaded


def _require_same_of_mlx(
    ctx: Context, kept: "dict[str, np.ndarray[Any, Any]]", cache: str, loaded: "dict[str, mx.array]"
) -> None:
    import numpy as np

    differing = set(loaded) ^ set(kept)
    # Bits, not numbers: two ways of writing 0 are equal.
    differing |= {
        name for name in set(loaded) & set(kept) if np.asarray(loaded[name]).tobytes() != kept[name].tobytes()
    }
    ctx.measure("differing_weights", len(differing), unit="1", equals=0, conditions={"file_cache": cache})


def _read_bytes() -> int:
    """What this process has had read from a disk so far, where the system tells."""
    if not IO.exists():
        return 0
    fields = dict(line.split(": ") for line in IO.read_text(encoding="ascii").splitlines())
    return int(fields["read_bytes"])


def _warm(cache: str, read: int, stored: Stored) -> str | None:
    """Why a cold load was none: it read less than half of the file from a disk."""
    if cache != "cold" or not IO.exists() or read >= stored.bytes / 2:
        return None
    return f"only {read / 1e6:.0f} MB came from a disk: the file was still in a cache"
