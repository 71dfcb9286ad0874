from pathlib import Path
from typing import Any

import pytest

from tests import finetuned
from verify.checks.finetune.engine import Opened
from verify.checks.finetune.figures import record_losses, record_memory, record_rates, slope_of
from verify.probe.context import Context

GIGABYTE = 1_000_000_000


def context(tmp_path: Path) -> Context:
    return Context("mlx", 0, 1, tmp_path, tmp_path, tmp_path, tmp_path)


def values(ctx: Context) -> dict[str, float]:
    return {figure["name"]: figure["value"] for figure in ctx.measurements}


def opened(weight_bytes: int) -> Opened:
    return Opened(
        "mlx", "Apple M4 Pro", "bfloat16", 14_772_130_816, 2_097_152, weight_bytes, ("q_proj", "v_proj"), 16, 152064
    )


def lines(*losses: float, seconds: float = 10.0, first: float = 10.0) -> list[dict[str, Any]]:
    known = {"iterations": 1, "tokens": 100, "peak_memory_bytes": GIGABYTE}
    times = [first, *[seconds] * (len(losses) - 1)]
    return [
        {**known, "iteration": place, "loss": loss, "seconds": took}
        for place, (loss, took) in enumerate(zip(losses, times, strict=True), start=1)
    ]


def test_the_written_up_run_was_still_falling(tmp_path: Path) -> None:
    ctx = context(tmp_path)
    record_losses(ctx, finetuned.section()["trained"], dict(finetuned.HELD_OUT), 152_064)
    assert ctx.notes["training_loss_at_the_end"] == "still falling"
    assert values(ctx)["training_loss_slope"] == pytest.approx(-0.0084, abs=0.001)
    assert values(ctx)["held_out_loss_left"] == pytest.approx(0.939 / 1.928)
    assert not ctx.broken


@pytest.mark.parametrize(
    ("losses", "word"),
    [((3.0, 1.0, 1.0001, 1.0, 1.0), "flat"), ((3, 2, 1.5, 1.2, 1.0), "still falling"), ((1, 2, 2.5, 3, 4), "rising")],
)
def test_where_the_loss_was_going_is_told_from_its_last_lines(
    tmp_path: Path, losses: tuple[float, ...], word: str
) -> None:
    ctx = context(tmp_path)
    record_losses(ctx, lines(*losses), {0: 3.0, 5: 2.0}, 50_257)
    assert ctx.notes["training_loss_at_the_end"] == word


def test_a_held_out_loss_that_did_not_fall_fails(tmp_path: Path) -> None:
    ctx = context(tmp_path)
    record_losses(ctx, lines(3, 2, 1, 0.5), {0: 2.0, 4: 2.1}, 50_257)
    assert ctx.broken == ["held_out_loss_left is 1.05 1, must be at most 0.99"]


def test_a_model_that_says_every_token_alike_has_not_learned(tmp_path: Path) -> None:
    """A learning rate of 1e30 left such a one, and a loss a little below that of the random weights it began with."""
    ctx = context(tmp_path)
    record_losses(ctx, lines(12, 10.825, 10.825), {0: 12.0, 3: 10.8249}, 50_257)
    assert ctx.broken == ["final_loss is 10.8249 nat, must be at most 10.7167"]


def test_the_rate_leaves_the_start_up_out(tmp_path: Path) -> None:
    ctx = context(tmp_path)
    record_rates(ctx, lines(*[2.0] * 9, seconds=2.0, first=60.0))
    assert values(ctx)["tokens_per_second"] == 50
    assert values(ctx)["iterations_per_second"] == 0.5
    assert values(ctx)["seconds_per_iteration"] == 2
    assert values(ctx)["startup_seconds"] == pytest.approx(58)


def test_a_start_up_that_does_not_show_is_said_and_not_measured(tmp_path: Path) -> None:
    ctx = context(tmp_path)
    record_rates(ctx, lines(*[2.0] * 5, seconds=2.0, first=1.0))
    assert "startup_seconds" not in values(ctx)
    assert str(ctx.notes["startup"]).startswith("none")


def test_one_line_makes_no_rate(tmp_path: Path) -> None:
    ctx = context(tmp_path)
    record_rates(ctx, lines(2.0))
    assert not ctx.measurements


def test_a_peak_below_what_the_parts_take_together_fails(tmp_path: Path) -> None:
    """0.34 GB were once reported for a model whose weights alone have 0.498."""
    impossible, possible = context(tmp_path), context(tmp_path)
    told = [{**line, "peak_memory_bytes": 340_000_000} for line in lines(3, 2, 1)]
    record_memory(impossible, told, opened(498_000_000))
    assert "peak_memory_bytes is 3.4e+08 B, must be at least 5.23" in impossible.broken[0]
    record_memory(possible, lines(3, 2, 1), opened(498_000_000))
    assert not possible.broken


def test_a_slope_is_that_of_most_pairs_and_not_of_one_outlier() -> None:
    assert slope_of([1, 2, 3, 4, 5], [5, 4, 30, 2, 1]) == -1
