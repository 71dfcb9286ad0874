"""How fast do weights come from safetensors, from a cold and from a warm file cache?"""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from verify.checks.measures.file_cache import forgotten
from verify.checks.measures.pace import doubt_about
from verify.checks.models.causal_lm import unlearnt_gpt2
from verify.checks.torch_device import ready, require_on
from verify.probe import contention
from verify.probe.check import check
from verify.probe.context import Context, Note
from verify.probe.timing import synchroniser

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

PARAMETERS = 124_439_808
BYTES_PER_PARAMETER = 4
ROUNDS = {"first": 1, "cold": 2, "warm": 4}
PARAMETERS_PER_MS = "parameters / (1000 * seconds)"
IO = Path("/proc/self/io")


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
    for cache, rounds in ROUNDS.items():
        seconds, doubts = [], []
        for _ in range(rounds):
            if cache == "cold" and not forgotten(folder):
                ctx.note(cold="this system does not drop files from its cache when it is asked to")
                break
            before, read = contention.now(), _read_bytes()
            taken, loaded = _load(ctx, kind, folder)
            seconds.append(taken)
            doubts += [contention.since(before).reason, _warm(cache, _read_bytes() - read)]
            _require_same(ctx, cache, loaded, kept)
            del loaded
        if seconds:
            record(ctx, cache, seconds, next((doubt for doubt in doubts if doubt), None))


def record(ctx: Context, cache: str, seconds: list[float], doubt: str | None) -> None:
    """The first load of a process also imports what loading needs, so that it has a time but no rate."""
    moved = PARAMETERS * BYTES_PER_PARAMETER
    conditions: dict[str, Note] = {
        "file_cache": cache,
        "model": "GPT-2",
        "dtype": "float32",
        "file_bytes": moved,
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
            parameters=PARAMETERS,
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


def _require_same(ctx: Context, cache: str, loaded: "PreTrainedModel", kept: "dict[str, torch.Tensor]") -> None:
    import torch

    found = {name: weight.detach() for name, weight in loaded.named_parameters()}
    for weight in found.values():
        require_on(ctx, weight)
    differing = set(found) ^ set(kept)
    differing |= {name for name in set(found) & set(kept) if not torch.equal(found[name].cpu(), kept[name])}
    ctx.measure("differing_weights", len(differing), unit="1", equals=0, conditions={"file_cache": cache})


def _read_bytes() -> int:
    """What this process has had read from a disk so far, where the system tells."""
    if not IO.exists():
        return 0
    fields = dict(line.split(": ") for line in IO.read_text(encoding="ascii").splitlines())
    return int(fields["read_bytes"])


def _warm(cache: str, read: int) -> str | None:
    """Why a cold load was none: it read less than half of the file from a disk."""
    if cache != "cold" or not IO.exists() or read >= PARAMETERS * BYTES_PER_PARAMETER / 2:
        return None
    return f"only {read / 1e6:.0f} MB came from a disk: the file was still in a cache"
