from pathlib import Path

import pytest

from verify.probe.context import Context, Failed, Skipped


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    return Context("cpu", 1, 1, tmp_path, tmp_path, tmp_path, tmp_path)


def test_a_requirement_that_does_not_hold_fails_at_once(ctx: Context) -> None:
    ctx.require(True, "unseen")
    with pytest.raises(Failed, match="the sky fell"):
        ctx.require(False, "the sky fell")
    assert ctx.assertions == 2


def test_a_skip_carries_its_reason(ctx: Context) -> None:
    with pytest.raises(Skipped, match="no such device"):
        ctx.skip("no such device")


def test_a_measurement_keeps_all_samples_and_returns_their_median(ctx: Context) -> None:
    assert ctx.measure("time", [3.0, 1.0, 2.0], unit="s", conditions={"n": 8}) == 2.0
    (kept,) = ctx.measurements
    assert kept["samples"] == [3.0, 1.0, 2.0]
    assert kept["value"] == 2.0
    assert kept["conditions"] == {"n": 8}
    assert kept["provenance"] == "measured"
    assert ctx.assertions == 0


def test_a_curve_is_worth_its_last_sample(ctx: Context) -> None:
    assert ctx.measure("loss", [3.0, 1.0, 2.0], unit="nat", along="step", at_most=2.0) == 2.0
    assert (ctx.measurements[0]["value"], ctx.measurements[0]["along"], ctx.broken) == (2.0, "step", [])


@pytest.mark.parametrize(
    ("limits", "why"),
    [({"at_most": 1.0}, "at most 1"), ({"at_least": 3.0}, "at least 3"), ({"equals": 2.5}, "equals 2.5")],
)
def test_a_broken_limit_is_kept_for_the_end(ctx: Context, limits: dict[str, float], why: str) -> None:
    ctx.measure("gap", 2.0, unit="1", **limits)  # type: ignore[arg-type]
    assert ctx.broken == [f"gap is 2 1, must be {why}"]
    assert ctx.assertions == 1


def test_limits_that_hold_break_nothing(ctx: Context) -> None:
    ctx.measure("gap", 2.0, unit="1", at_most=2.0, at_least=2.0, equals=2)
    assert (ctx.broken, ctx.assertions) == ([], 3)


@pytest.mark.parametrize("samples", [[], float("nan"), [1.0, float("inf"), 2.0]])
def test_what_is_not_finite_breaks_and_is_not_recorded(ctx: Context, samples: list[float] | float) -> None:
    ctx.measure("loss", samples, unit="1")
    assert "not finite" in ctx.broken[0]
    assert ctx.measurements == []


def test_a_derived_figure_keeps_its_formula_and_inputs(ctx: Context) -> None:
    assert ctx.derive("share", "100 * part / whole", unit="%", part=1, whole=4) == 25.0
    (kept,) = ctx.measurements
    assert (kept["formula"], kept["inputs"]) == ("100 * part / whole", {"part": 1, "whole": 4})
    assert (kept["provenance"], kept["samples"]) == ("derived", [])
