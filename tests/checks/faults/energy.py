"""Counters of energy that do not count, or count something else."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

ENERGY = "benchmark/energy.training_takes_the_energy_that_is_counted"
RANGE = 262_143_328_850

CASES = [
    ("a_counter_that_stands_still", ENERGY, "cpu", "rapl package counted 0 J"),
    ("a_counter_that_is_reset", ENERGY, "cpu", "watts"),
    ("an_optimiser_that_only_takes_energy", ENERGY, "cpu", "loss_fallen"),
]


@contextmanager
def a_counter_that_stands_still() -> Iterator[None]:
    with counted([5_000_000]):
        yield


@contextmanager
def a_counter_that_is_reset() -> Iterator[None]:
    # It has not wrapped round: it was far from its range.
    with counted([7_000_000, 8_000_000, 9_000_000, 1_000]):
        yield


@contextmanager
def an_optimiser_that_only_takes_energy() -> Iterator[None]:
    import torch

    with (
        counted([7_000_000, 8_000_000, 9_000_000, 12_000_000]),
        patch.object(torch.optim.AdamW, "step", lambda _: None),
    ):
        yield


@contextmanager
def counted(shown: list[int]) -> Iterator[None]:
    """A processor package whose counter shows these, one a reading, and the last of them for ever."""
    from verify.checks.benchmark import energy
    from verify.checks.measures import energy_counters
    from verify.checks.models.bert import Shape

    exact, left = energy_counters.rapl, list(shown)
    with tempfile.TemporaryDirectory() as folder:
        zone = Path(folder) / "intel-rapl:0"
        zone.mkdir()
        (zone / "name").write_text("package-0\n", encoding="ascii")
        (zone / "max_energy_range_uj").write_text(f"{RANGE}\n", encoding="ascii")

        def read() -> Any:
            (zone / "energy_uj").write_text(f"{left.pop(0) if len(left) > 1 else left[0]}\n", encoding="ascii")
            return exact(Path(folder))

        small = {"cpu": Shape(layers=1, tokens=32, vocabulary=1_000, hidden=64)}
        short = patch.multiple(energy, SHAPES=small, BUDGET_SECONDS=1.0, IDLE_SECONDS=0.2)
        with short, patch.object(energy_counters, "rapl", read):
            yield
