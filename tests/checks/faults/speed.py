"""Fast but wrong, and clocks that do not tell the time."""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

MATMUL = "benchmark/matmul.matrix_products_are_fast_and_right"
TWICE = "benchmark/matmul.twice_the_work_takes_twice_the_time"
COPY = "benchmark/bandwidth.copies_are_fast_and_right"
TRIAD = "benchmark/bandwidth.triads_are_fast_and_right"

CASES = [
    ("a_product_that_is_not_computed", MATMUL, "cpu", "error_in_eps"),
    ("a_clock_that_counts_how_often_it_is_read", TWICE, "cpu", "time_ratio"),
    ("a_copy_that_is_not_made", COPY, "cpu", "differs from the original"),
    ("a_triad_that_forgets_its_factor", TRIAD, "cpu", "error"),
]


@contextmanager
def a_product_that_is_not_computed() -> Iterator[None]:
    import torch

    with short(), patch.object(torch, "mm", lambda *_, out: out.zero_()):
        yield


@contextmanager
def a_clock_that_counts_how_often_it_is_read() -> Iterator[None]:
    from verify.checks.benchmark import matmul
    from verify.probe.timing import time_blocks

    ticks = itertools.count()
    lying = partial(time_blocks, clock=lambda: float(next(ticks)))
    with short(), patch.object(matmul, "time_blocks", lying):
        yield


@contextmanager
def a_copy_that_is_not_made() -> Iterator[None]:
    import torch

    with short(), patch.object(torch.Tensor, "copy_", lambda target, _: target):
        yield


@contextmanager
def a_triad_that_forgets_its_factor() -> Iterator[None]:
    import torch

    exact = torch.add

    def without_factor(left: Any, right: Any, alpha: float, out: Any) -> Any:
        return exact(left, right, out=out)

    with short(), patch.object(torch, "add", without_factor):
        yield


@contextmanager
def short() -> Iterator[None]:
    """Small sizes and small budgets: here it is failing that matters, not a rate."""
    from verify.checks.benchmark import bandwidth, matmul

    with ExitStack() as stack:
        for module, sizes in ((matmul, (256, 512)), (bandwidth, (2**20,))):
            stack.enter_context(patch.object(module, "SIZES", {"cpu": sizes}))
            stack.enter_context(patch.object(module, "BUDGET_SECONDS", 0.1))
        stack.enter_context(patch.dict(matmul.PROOF_SIZE, {"cpu": 256}))
        yield
