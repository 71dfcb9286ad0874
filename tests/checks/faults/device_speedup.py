"""Two devices that do not do the same job: tried on the processor against itself, for want of another."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

LORA = "benchmark/device_speedup.lora_at_the_same_batch_is_timed_on_both_devices"

CASES = [
    ("an_optimiser_that_skips_its_step", LORA, "cpu", "final_loss"),
    ("weights_that_differ_between_the_devices", LORA, "cpu", "first_loss_gap"),
    ("batches_that_differ_between_the_devices", LORA, "cpu", "first_loss_gap"),
    ("a_loss_that_is_summed", LORA, "cpu", "initial_loss_from_chance"),
]


@contextmanager
def an_optimiser_that_skips_its_step() -> Iterator[None]:
    import torch

    with small(), patch.object(torch.optim.AdamW, "step", lambda _: None):
        yield


@contextmanager
def weights_that_differ_between_the_devices() -> Iterator[None]:
    import torch

    exact, calls = torch.manual_seed, itertools.count()
    with small(), patch.object(torch, "manual_seed", lambda _: exact(next(calls))):
        yield


@contextmanager
def batches_that_differ_between_the_devices() -> Iterator[None]:
    import torch

    exact, calls = torch.randint, itertools.count()

    def another(*shape: Any, generator: Any) -> Any:
        return exact(*shape, generator=generator.manual_seed(next(calls)))

    with small(), patch.object(torch, "randint", another):
        yield


@contextmanager
def a_loss_that_is_summed() -> Iterator[None]:
    from torch.nn import functional

    exact = functional.cross_entropy

    def summed(*words: Any, **settings: Any) -> Any:
        return exact(*words, **{**settings, "reduction": "sum"})

    with small(), patch.object(functional, "cross_entropy", summed):
        yield


@contextmanager
def small() -> Iterator[None]:
    """A model that a processor trains in milliseconds, on both sides."""
    from verify.checks.benchmark import device_speedup

    size = device_speedup.Size(layers=1, hidden=64, wide=128, heads=4, vocabulary=256, tokens=16)
    with patch.multiple(device_speedup, SIZE=size, TURNS=18, LEARNING_RATE=2e-3):
        yield
