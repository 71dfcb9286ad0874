"""Sums are redone, and nature has limits."""

from typing import Any

import pytest

from tests import examples
from tests.examples import derived, measured, policy, result
from verify.judge.hardware import Hardware
from verify.judge.verdict import judge
from verify.report.v2 import Finding

FP32 = {"dtype": "float32"}


def findings(*figures: examples.Data, device: str | None = "mps", **changes: Any) -> list[Finding]:
    """What the rules find in a passed check with these figures."""
    draft = examples.draft(results=[result("a.b", device, measurements=list(figures), **changes)])
    return list(judge(draft, policy()).findings)


def rules(*figures: examples.Data, **changes: Any) -> list[str]:
    """The rules that find something."""
    return [finding.rule for finding in findings(*figures, **changes)]


def test_sums_that_are_right_are_not_flagged() -> None:
    rate = derived(
        "rate", "2 * n ** 3 / seconds / 1e9", 2 * 512**3 / 0.00013 / 1e9, "GFLOPS", {"n": 512, "seconds": 0.00013}
    )
    assert rules(rate, measured("time", [1, 3, 2], "s"), measured("even", [1, 2], "s")) == []


@pytest.mark.parametrize(
    ("formula", "stated", "inputs"),
    [
        ("2 * n ** 3 / seconds / 1e9", 2014.0, {"n": 512, "seconds": 0.00013}),
        ("parameters / milliseconds", 7000, {"parameters": 124439808, "milliseconds": 9310}),
        ("100 * some / all", 99, {"some": 1179648, "all": 125619456}),
    ],
)
def test_sums_that_are_wrong_are_shown_with_the_right_one(
    formula: str, stated: float, inputs: dict[str, float]
) -> None:
    (finding,) = findings(derived("figure", formula, stated, "1", inputs))
    assert (finding.rule, finding.severity) == ("recompute.value", "error")
    assert formula in finding.message


@pytest.mark.parametrize("formula", ["n / 0", "m * 2", "__import__('os')", "9 ** 9 ** 9", "n +"])
def test_a_formula_without_a_value_is_found(formula: str) -> None:
    assert rules(derived("figure", formula, 1, "1", {"n": 1})) == ["recompute.value"]


def test_a_value_that_is_not_the_median_is_found() -> None:
    assert rules(measured("time", [1, 2, 30], "s", value=1)) == ["recompute.value"]


def test_a_curve_is_worth_its_last_sample_and_nothing_else() -> None:
    assert rules(measured("loss", [3, 1, 2], "nat", along="step", value=2)) == []
    assert rules(measured("loss", [3, 1, 2.5], "nat", along="step", value=2.5)) == []
    assert rules(measured("loss", [3, 2, 1], "nat", along="step", value=2)) == ["recompute.value"]


@pytest.mark.parametrize("limits", [{"at_most": 1.5}, {"at_least": 2.5}, {"equals": 2.0000001}])
def test_a_check_that_passed_beyond_its_limit_is_found(limits: dict[str, float]) -> None:
    figure = measured("gap", [2], "1", limits=limits)
    assert rules(figure) == ["recompute.limit"]
    failed = examples.not_passed("failed", "gap is 2 1, must be otherwise")
    assert "recompute.limit" not in rules(figure, **failed)


def test_a_percentage_of_the_peak_is_redone() -> None:
    share = {"percent": 99, "peak": 27200, "source": "a datasheet"}
    assert rules(measured("rate", [12634], "1", percent_of_peak=share)) == ["recompute.percent"]
    assert rules(measured("rate", [12634], "1", percent_of_peak=share | {"percent": 1263400 / 27200})) == []


@pytest.mark.parametrize(("unit", "sample"), [("s", 0), ("ms", -1), ("GFLOPS", 0), ("tokens/s", -3), ("GB/s", 0)])
def test_no_time_and_no_rate_is_zero_or_less(unit: str, sample: float) -> None:
    assert rules(measured("it", [1, sample, 1], unit)) == ["physics.not_positive"]


def test_other_figures_may_be_zero() -> None:
    assert rules(measured("gap", [0], "1"), measured("left", [0], "B"), measured("loss", [-1], "nat")) == []


def test_nothing_passes_in_no_time() -> None:
    assert rules(seconds=0) == ["physics.no_time"]


def verified(value: bool) -> Hardware:
    """The datasheets, as if all or none had been read in their source."""
    hardware = examples.hardware()
    return Hardware(parts=tuple(part.model_copy(update={"verified": value}) for part in hardware.parts))


@pytest.mark.parametrize(
    ("figure", "flagged"),
    [
        (measured("rate", [12634], "GFLOPS", conditions=FP32), False),
        (measured("rate", [22000], "GFLOPS", conditions=FP32), False),
        (measured("rate", [22600], "GFLOPS", conditions=FP32), True),
        (measured("rate", [22.6], "TFLOPS", conditions={"dtype": "torch.float32"}), True),
        (measured("rate", [100, 100, 22600], "GFLOPS", conditions=FP32), True),
        (measured("rate", [90000], "GFLOPS", conditions={"dtype": "bfloat16"}), False),
        (measured("copy", [357], "GB/s"), False),
        (measured("copy", [1672], "GB/s"), True),
        (measured("copy", [1672], "GB/s", conditions={"level": "cache"}), False),
        (measured("copy", [1.672], "TB/s", conditions={"level": "memory"}), True),
    ],
)
def test_nothing_exceeds_the_datasheet(figure: examples.Data, flagged: bool) -> None:
    draft = examples.draft(results=[result("a.b", "mps", measurements=[figure])])
    sure = judge(draft, policy(hardware=verified(True)))
    assert [finding.rule for finding in sure.findings] == ["physics.above_peak"] * flagged
    assert sure.value == ("refused" if flagged else "certified")
    unsure = judge(draft, policy(hardware=verified(False)))
    assert [finding.grade for finding in unsure.findings] == ["likely"] * flagged
    assert unsure.value == ("conditional" if flagged else "certified")


def test_what_has_no_datasheet_has_no_peak() -> None:
    assert rules(measured("copy", [1672], "GB/s"), device="cpu") == []
    assert rules(measured("copy", [1672], "GB/s"), device=None) == []


def test_what_ended_at_chance_has_not_learned() -> None:
    chance = derived("chance_loss", "ln(classes)", 2.302585092994046, "nat", {"classes": 10})
    assert rules(measured("final_loss", [2.31], "nat"), chance) == ["chance.not_learned"]
    assert rules(measured("final_loss", [2.31], "nat"), chance, notes={"control": True}) == []
    assert rules(measured("final_loss", [0.1], "nat"), chance) == []
    assert rules(notes={"final_loss": 10.4, "chance_loss": 10.3}) == ["chance.not_learned"]


def test_what_a_datasheet_says_is_not_computed_again() -> None:
    peak = measured("peak", [800], "GB/s", provenance="datasheet", source="a datasheet") | {"samples": []}
    assert rules(peak) == []
