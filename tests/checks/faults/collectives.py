"""Sums that are quick because they are not made."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

SUMS = "benchmark/collectives.sums_over_processes_are_fast_and_right"

CASES = [
    ("an_all_reduce_that_is_dropped", SUMS, "cpu", "wrong_elements"),
    ("an_all_reduce_that_is_dropped_when_large", SUMS, "cpu", "wrong_elements"),
    ("an_all_reduce_that_averages", SUMS, "cpu", "wrong_elements"),
    ("a_rank_that_sums_alone", SUMS, "cpu", "of 2 ranks these answered: [0]"),
]


@contextmanager
def an_all_reduce_that_is_dropped() -> Iterator[None]:
    with in_every_rank("dist.all_reduce = lambda *_: None"):
        yield


@contextmanager
def an_all_reduce_that_is_dropped_when_large() -> Iterator[None]:
    with in_every_rank("exact = dist.all_reduce; dist.all_reduce = lambda one: len(one) > 20_000 or exact(one)"):
        yield


@contextmanager
def an_all_reduce_that_averages() -> Iterator[None]:
    with in_every_rank("exact = dist.all_reduce; dist.all_reduce = lambda one: (exact(one), one.div_(2))"):
        yield


@contextmanager
def a_rank_that_sums_alone() -> Iterator[None]:
    with in_every_rank("os.environ.update(RANK='0', WORLD_SIZE='1')"):
        yield


@contextmanager
def in_every_rank(code: str) -> Iterator[None]:
    """Run the code as each rank starts, which is the only thing that travels so far; with small arrays."""
    from verify.checks.benchmark import collectives

    ranks = f"import os\nif 'RANK' in os.environ:\n    import torch.distributed as dist\n    {code}\n"
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "sitecustomize.py").write_text(ranks, encoding="utf-8")
        sizes = {"cpu": (2**12, 2**18)}
        with patch.dict(os.environ, PYTHONPATH=folder), patch.multiple(collectives, SIZES=sizes, REPEATS=2):
            yield
