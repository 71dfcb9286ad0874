"""Do workers hand over the data that one process would, once, in order, and with randomness of their own?"""

import multiprocessing
import random
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.checks.torch_device import ready, require_on
from verify.probe.check import check
from verify.probe.context import Context, Note

if TYPE_CHECKING:
    import torch

WORKERS = 2
ROWS = 50
# No divisor of the rows, so that the last batch is a short one, which is easily lost.
BATCH = 7
WIDTH = 5
# A worker imports torch in seconds; one that answers later hangs, and the loader says so.
WAIT_SECONDS = 60
# Some rows take so long that, unless order is kept, the other worker's batches overtake theirs.
SLOW_SECONDS = 0.05
SHARDS = 4
# Where Linux keeps the batches that workers hand over: 64 MB in a container.
SHARED = "/dev/shm"  # noqa: S108 - it is named, not written to
# Eight batches at a time, each in a page of 4 KiB to 64 KiB.
ROOM_BYTES = 8 * 2**16
# What is said when it is full.
NO_ROOM = ("shared memory", "shm", "No space left", "Bus error", "unable to write to file", "unable to resize file")


@dataclass(frozen=True, slots=True)
class Numbered:
    """Rows that tell where they come from."""

    rows: int

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, index: int) -> "torch.Tensor":
        import torch

        if index % (2 * BATCH) == 0:
            time.sleep(SLOW_SECONDS)
        return index + torch.arange(WIDTH) / 10


@dataclass(frozen=True, slots=True)
class Drawn:
    """Rows of random numbers, as augmentation draws them: from Python, from numpy and from torch."""

    rows: int

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, index: int) -> list[float]:
        import numpy as np
        import torch

        # The legacy generator on purpose: it is the one that every worker inherits from its parent.
        return [random.random(), float(np.random.random()), float(torch.rand((), dtype=torch.float64))]  # noqa: NPY002, S311


@check(needs=["torch"], devices=["cpu", "cuda", "mps"], timeout_seconds=300)
def workers_give_the_batches_of_one_process(ctx: Context) -> None:
    """Two workers give the batches that the process alone gives, in the same order, however they are started.

    Training depends on the number of workers, or hangs with them: compare the start methods that the conditions name.
    """
    import torch

    device, alone = ready(ctx), _batches(ctx, 0, None, shuffle=True)
    in_order = _batches(ctx, 0, None, shuffle=False)
    whole = torch.stack([Numbered(ROWS)[index] for index in range(ROWS)])
    ctx.require(torch.equal(torch.cat(in_order), whole), "the process alone does not give every row once, in order")
    ctx.require(torch.equal(torch.cat(alone).sort(dim=0).values, whole), "shuffling drops or repeats rows")
    ctx.require(not torch.equal(torch.cat(alone), whole), "shuffling changed nothing")
    for method in _start_methods():
        found = _batches(ctx, WORKERS, method, shuffle=True)
        wrong = _differing([batch.to(device) for batch in found], [batch.to(device) for batch in alone], ctx)
        conditions: dict[str, Note] = {"start_method": method, "workers": WORKERS, "shuffled": True}
        ctx.measure("differing_batches", wrong, unit="1", equals=0, conditions=conditions)
        left = len(multiprocessing.active_children())
        ctx.measure("workers_left_behind", left, unit="1", equals=0, conditions={"start_method": method})


@check(needs=["torch", "numpy"], timeout_seconds=240)
def workers_draw_random_numbers_of_their_own(ctx: Context) -> None:
    """Workers draw different random numbers from each other and in each epoch, and the same again from one seed.

    Augmentation repeats itself: seed Python's, numpy's and torch's generators in each worker from its own seed.
    """
    import torch

    with room_to_share(ctx):
        epochs, again, others = (_drawn_epochs(seed) for seed in (ctx.seed, ctx.seed, ctx.seed + 1))
    for place, source in enumerate(("random", "numpy", "torch")):
        # torch seeds all three in each worker since 1.9: https://github.com/pytorch/pytorch/pull/56488
        drawn = torch.tensor([[row[place] for row in epoch] for epoch in epochs], dtype=torch.float64)
        repeated = drawn.numel() - len(drawn.unique())
        ctx.measure("repeated_numbers", repeated, unit="1", equals=0, conditions={"source": source})
    ctx.require(epochs == again, "the same seed gave the workers other numbers")
    ctx.require(epochs != others, "another seed gave the workers the same numbers")


@check(needs=["torch", "datasets"], timeout_seconds=240)
def a_stream_gives_each_row_once_over_its_workers(ctx: Context) -> None:
    """A streamed data set that two workers read gives every row once, as it does without workers.

    Each worker reads the whole stream, or a shard is lost: every row counts twice in an epoch, or never.
    """
    import datasets

    with room_to_share(ctx):
        stream = datasets.Dataset.from_dict({"n": list(range(ROWS))}).to_iterable_dataset(num_shards=SHARDS)
    for workers in (0, WORKERS):
        with room_to_share(ctx):
            found = [n for batch in _loader(stream, workers, None) for n in batch["n"].tolist()]
        missing, repeated = ROWS - len({*found}), len(found) - len({*found})
        ctx.measure("missing_rows", missing, unit="1", equals=0, conditions={"workers": workers})
        ctx.measure("repeated_rows", repeated, unit="1", equals=0, conditions={"workers": workers})


@contextmanager
def room_to_share(ctx: Context) -> Iterator[None]:
    """Fail in plain words where workers have no room for a batch; torch's own read as if the memory were spent.

    Where a batch is shared only as it is sent, torch says nothing at all, and the loader waits in vain.
    """
    if sys.platform == "linux":
        there = Path(SHARED).is_dir()
        ctx.require(there, f"there is no {SHARED}, through which workers hand batches over: do not run with --ipc none")
        free = shutil.disk_usage(SHARED).free
        ctx.require(free >= ROOM_BYTES, f"{SHARED} is too small, {free} bytes are free: give it more (--shm-size)")
    try:
        yield
    except (OSError, RuntimeError) as error:
        said = [line for line in str(error).splitlines() if any(word in line for word in NO_ROOM)]
        ctx.require(not said, f"{SHARED} is too small, give the container more (--shm-size): {' '.join(said[-1:])}")
        raise


def _start_methods() -> Iterable[str]:
    """The platform's own, and the one that inherits nothing."""
    return dict.fromkeys((multiprocessing.get_start_method(), "spawn"))


def _loader(rows: Any, workers: int, method: str | None, **settings: Any) -> "torch.utils.data.DataLoader[Any]":
    from torch.utils.data import DataLoader

    waiting = {"timeout": WAIT_SECONDS, "multiprocessing_context": method} if workers else {}
    return DataLoader(rows, batch_size=BATCH, num_workers=workers, **waiting, **settings)


def _batches(ctx: Context, workers: int, method: str | None, *, shuffle: bool) -> "list[torch.Tensor]":
    import torch

    generator = torch.Generator().manual_seed(ctx.seed)
    settings = {"shuffle": shuffle, "generator": generator, "pin_memory": ctx.device == "cuda"}
    with room_to_share(ctx):
        batches = list(_loader(Numbered(ROWS), workers, method, **settings))
    ctx.require(ctx.device != "cuda" or all(batch.is_pinned() for batch in batches), "a batch is not pinned")
    return batches


def _drawn_epochs(seed: int) -> list[list[list[float]]]:
    """What the workers drew in two epochs."""
    import torch

    loader = _loader(Drawn(4 * BATCH), WORKERS, None, collate_fn=list, generator=torch.Generator().manual_seed(seed))
    return [[row for batch in loader for row in batch] for _ in range(2)]


def _differing(found: "list[torch.Tensor]", expected: "list[torch.Tensor]", ctx: Context) -> int:
    """How many batches differ, are missing or too many."""
    import torch

    for batch in found:
        require_on(ctx, batch)
    same = sum(bool(torch.equal(one, other)) for one, other in zip(found, expected, strict=False))
    return max(len(found), len(expected)) - same
