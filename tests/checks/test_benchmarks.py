"""The formulas of the benchmarks, against numbers that were worked out by hand."""

import math
from pathlib import Path

import pytest

from verify.checks.benchmark import attention_speed
from verify.checks.benchmark.attention_speed import flops
from verify.checks.benchmark.bandwidth import SIZES, first_of_memory, levels
from verify.checks.benchmark.forward import Mlp, least_bytes
from verify.checks.benchmark.loading import PARAMETERS, PARAMETERS_PER_MS
from verify.checks.benchmark.matmul import Shape
from verify.checks.benchmark.sequence_length import EXPONENT, lengths_for, standard_error
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


@pytest.mark.parametrize(
    ("rates", "named"),
    [
        # A GPU whose copies of a few MB still wait for their launch: none is faster than its memory.
        ([400, 3300, 3700, 4150, 4250, 4300, 4320], ["dispatch", "ramp", "ramp", *["memory"] * 4]),
        ([52, 50, 74, 74, 43, 41], [*["cache"] * 4, *["memory"] * 2]),
        ([52, 50, 74, 74, 43], [*["cache"] * 4, "unsettled"]),
        ([10, 30, 40], ["dispatch", "ramp", "unsettled"]),
        # 6 because of a neighbour: the shortest call took a 37th of that time.
        ([14, 6, 21, 25, 33, 33, 33], ["dispatch", *["ramp"] * 3, *["memory"] * 3]),
        ([18, 18, 18], ["ramp", "memory", "memory"]),
    ],
)
def test_only_what_is_faster_than_memory_came_from_a_cache(rates: list[float], named: list[str]) -> None:
    assert levels({n: n / rate for n, rate in zip(SIZES["cuda"], rates, strict=False)}) == named


def test_attention_taken_apart_moves_its_scores() -> None:
    inputs, scores = 4 * 16 * 512 * 64 * 2, 16 * 512**2 * 4
    assert attention_speed.least_bytes("FLASH_ATTENTION", 16, 512, 2) == (inputs, inputs)
    assert attention_speed.least_bytes("MATH", 16, 512, 2) == (inputs + 2 * scores, inputs + scores)


@pytest.mark.parametrize("points", EXPONENT)
@pytest.mark.parametrize("power", [1.0, 1.5, 2.0])
def test_the_exponent_of_a_power_is_that_power_without_error(power: float, points: int) -> None:
    times = {f"t{point}": 0.003 * (128 * 2**point) ** power for point in range(1, points + 1)}
    exponent = evaluate(EXPONENT[points], times)
    assert exponent == pytest.approx(power)
    assert evaluate(standard_error(points), {**times, "exponent": exponent}) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("points", EXPONENT)
def test_the_exponent_and_its_error_are_those_of_least_squares(points: int) -> None:
    times = dict(list({"t1": 1.0, "t2": 2.2, "t3": 3.9, "t4": 8.5, "t5": 15.0}.items())[:points])
    across = [math.log(2) * point for point in range(points)]
    up = [math.log(time) for time in times.values()]
    middle, height = sum(across) / points, sum(up) / points
    spread = sum((x - middle) ** 2 for x in across)
    slope = sum((x - middle) * (y - height) for x, y in zip(across, up, strict=True)) / spread
    left = sum((y - height - slope * (x - middle)) ** 2 for x, y in zip(across, up, strict=True))
    assert evaluate(EXPONENT[points], times) == pytest.approx(slope)
    error = evaluate(standard_error(points), {**times, "exponent": slope})
    assert error == pytest.approx(math.sqrt(left / (points - 2) / spread))


@pytest.mark.parametrize(
    ("longest", "lengths"),
    [
        (16_384, [1024, 2048, 4096, 8192, 16_384]),
        (8192, [1024, 2048, 4096, 8192]),
        (4096, [512, 1024, 2048, 4096]),
        (512, [64, 128, 256, 512]),
    ],
)
def test_lengths_that_do_not_fit_are_left_out_but_never_more_than_a_line_needs(
    longest: int, lengths: list[int]
) -> None:
    assert lengths_for((1024, 2048, 4096, 8192, 16_384), lambda tokens: tokens <= longest) == lengths


def test_parameters_and_operations_are_counted_exactly() -> None:
    assert Blocks(12, 768).parameters == 85_054_464  # GPT-2's 124,439,808 less its embeddings and last norm
    assert PARAMETERS == 85_054_464 + (50_257 + 1024) * 768 + 2 * 768
    assert Mlp(3, 256).parameters == 3 * (256 * 256 + 256)
    assert Mlp(3, 256).flops(2) == 2 * 2 * 3 * 256 * 256
    # Weights of 0.8 MB, and 4096 rows that are read and written.
    assert least_bytes(Mlp(3, 256).parameters, (4096, 256)) == 4 * 3 * (256 * 256 + 256) + 8_388_608
    assert Shape(2, 3, 5).flops == 60
    assert Shape(2, 3, 5).conditions("float32", 4)["bytes"] == 4 * (6 + 15 + 10)
    # One token: all products of a block, and attention to itself alone.
    assert Blocks(1, 64).flops(1, 1) == 24 * 64**2 + 4 * 64
    assert flops(1, 2, 64) == 4 * 64 * 3
