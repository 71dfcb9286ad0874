"""One rank that times its part of summing over all ranks: a launcher runs this file by its path.

It stands alone, on the standard library and torch, because a launcher's child finds nothing of ours on its path.
"""

import faulthandler
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

BYTES_PER_ELEMENT = 4
# Small whole numbers, so that any order of summing gives the exact result; no power of two, so that neighbours differ.
PERIOD = 251


def main(task: str, device: str, seed: str, deadline_seconds: str, folder: str) -> None:
    """Time the sizes that the task names and leave the answer; the process ends itself at its deadline.

    Args:
        task: Elements of each size and how often each is timed: ``4096,65536x12``.
        device: Where the arrays are.
        seed: What the arrays start from.
        deadline_seconds: When the process ends, even where a collective hangs.
        folder: Where the answer goes.
    """
    faulthandler.dump_traceback_later(float(deadline_seconds), exit=True)
    sizes, _, repeats = task.partition("x")
    answer = _timed([int(size) for size in sizes.split(",")], int(repeats), device, int(seed))
    path = Path(folder) / f"rank-{answer['rank']}.json"
    path.with_suffix(".part").write_text(json.dumps(answer), encoding="utf-8")
    path.with_suffix(".part").replace(path)
    # The answer is whole. What the interpreter tears down after this is not asked about, and gloo has been seen to
    # abort there (signal 6), once in some fifty runs.
    sys.stdout.flush()
    os._exit(0)


def _timed(sizes: list[int], repeats: int, device: str, seed: int) -> dict[str, Any]:
    import torch
    from torch import distributed

    if device == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if device == "cuda" else "gloo")
    rank, world = distributed.get_rank(), distributed.get_world_size()
    found = {size: _size(size, repeats, device, seed) for size in sizes}
    distributed.barrier()
    distributed.destroy_process_group()
    seconds, wrong = ({size: one[part] for size, one in found.items()} for part in range(2))
    return {"rank": rank, "world": world, "device": device, "seconds": seconds, "wrong": wrong}


def _size(size: int, repeats: int, device: str, seed: int) -> tuple[list[float], int]:
    """Seconds of each sum, the first of all left out, and how many elements of all of them were wrong.

    Every sum starts from the same array and is looked at, so that none is timed that was not made. What one rank
    waits for another is kept out by a barrier, not counted.
    """
    import torch
    from torch import distributed

    rank, world = distributed.get_rank(), distributed.get_world_size()
    pattern = (torch.arange(size, device=device) + seed) % PERIOD
    own, whole = ((pattern * times).float() for times in (rank + 1, sum(range(1, world + 1))))
    array, seconds, wrong = torch.empty_like(own), [], 0
    for _ in range(repeats + 1):
        array.copy_(own)
        distributed.barrier()
        _synchronise(device)
        start = time.perf_counter()
        distributed.all_reduce(array)
        _synchronise(device)
        seconds.append(time.perf_counter() - start)
        wrong += int((array != whole).sum())
    return seconds[1:], wrong


def _synchronise(device: str) -> None:
    import torch

    if device == "cuda":
        torch.cuda.synchronize()


if __name__ == "__main__":
    main(*sys.argv[1:])
