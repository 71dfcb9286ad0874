"""What was measured scatters."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.judge.audit.documents import claim, document, rules
from verify.claims.claim import Document


def _pairs(*times: tuple[str, str]) -> Document:
    claims = [
        claim("duration", told, "s", line=10 * place, device=device, samples=samples, section=("Report", f"{place}"))
        for place, (pair, samples) in enumerate(zip(times, (30, 70, 200), strict=True))
        for device, told in zip(("cpu", "mps"), pair, strict=True)
    ]
    return document(*claims)


def test_one_ratio_over_all_sizes_was_extrapolated() -> None:
    assert rules(_pairs(("100", "40"), ("250", "100"), ("700", "280"))) == ["regularity.ratios"]
    assert rules(_pairs(("100", "40"), ("250", "101"), ("700", "280"))) == []


def test_times_that_are_exactly_proportional_were_extrapolated() -> None:
    sized = [
        claim("duration", told, "s", device="cpu", model=model)
        for told, model in (("90", "x-0.5b"), ("270", "x-1.5b"), ("540", "x-3b"))
    ]
    assert rules(document(*sized)) == ["regularity.proportional"]
    assert rules(document(*sized[:2], claim("duration", "560", "s", device="cpu", model="x-3b"))) == []


@given(st.lists(st.integers(100, 9999), min_size=6, max_size=6, unique=True))
def test_figures_that_scatter_are_no_fault(times: list[int]) -> None:
    pairs = [(str(max(pair)), str(min(pair))) for pair in zip(times[::2], times[1::2], strict=True)]
    ratios = {f"{int(slow) / int(fast):.3g}" for slow, fast in pairs}
    assume(len(ratios) > 1)
    assert "regularity.ratios" not in rules(_pairs(*pairs))


@pytest.mark.parametrize("times", [(("100", "40"), ("100", "40"), ("100", "40"))])
def test_one_time_that_is_told_again_is_no_series(times: tuple[tuple[str, str], ...]) -> None:
    assert "regularity.ratios" not in rules(_pairs(*times))
