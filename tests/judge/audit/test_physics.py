"""Nothing is faster than its datasheet, and nothing needs less than its weights."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.judge.audit.documents import audited, claim, document, machine, pinned, rules

M2_PRO = (machine(chip="M2 Pro"),)


@pytest.mark.parametrize(("told", "expected"), [("150", []), ("200", []), ("230", ["physics.above_datasheet"])])
def test_no_bandwidth_exceeds_the_datasheet(told: str, expected: list[str]) -> None:
    assert rules(document(claim("bandwidth", told, "GB/s", device="mps"), machines=M2_PRO)) == expected


def test_a_rate_may_be_that_of_the_fastest_variant() -> None:
    rate = claim("matmul_rate", "6500", "GFLOPS", size=1024)
    assert rules(document(rate, machines=M2_PRO)) == []
    assert rules(document(rate, machines=(machine(chip="M2 Pro", gpu_cores=16),))) == ["physics.above_datasheet"]


def _series(*told: str) -> list[str]:
    sized = [claim("bandwidth", text, "GB/s", size=512 * 2**place) for place, text in enumerate(told)]
    return rules(document(*sized, machines=M2_PRO))


def test_what_a_larger_size_needs_beyond_a_smaller_one_is_not_faster_than_memory() -> None:
    # Four times the bytes in 1.03 times the time.
    assert _series("30.0", "117.0", "150.0") == ["physics.marginal_bandwidth"]


@given(st.floats(20, 190), st.floats(0.0001, 0.01))
def test_a_start_up_before_a_steady_rate_is_no_fault(rate: float, startup: float) -> None:
    sizes = [(512 * 2**place) ** 2 * 8 / 1e9 for place in range(3)]
    assert _series(*(f"{size / (startup + size / rate):.3f}" for size in sizes)) == []


def _forward(seconds: str, bandwidth: str, architecture: str = "transformer") -> list[str]:
    passed = claim("forward_time", seconds, "s", layers=24, hidden=1024, architecture=architecture)
    return rules(
        document(passed, claim("bandwidth", bandwidth, "GB/s"), pinned=pinned(torch="2.14.0")),
        but=("hygiene", "combination"),
    )


def test_no_forward_pass_is_faster_than_reading_its_weights() -> None:
    # 24 layers of 12 x 1024^2 weights of 4 bytes are 1.21 GB.
    assert _forward("0.0100", "150") == []
    assert _forward("0.0050", "150") == ["physics.below_weights_read"]
    assert _forward("0.0050", "150", architecture="mlp") == []


def test_a_peak_of_memory_holds_the_weights() -> None:
    told = claim("parameters", "200,000,000"), claim("memory_peak", "0.60", "GB")
    torch = pinned(torch="2.14.0")
    (finding,) = audited(document(*told, pinned=torch), but=("hygiene", "combination"))
    assert (finding.rule, finding.recomputed) == ("physics.memory_below_weights", 0.8)
    half = claim("memory_peak", "0.60", "GB", dtype="float16")
    assert rules(document(told[0], half, pinned=torch), but=("hygiene", "combination")) == []
    assert rules(document(*told)) == []


@pytest.mark.parametrize(
    ("settings", "versions", "expected"),
    [
        ({"model": "gpt2"}, {"torch": "2.16.0", "transformers": "5.1.0"}, ["physics.memory_below_weights"]),
        ({"model": "other"}, {"torch": "2.16.0"}, []),
        ({"run": "a"}, {"torch": "2.16.0"}, ["physics.memory_below_weights"]),
        ({"model": "other-4bit"}, {"torch": "2.16.0"}, []),
        ({"model": "other", "technique": "qlora"}, {"torch": "2.16.0"}, []),
        ({"run": "a", "technique": "qlora"}, {"torch": "2.16.0"}, []),
        ({"model": "other", "device": "mlx"}, {"torch": "2.16.0"}, []),
    ],
)
def test_a_weight_has_the_least_bytes_that_are_left_open(
    settings: dict[str, Any], versions: dict[str, str], expected: list[str]
) -> None:
    told = claim("parameters", "200,000,000", **settings), claim("memory_peak", "0.60", "GB", **settings)
    assert rules(document(*told, pinned=pinned(**versions)), but=("hygiene", "combination")) == expected


def test_what_fits_a_cache_need_not_come_from_memory() -> None:
    passed = claim("forward_time", "0.00010", "s", layers=4, hidden=512, model="transformer")
    assert rules(document(passed, claim("bandwidth", "150", "GB/s"), pinned=pinned(torch="2.16.0"))) == []


def test_the_cores_are_not_held_against_the_gpu_s_memory() -> None:
    gpu = (machine(gpu="NVIDIA GeForce RTX 4060 Ti"),)
    assert rules(document(claim("bandwidth", "410", "GB/s", device="cpu"), machines=gpu)) == []
    assert rules(document(claim("bandwidth", "410", "GB/s", size=64, level="cache"), machines=gpu)) == []
    assert rules(document(claim("bandwidth", "410", "GB/s", device="cuda"), machines=gpu)) == [
        "physics.above_datasheet"
    ]


def test_a_peak_is_not_held_against_one_of_several_models() -> None:
    several = [claim("parameters", count, line=line) for line, count in ((1, "300,000,000"), (2, "200,000,000"))]
    peak = claim("memory_peak", "0.60", "GB", line=2)
    torch = pinned(torch="2.16.0")
    assert rules(document(*several, peak, pinned=torch)) == ["physics.memory_below_weights"]
    elsewhere = claim("memory_peak", "0.60", "GB", line=9)
    assert rules(document(*several, elsewhere, pinned=torch)) == []


def test_a_rate_that_is_tied_to_nothing_may_be_of_a_network() -> None:
    assert rules(document(claim("bandwidth", "800", "GB/s"), machines=M2_PRO)) == []
