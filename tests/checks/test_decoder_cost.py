"""What a decoder costs, against numbers worked out by hand, and where generation then lies under its roofs."""

from pathlib import Path

import pytest

from tests import examples
from tests.examples import measured, result
from verify.checks.benchmark.generation import Written, _record
from verify.checks.models.decoder_cost import DecoderCost
from verify.probe.context import Context
from verify.report.roofline import positions
from verify.report.upgrade import newest

SMOLLM2 = DecoderCost(layers=30, width=576, inner=1536, heads=9, groups=3, vocabulary=49_152)
SMALL = DecoderCost(layers=1, width=4, inner=8, heads=2, groups=1, vocabulary=10)
FP32 = {"dtype": "float32"}


def test_the_parameters_of_smollm2_are_those_of_its_checkpoint() -> None:
    assert SMOLLM2.parameters == 134_515_008


def test_operations_of_a_pass_are_counted_exactly() -> None:
    # Queries and outputs of 4 x 4, keys and values of 4 x 2, three matrices of 4 x 8: 144; a head of 40.
    assert (SMALL.multiplied, SMALL.head, SMALL.parameters) == (144, 40, 144 + 40 + 3 * 4)
    # Three tokens see 1, 2 and 3 of them, each with two products of 4; the head is computed once.
    assert SMALL.flops(1, 3) == 2 * (3 * 144 + 40) + 4 * 4 * 6
    assert SMALL.flops(2, 3) == 2 * SMALL.flops(1, 3)
    # One more token sees itself and five before it.
    assert SMALL.flops(1, 1, before=5) == 2 * (144 + 40) + 4 * 4 * 6
    assert SMALL.flops(1, 3, answers=3) == SMALL.flops(1, 3) + 2 * 2 * 40


def test_reading_in_two_parts_costs_what_reading_at_once_does() -> None:
    parts = SMALL.flops(1, 7, answers=0) + SMALL.flops(1, 5, before=7)
    assert parts == SMALL.flops(1, 12)


def test_weights_move_once_for_all_texts_and_keys_for_each() -> None:
    # Keys and values of one head of 2, in one layer: 4 numbers a token.
    assert SMALL.least_bytes(1, 1, before=5) == 4 * (196 + 4 * 6)
    assert SMALL.least_bytes(8, 1, before=5) == 4 * (196 + 8 * 4 * 6)
    assert SMALL.least_bytes(1, 1, before=5, element=2) == 2 * (196 + 4 * 6)


@pytest.mark.parametrize("device", ["cpu", "mlx"])
def test_reading_is_bound_by_arithmetic_and_writing_by_memory(device: str, tmp_path: Path) -> None:
    context = Context(device, 0, 2, tmp_path, tmp_path, tmp_path, tmp_path)
    one = Written([[7] * 32], 0.8, (0.03,) * 31)
    _record(context, [one] * 3, (1, 256), SMOLLM2, None)
    roofs = [
        result("matmul.rate", device, measurements=[measured("best_seen_gflops", [200], "GFLOPS", conditions=FP32)]),
        result(
            "bandwidth.copy",
            device,
            measurements=[measured("best_seen_copy_rate", [40], "GB/s", conditions={**FP32, "level": "memory"})],
        ),
    ]
    taken = result("generation.rate", device, measurements=context.measurements)
    lying = {one.figure.name: one for one in positions(newest(examples.draft(results=[*roofs, taken])))}
    assert lying["seconds_to_first_token"].label == "compute-bound"
    assert lying["seconds_to_first_token"].share == pytest.approx(56.69 / 200 / 0.8, rel=1e-3)
    assert lying["seconds_per_token"].label == "bandwidth-bound"
    # 538.06 MB of weights, and 46,080 bytes a token for 272 tokens.
    assert lying["seconds_per_token"].share == pytest.approx(0.5506 / 40 / 0.03, rel=1e-3)
