"""The formulas of the benchmarks, against numbers that were worked out by hand."""

import math
from pathlib import Path

import pytest

from verify.checks.benchmark.attention_speed import flops
from verify.checks.benchmark.bandwidth import first_of_memory
from verify.checks.benchmark.forward import Mlp
from verify.checks.benchmark.loading import PARAMETERS, PARAMETERS_PER_MS
from verify.checks.benchmark.matmul import Shape
from verify.checks.benchmark.sequence_length import EXPONENT, STANDARD_ERROR
from verify.checks.models.block_stack import Blocks
from verify.probe.context import Context
from verify.probe.formula import evaluate


def test_parameters_per_ms_is_what_was_loaded_over_how_long_it_took(tmp_path: Path) -> None:
    """Once printed as 7,000 for GPT-2's 124,439,808 parameters in 9,310 ms."""
    context = Context("cpu", 0, 1, tmp_path, tmp_path, tmp_path, tmp_path)
    rate = context.derive("rate", PARAMETERS_PER_MS, unit="1/ms", parameters=PARAMETERS, seconds=9.310)
    assert PARAMETERS == 124_439_808
    assert rate == pytest.approx(13_366, abs=0.5)


@pytest.mark.parametrize(
    ("rates", "first"),
    [
        ([52, 50, 74, 74, 43, 41], 4),  # 74 twice is a plateau, of a cache
        ([52, 20, 19, 18, 18], 2),
        ([52, 20, 18.5, 18, 18], 2),
        ([52, 50, 74, 74, 43], None),
        ([18, 18, 18], 1),  # the least is a core's cache, however fast memory is
    ],
)
def test_memory_begins_where_the_rate_stops_falling(rates: list[float], first: int | None) -> None:
    assert first_of_memory(rates) == first


@pytest.mark.parametrize("power", [1.0, 1.5, 2.0])
def test_the_exponent_of_a_power_is_that_power_without_error(power: float) -> None:
    times = {f"t{point}": 0.003 * (128 * 2**point) ** power for point in range(1, 6)}
    exponent = evaluate(EXPONENT, times)
    assert exponent == pytest.approx(power)
    assert evaluate(STANDARD_ERROR, {**times, "exponent": exponent}) == pytest.approx(0, abs=1e-6)


def test_the_exponent_and_its_error_are_those_of_least_squares() -> None:
    times = {"t1": 1.0, "t2": 2.2, "t3": 3.9, "t4": 8.5, "t5": 15.0}
    across = [math.log(2) * point for point in range(5)]
    up = [math.log(time) for time in times.values()]
    middle, height = sum(across) / 5, sum(up) / 5
    spread = sum((x - middle) ** 2 for x in across)
    slope = sum((x - middle) * (y - height) for x, y in zip(across, up, strict=True)) / spread
    left = sum((y - height - slope * (x - middle)) ** 2 for x, y in zip(across, up, strict=True))
    assert evaluate(EXPONENT, times) == pytest.approx(slope)
    error = evaluate(STANDARD_ERROR, {**times, "exponent": slope})
    assert error == pytest.approx(math.sqrt(left / 3 / spread))


def test_parameters_and_operations_are_counted_exactly() -> None:
    assert Blocks(12, 768).parameters == 85_054_464  # GPT-2's 124,439,808 less its embeddings and last norm
    assert PARAMETERS == 85_054_464 + (50_257 + 1024) * 768 + 2 * 768
    assert Mlp(3, 256).parameters == 3 * (256 * 256 + 256)
    assert Mlp(3, 256).flops(2) == 2 * 2 * 3 * 256 * 256
    assert Shape(2, 3, 5).flops == 60
    assert Shape(2, 3, 5).conditions("float32", 4)["bytes"] == 4 * (6 + 15 + 10)
    # One token: all products of a block, and attention to itself alone.
    assert Blocks(1, 64).flops(1, 1) == 24 * 64**2 + 4 * 64
    assert flops(1, 2, 64) == 4 * 64 * 3
