"""One rank of a process group: a launcher runs this file by its path, once a process, and it leaves what it found.

It stands alone, on the standard library and torch, because a launcher's child finds nothing of ours on its path.
"""

import faulthandler
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

RANKS = 2
# No multiple of the chunks that rings and trees cut a buffer into; three times it is still exact in float32.
LENGTH = 70_001
# Not rank 0, which is where a call that ignores its source would broadcast from.
SOURCE = 1
ROWS = 8
WIDTHS = (6, 16, 3)


def main(task: str, device: str, seed: str, deadline_seconds: str, folder: str) -> None:
    """Do the task and leave the answer; the process ends itself at its deadline, even where a collective hangs."""
    faulthandler.dump_traceback_later(float(deadline_seconds), exit=True)
    tasks = {"collectives": collectives, "gradients": ddp_gradients, "accelerate": accelerate_gradients}
    answer = tasks[task](device, int(seed))
    path = Path(folder) / f"rank-{answer['rank']}.json"
    path.with_suffix(".part").write_text(json.dumps(answer), encoding="utf-8")
    path.with_suffix(".part").replace(path)
    # The answer is whole. What the interpreter tears down after this is not asked about, and gloo has been seen to
    # abort there (signal 6), once in some fifty runs.
    sys.stdout.flush()
    os._exit(0)


def collectives(device: str, _: int) -> dict[str, Any]:
    """How many elements of each collective's result are not what arithmetic says."""
    import torch
    from torch import distributed

    _join(device)
    rank, world = distributed.get_rank(), distributed.get_world_size()
    ones = torch.arange(LENGTH, dtype=torch.float32, device=device)
    own = ones * (rank + 1)
    summed, largest, sent = own.clone(), own.clone(), own.clone()
    gathered = [torch.zeros_like(own) for _ in range(world)]
    distributed.all_reduce(summed)
    distributed.all_reduce(largest, op=distributed.ReduceOp.MAX)
    # A rank that is alone has no other to hear from; it must live to tell that it is alone.
    distributed.broadcast(sent, src=min(SOURCE, world - 1))
    distributed.all_gather(gathered, own)
    expected = {
        "all_reduce_sum": (summed, ones * sum(range(1, RANKS + 1))),
        "all_reduce_max": (largest, ones * RANKS),
        "broadcast": (sent, ones * (SOURCE + 1)),
        "all_gather": (torch.stack(gathered), torch.stack([ones * (one + 1) for one in range(world)])),
    }
    wrong = {name: int((found != right).sum()) for name, (found, right) in expected.items()}
    return _left({"rank": rank, "world": world, "wrong": wrong, "device": summed.device.type})


def ddp_gradients(device: str, seed: int) -> dict[str, Any]:
    """The gradients after one backward pass of DistributedDataParallel on this rank's share of the batch."""
    from torch import distributed
    from torch.nn.parallel import DistributedDataParallel

    _join(device)
    rank = distributed.get_rank()
    # Every rank starts from weights of its own: wrapping must give all of them rank 0's.
    replica = DistributedDataParallel(model(seed + rank).to(_own(device)))
    loss_of(replica, *_share(seed, rank, device)).backward()
    return _left({"rank": rank, "world": distributed.get_world_size(), **_gradients(replica)})


def accelerate_gradients(device: str, seed: int) -> dict[str, Any]:
    """The same by way of accelerate, and the ranks that it gathers."""
    import torch
    from accelerate import Accelerator

    accelerator = Accelerator(cpu=device == "cpu")
    rank = accelerator.process_index
    replica = accelerator.prepare(model(seed + rank))
    accelerator.backward(loss_of(replica, *_share(seed, rank, device)))
    gathered = accelerator.gather(torch.tensor([rank], device=accelerator.device)).tolist()
    return _left({"rank": rank, "world": accelerator.num_processes, "gathered": gathered, **_gradients(replica)})


def model(seed: int) -> "torch.nn.Module":
    """A small net in float64, so that only a wrong reduction can show."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(*WIDTHS[:2]), nn.Tanh(), nn.Linear(*WIDTHS[1:])).double()


def batch(seed: int) -> "tuple[torch.Tensor, torch.Tensor]":
    """The joined batch, of which every rank takes its share."""
    import torch

    random = torch.Generator().manual_seed(seed)
    inputs, targets = (torch.randn(ROWS, width, generator=random, dtype=torch.float64) for width in WIDTHS[::2])
    return inputs, targets


def loss_of(net: "torch.nn.Module", inputs: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
    """The mean over the rows, so that the mean over ranks is that of the joined batch."""
    from torch.nn import functional

    return functional.mse_loss(net(inputs), targets)


def _join(device: str) -> None:
    import torch
    from torch import distributed

    if device == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if device == "cuda" else "gloo")


def _left(answer: dict[str, Any]) -> dict[str, Any]:
    from torch import distributed

    # A rank that leaves first takes the store, or its end of a connection, from one that still needs it.
    if distributed.is_initialized():
        distributed.barrier()
        distributed.destroy_process_group()
    return answer


def _own(device: str) -> str:
    return f"cuda:{os.environ['LOCAL_RANK']}" if device == "cuda" else device


def _share(seed: int, rank: int, device: str) -> "tuple[torch.Tensor, torch.Tensor]":
    inputs, targets = (values[rank * ROWS // RANKS :][: ROWS // RANKS].to(_own(device)) for values in batch(seed))
    return inputs, targets


def _gradients(replica: "torch.nn.Module") -> dict[str, Any]:
    found = {
        name.removeprefix("module."): None if one.grad is None else one.grad.tolist()
        for name, one in replica.named_parameters()
    }
    return {"gradients": found, "device": next(replica.parameters()).device.type}


if __name__ == "__main__":
    main(*sys.argv[1:])
