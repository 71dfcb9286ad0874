"""Figures that follow from others are what they come to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.judge.audit.documents import audited, claim, document, rules
from verify.claims.claim import Claim, Document


def _matmul(seconds: str, gigaflops: str, size: int = 700) -> Document:
    return document(claim("matmul_time", seconds, "s", size=size), claim("matmul_rate", gigaflops, "GFLOPS", size=size))


def test_a_rate_follows_from_the_size_and_the_time() -> None:
    assert rules(_matmul("0.00035", "1960")) == []
    (finding,) = audited(_matmul("0.00035", "2400"))
    assert (finding.rule, finding.subject) == ("recompute.value", "matmul_rate")
    assert finding.recomputed == pytest.approx(1960)


@given(st.integers(16, 4096), st.floats(1e-4, 1e-1))
def test_a_rate_that_was_computed_before_the_time_was_rounded_is_right(size: int, seconds: float) -> None:
    assert rules(_matmul(f"{seconds:.5f}", f"{2 * size**3 / seconds / 1e9:.2f}", size)) == []


@given(st.floats(1.5, 20))
def test_a_rate_that_is_too_high_is_found(factor: float) -> None:
    assert rules(_matmul("0.00350", f"{196 * factor:.2f}")) == ["recompute.value"]


@pytest.mark.parametrize(
    ("stated", "about", "expected"),
    [
        ("5,000", False, []),
        ("5,100", True, []),
        ("5,900", True, ["recompute.value"]),
        ("50", False, ["recompute.value"]),
    ],
)
def test_a_rate_of_loading_follows_from_parameters_and_time(stated: str, about: bool, expected: list[str]) -> None:
    told = claim("parameters", "60,000,000"), claim("load_time", "12.0", "s")
    rate = claim("load_rate", stated, "parameters/ms", about=about)
    assert rules(document(*told, rate)) == (expected)


LORA = (
    claim("trainable_parameters", "500,000"),
    claim("parameters", "99,500,000"),
    claim("total_parameters", "100,000,000"),
)


@pytest.mark.parametrize(("share", "expected"), [("0.5", []), ("0.50", []), ("0.7", ["recompute.value"])])
def test_a_share_is_that_of_its_counts(share: str, expected: list[str]) -> None:
    assert rules(document(*LORA, claim("share", share, "%"))) == expected


def test_a_total_is_the_base_and_what_is_trained() -> None:
    assert rules(document(*LORA[:2], claim("total_parameters", "101,000,000"))) == ["recompute.value"]


def test_a_share_of_the_parameters_is_no_share_of_the_memory() -> None:
    (finding,) = audited(document(*LORA, claim("saving", "99.5", "%", whole="memory")))
    assert finding.rule == "recompute.saving"
    assert finding.recomputed == pytest.approx(100 * (1 - (4 * 100e6 + 12 * 5e5) / (16 * 99.5e6)))
    assert rules(document(*LORA, claim("saving", "99.5", "%", whole="parameters"))) == []
    assert rules(document(*LORA, claim("saving", "74.5", "%", whole="memory"))) == []


@pytest.mark.parametrize(("scale", "expected"), [("2.0", []), ("20.0", ["recompute.scale"])])
def test_a_scale_is_alpha_over_rank(scale: str, expected: list[str]) -> None:
    assert rules(document(claim("alpha", "32.0"), claim("rank", "16"), claim("scale", scale))) == expected


@pytest.mark.parametrize(("result", "expected"), [("24", []), ("26", ["recompute.value"])])
def test_a_sum_that_is_written_out_comes_to_its_result(result: str, expected: list[str]) -> None:
    assert rules(document(claim("sum", result, formula="3 * 8"))) == expected


@pytest.mark.parametrize(
    ("line", "result", "expected"),
    [
        ("so 2 * 7 = 15", "15", ["recompute.value"]),
        ("so 2*7=15", "15", ["recompute.value"]),
        ("so 2 * 7 = 14", "14", []),
        ("so (3 + 4) / 2 * 7 = 24.5", "24.5", []),
        ("so 10^2 * 7 = 700", "700", []),
    ],
)
def test_a_part_of_a_sum_is_no_sum(line: str, result: str, expected: list[str]) -> None:
    assert rules(document(claim("sum", result, formula="2 * 7"), lines=(line,))) == expected


@pytest.mark.parametrize(
    ("result", "expected"), [("2.66", []), ("2.67", []), ("2.7", []), ("2.5", ["recompute.value"])]
)
def test_a_result_that_was_cut_off_is_right(result: str, expected: list[str]) -> None:
    assert rules(document(claim("sum", result, formula="8 / 3"))) == expected


def _speedup(stated: str, high: str = "") -> tuple[Claim, ...]:
    return (
        claim("duration", "30", "s", device="cpu"),
        claim("duration", "6", "s", high="10", device="mps"),
        claim("speedup", stated, "x", high=high, device="mps"),
    )


@pytest.mark.parametrize(
    ("stated", "high", "expected"),
    [
        ("3", "5", []),
        ("3.0", "5.0", []),
        ("4", "5", ["recompute.value"]),
        ("4", "", []),
        ("8", "", ["recompute.value"]),
    ],
)
def test_a_speedup_has_the_range_of_its_times(stated: str, high: str, expected: list[str]) -> None:
    assert rules(document(*_speedup(stated, high))) == expected


def test_a_slowdown_may_be_that_of_rates() -> None:
    told = claim("token_rate", "900", "tokens/s", run="a"), claim("token_rate", "300", "tokens/s", run="b")
    assert rules(document(*told, claim("slowdown", "3.0", "x"))) == []
    assert rules(document(*told, claim("slowdown", "4.0", "x"))) == ["recompute.value"]


def test_what_is_expected_and_what_all_others_are_held_against_was_not_computed() -> None:
    times = _speedup("4")[:2]
    assert rules(document(*times, claim("speedup", "9", "x", device="mps", stated_as="estimated"))) == []
    assert rules(document(*times, claim("speedup", "1", "x", device="cpu"))) == []


def test_of_several_figures_of_a_section_one_has_to_fit() -> None:
    several = claim("batch", "4", line=1), claim("batch", "16", line=2), claim("accumulation", "2", line=3)
    assert rules(document(*several, claim("effective_batch", "8", line=9))) == []
    assert rules(document(*several, claim("effective_batch", "32", line=9))) == []
    assert rules(document(*several, claim("effective_batch", "64", line=9))) == ["recompute.value"]
