"""Fast but wrong, and clocks that do not tell the time."""

import itertools
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from types import ModuleType
from typing import Any
from unittest.mock import patch

MATMUL = "benchmark/matmul.matrix_products_are_fast_and_right"
TWICE = "benchmark/matmul.twice_the_work_takes_twice_the_time"
COPY = "benchmark/bandwidth.copies_are_fast_and_right"
TRIAD = "benchmark/bandwidth.triads_are_fast_and_right"
LAUNCH = "benchmark/kernel_launch.an_empty_operation_is_done_at_the_cost_recorded_here"
MLX_LAUNCH = "benchmark/kernel_launch.an_empty_mlx_operation_is_done_at_the_cost_recorded_here"
WAITS = "benchmark/kernel_launch.the_clock_waits_for_the_device"

CASES = [
    ("a_product_that_is_not_computed", MATMUL, "cpu", "error_in_eps"),
    ("a_product_of_onednn_that_is_transposed", MATMUL, "cpu", "error_in_eps"),
    ("a_small_product_that_waits", MATMUL, "cpu", "time_of_more_over_less"),
    ("a_clock_that_counts_how_often_it_is_read", TWICE, "cpu", "time_ratio"),
    ("a_copy_that_is_not_made", COPY, "cpu", "differs from the original"),
    ("a_copy_of_the_first_half", COPY, "cpu", "differs from the original"),
    ("a_triad_that_forgets_its_factor", TRIAD, "cpu", "error"),
    ("every_other_operation_dropped", LAUNCH, "cpu", "additions_made is 500"),
    ("mlx_operations_that_are_dropped", MLX_LAUNCH, "mlx", "additions_made is 0"),
    ("a_device_that_nobody_waits_for", WAITS, "cpu", "synchronised_over_read"),
    ("a_clock_that_runs_back_while_it_waits", WAITS, "cpu", "synchronised_over_queued"),
    ("a_product_of_zeros", WAITS, "cpu", "the product sums to 0"),
]


@contextmanager
def short(module: ModuleType, **sizes: Any) -> Iterator[dict[str, Any]]:
    """Small sizes, a small budget, one thread, and a machine that nobody disturbs: it is failing that matters here."""
    from verify.checks.measures import timed
    from verify.probe.contention import Contention
    from verify.probe.timing import time_blocks

    def believed(*words: Any, **settings: Any) -> Any:
        return replace(time_blocks(*words, **settings), inconclusive=None)

    with ExitStack() as stack:
        for name, value in {"BUDGET_SECONDS": 0.1, **sizes}.items():
            stack.enter_context(patch.object(module, name, value))
        stack.enter_context(patch.object(timed, "time_blocks", believed))
        stack.enter_context(patch.object(Contention, "reason", None))
        yield {"threads": 1}


def short_matmul() -> Any:
    from verify.checks.benchmark import matmul

    sizes = {"SIZES": {"cpu": (128, 512)}, "LLM_SHAPES": {"cpu": ((64, 64, 256),)}, "PROOF_SIZE": {"cpu": 256}}
    shapes = (matmul.Shape(128, 128, 128, "oneDNN"),)
    return short(matmul, PROOF_SECONDS=0.1, ONEDNN_SHAPES=shapes, **sizes)


def short_bandwidth() -> Any:
    from verify.checks.benchmark import bandwidth

    return short(bandwidth, SIZES={"cpu": (2**18, 2**20)})


def short_launch() -> Any:
    from verify.checks.benchmark import kernel_launch

    return short(kernel_launch, PROOF_SIZE={"cpu": 512})


@contextmanager
def a_product_that_is_not_computed() -> Iterator[Any]:
    import torch

    with short_matmul() as changed, patch.object(torch, "mm", lambda *_, out: out.zero_()):
        yield changed


@contextmanager
def a_product_of_onednn_that_is_transposed() -> Iterator[Any]:
    import torch
    from torch.nn import functional

    exact = functional.linear

    def transposed(inputs: Any, weight: Any) -> Any:
        dense: torch.Tensor = exact(inputs, weight).to_dense()
        return dense.T.contiguous().to_mkldnn()

    with short_matmul() as changed, patch.object(functional, "linear", transposed):
        yield changed


@contextmanager
def a_small_product_that_waits() -> Iterator[Any]:
    import torch

    exact = torch.mm

    def waiting(left: Any, right: Any, out: Any) -> Any:
        if left.shape == (128, 128):
            time.sleep(0.05)
        return exact(left, right, out=out)

    with short_matmul() as changed, patch.object(torch, "mm", waiting):
        yield changed


@contextmanager
def a_clock_that_counts_how_often_it_is_read() -> Iterator[Any]:
    from verify.checks.measures import timed
    from verify.probe.timing import time_blocks

    ticks = itertools.count()
    lying = partial(time_blocks, clock=lambda: float(next(ticks)))
    with short_matmul() as changed, patch.object(timed, "time_blocks", lying):
        yield changed


@contextmanager
def a_copy_that_is_not_made() -> Iterator[Any]:
    import torch

    with short_bandwidth() as changed, patch.object(torch.Tensor, "copy_", lambda target, _: target):
        yield changed


@contextmanager
def a_copy_of_the_first_half() -> Iterator[Any]:
    import torch

    exact = torch.Tensor.copy_

    def halved(target: Any, source: Any) -> Any:
        half = len(source) // 2
        return exact(target[:half], source[:half])

    with short_bandwidth() as changed, patch.object(torch.Tensor, "copy_", halved):
        yield changed


@contextmanager
def a_triad_that_forgets_its_factor() -> Iterator[Any]:
    import torch

    exact = torch.add

    def without_factor(left: Any, right: Any, alpha: float, out: Any) -> Any:
        return exact(left, right, out=out)

    with short_bandwidth() as changed, patch.object(torch, "add", without_factor):
        yield changed


@contextmanager
def every_other_operation_dropped() -> Iterator[Any]:
    import torch

    exact, turns = torch.add, itertools.cycle((True, False))

    def dropping(left: Any, right: Any, out: Any) -> Any:
        return exact(left, right, out=out) if next(turns) else out

    with short_launch() as changed, patch.object(torch, "add", dropping):
        yield changed


@contextmanager
def mlx_operations_that_are_dropped() -> Iterator[Any]:
    import mlx.core as mx

    with short_launch() as changed, patch.object(mx, "add", lambda left, _: left):
        yield changed


@contextmanager
def a_device_that_nobody_waits_for() -> Iterator[Any]:
    """Products are only queued; reading something does them, synchronising does not."""
    import torch

    product, total, queue = torch.mm, torch.Tensor.sum, list[Any]()

    def queued(left: Any, right: Any, out: Any) -> Any:
        queue.append((left, right, out))
        return out

    def drained(tensor: Any, *words: Any) -> Any:
        while queue:
            left, right, out = queue.pop(0)
            product(left, right, out=out)
        return total(tensor, *words)

    with short_launch() as changed, patch.object(torch, "mm", queued), patch.object(torch.Tensor, "sum", drained):
        yield changed


@contextmanager
def a_clock_that_runs_back_while_it_waits() -> Iterator[Any]:
    from verify.checks.benchmark import kernel_launch
    from verify.probe.proof import ends

    lost = 0.0

    def back() -> None:
        nonlocal lost
        lost += 1.0

    lying = partial(ends, clock=lambda: time.perf_counter() - lost)
    with (
        short_launch() as changed,
        patch.object(kernel_launch, "ends", lying),
        patch.object(kernel_launch, "synchroniser", lambda _: back),
    ):
        yield changed


@contextmanager
def a_product_of_zeros() -> Iterator[Any]:
    import torch

    with short_launch() as changed, patch.object(torch, "mm", lambda *_, out: out.zero_()):
        yield changed
