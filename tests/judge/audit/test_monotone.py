"""More work does not take less time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.judge.audit.documents import claim, document, rules


def _rates(*told: float) -> list[str]:
    rates = [claim("training_rate", f"{rate:.0f}", "samples/s", batch=4 * 2**place) for place, rate in enumerate(told)]
    return rules(document(*rates))


def test_a_first_batch_that_was_not_warm_is_found() -> None:
    assert _rates(1000, 4000, 6000) == ["monotone.step_time"]


def test_one_batch_that_was_timed_twice_is_no_series() -> None:
    twice = [claim("training_rate", told, "samples/s", batch=8) for told in ("1000", "1500")]
    assert rules(document(*twice)) == []


def test_steps_that_all_cost_the_same_are_noted() -> None:
    assert _rates(1000, 1990) == ["monotone.constant"]


@given(st.floats(1.15, 1.95))
def test_a_step_that_grows_with_its_batch_is_no_fault(growth: float) -> None:
    assert _rates(*(4000 * (2 / growth) ** place for place in range(3))) == []


@pytest.mark.parametrize(("deep", "expected"), [("0.0090", []), ("0.0020", ["monotone.time"])])
def test_a_deeper_network_takes_no_less_time(deep: str, expected: list[str]) -> None:
    passes = (
        claim("forward_time", "0.0030", "s", layers=2, hidden=64),
        claim("forward_time", deep, "s", layers=8, hidden=256),
    )
    assert rules(document(*passes)) == expected


def test_an_activation_is_no_slower_than_a_network() -> None:
    network = claim("forward_time", "0.0030", "s", layers=8)
    slow, fast = (claim("activation_time", told, "s", function="relu") for told in ("0.0040", "0.0001"))
    assert rules(document(network, slow)) == ["monotone.activation"]
    assert rules(document(network, fast)) == []


def test_functions_that_all_take_as_long_were_not_told_apart() -> None:
    told = zip(("relu", "gelu", "silu"), ("0.00101", "0.00102", "0.00100"), strict=True)
    assert rules(document(*(claim("activation_time", time, "s", function=name) for name, time in told))) == [
        "monotone.constant"
    ]


def test_a_much_larger_model_takes_no_less_memory() -> None:
    def model(name: str, parameters: str, peak: str) -> tuple[object, ...]:
        section = ("Report", name)
        return claim("parameters", parameters, section=section), claim("memory_peak", peak, "GB", section=section)

    small, large = model("small", "50,000", "0.40"), model("large", "90,000,000", "0.38")
    assert rules(document(*small, *large)) == ["monotone.memory"]  # type: ignore[arg-type]
    assert rules(document(*small, *model("large", "90,000,000", "0.80"))) == []  # type: ignore[arg-type]
