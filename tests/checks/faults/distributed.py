"""Processes that do not come, do not answer, or do not combine what they found."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

COLLECTIVES = "functional/distributed.collectives_agree_with_arithmetic"
DDP = "functional/distributed.ddp_gradients_are_those_of_the_joined_batch"
ACCELERATE = "functional/distributed.accelerate_trains_in_two_processes"

CASES = [
    ("a_dropped_all_reduce", COLLECTIVES, "cpu", "wrong_elements"),
    ("a_broadcast_that_ignores_its_source", COLLECTIVES, "cpu", "wrong_elements"),
    ("ranks_that_believe_themselves_alone", COLLECTIVES, "cpu", "of 2 ranks these answered: [0]"),
    ("a_rank_that_hangs", COLLECTIVES, "cpu", "torch.distributed.run ended with code 1, and of 2 ranks"),
    ("a_launcher_that_hangs", COLLECTIVES, "cpu", "torch.distributed.run had to be stopped at the deadline"),
    ("gradients_that_are_summed", DDP, "cpu", "error_in_eps"),
    ("gradients_of_each_rank_alone", DDP, "cpu", "differing_elements"),
    ("replicas_of_different_weights", DDP, "cpu", "error_in_eps"),
    ("a_launch_of_one_process", ACCELERATE, "cpu", "of 2 ranks these answered: [0]"),
    ("a_wrapper_that_does_not_wrap", ACCELERATE, "cpu", "differing_elements"),
]


@contextmanager
def in_every_process(code: str) -> Iterator[None]:
    """Run the code as each Python starts that the check starts, which is the only thing that travels so far."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "sitecustomize.py").write_text(f"import os, sys, time\n{code}\n", encoding="utf-8")
        with patch.dict(os.environ, PYTHONPATH=folder):
            yield


@contextmanager
def in_every_rank(code: str) -> Iterator[None]:
    with in_every_process(f"if 'RANK' in os.environ:\n    import torch.distributed as dist\n    {code}"):
        yield


@contextmanager
def a_dropped_all_reduce() -> Iterator[None]:
    with in_every_rank("dist.all_reduce = lambda *_, **__: None"):
        yield


@contextmanager
def a_broadcast_that_ignores_its_source() -> Iterator[None]:
    with in_every_rank("exact = dist.broadcast; dist.broadcast = lambda values, src: exact(values, src=0)"):
        yield


@contextmanager
def ranks_that_believe_themselves_alone() -> Iterator[None]:
    alone = "exact(backend, store=dist.HashStore(), rank=0, world_size=1)"
    with in_every_rank(f"exact = dist.init_process_group; dist.init_process_group = lambda backend: {alone}"):
        yield


@contextmanager
def a_rank_that_hangs() -> Iterator[None]:
    from verify.checks.ranks import launcher

    with (
        patch.object(launcher, "DEADLINE_SECONDS", 6.0),
        in_every_process("if os.environ.get('RANK') == '1': time.sleep(300)"),
    ):
        yield


@contextmanager
def a_launcher_that_hangs() -> Iterator[None]:
    from verify.checks.ranks import launcher

    with (
        patch.multiple(launcher, DEADLINE_SECONDS=0.5, GRACE_SECONDS=0.5),
        in_every_process("if 'torch.distributed.run' in sys.orig_argv: time.sleep(300)"),
    ):
        yield


@contextmanager
def gradients_that_are_summed() -> Iterator[None]:
    with ddp("net.register_comm_hook(None, summed)"):
        yield


@contextmanager
def gradients_of_each_rank_alone() -> Iterator[None]:
    with ddp("net.require_backward_grad_sync = False"):
        yield


@contextmanager
def replicas_of_different_weights() -> Iterator[None]:
    with ddp("pass", init_sync=False):
        yield


@contextmanager
def a_launch_of_one_process() -> Iterator[None]:
    code = (
        "if 'accelerate.commands.launch' in sys.orig_argv:\n"
        "    from torch.distributed import run\n"
        "    exact = run.run\n"
        "    run.run = lambda words: exact(type(words)(**{**vars(words), 'nproc_per_node': '1'}))"
    )
    with in_every_process(code):
        yield


@contextmanager
def a_wrapper_that_does_not_wrap() -> Iterator[None]:
    code = "import accelerate; accelerate.Accelerator.prepare = lambda _, net: net"
    with in_every_rank(code):
        yield


@contextmanager
def ddp(afterwards: str, *, init_sync: bool = True) -> Iterator[None]:
    """Do something to every net that DistributedDataParallel has wrapped."""
    code = (
        "from torch.nn.parallel import DistributedDataParallel as DDP\n"
        "    exact = DDP.__init__\n"
        "    def summed(_, bucket):\n"
        "        work = dist.all_reduce(bucket.buffer(), async_op=True).get_future()\n"
        "        return work.then(lambda done: done.value()[0])\n"
        "    def wrapped(net, *words, **settings):\n"
        f"        exact(net, *words, **{{**settings, 'init_sync': {init_sync}}})\n"
        f"        {afterwards}\n"
        "    DDP.__init__ = wrapped"
    )
    with in_every_rank(code):
        yield
