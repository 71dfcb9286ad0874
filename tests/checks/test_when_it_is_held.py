"""When the benchmarks hold a figure against its limit, record it, and leave a size out."""

from pathlib import Path

import pytest

from verify.checks.benchmark import attention_speed, matmul, training_throughput
from verify.checks.benchmark.kernel_launch import hold_ends
from verify.checks.benchmark.matmul import hold_ratio
from verify.probe.context import Context
from verify.probe.proof import Ends
from verify.probe.timing import Timing

BUSY = "other processes used 1.0 of 2 processors"


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context("cpu", 0, 1, tmp_path, tmp_path, tmp_path, tmp_path)


def timing(*samples: float, inconclusive: str | None = None) -> Timing:
    return Timing(samples, 1, 0.1, steady=True, half_width=0.01, inconclusive=inconclusive)


def test_a_clock_that_does_not_wait_fails_unless_others_disturbed_it(context: Context) -> None:
    lying = Ends(queued=(1.0,), synchronised=(0.01,), read=(1.0,))
    hold_ends(context, lying, {}, BUSY)
    assert not context.broken
    assert [figure["inconclusive"] for figure in context.measurements] == [BUSY, BUSY]
    hold_ends(context, lying, {}, None)
    assert len(context.broken) == 2


def test_twice_the_work_is_held_unless_others_disturbed_it(context: Context) -> None:
    pairs = [(timing(1.0, 1.1), timing(1.2, 1.3)), (timing(1.0), timing(1.1, inconclusive="it drifts"))]
    hold_ratio(context, pairs, 64, BUSY)
    assert not context.broken
    hold_ratio(context, pairs, 64, None)
    assert context.broken == ["time_ratio is 1.1 1, must be at least 1.7"], "its own drift is no excuse"
    assert [figure["inconclusive"] for figure in context.measurements] == [BUSY, "it drifts"]


@pytest.mark.parametrize(
    ("steps", "stopped_by", "saturation"),
    [
        ([0.08, 0.10, 0.195], "saturation", 16),
        ([0.08, 0.10, 0.18, 0.33], "time", None),
        ([0.08, 0.17], "saturation", 8),
    ],
)
def test_a_batch_saturates_the_device_only_where_a_larger_one_gains_nothing(
    steps: list[float], stopped_by: str, saturation: int | None, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter(steps)
    monkeypatch.setattr(training_throughput, "ready", lambda _: None)
    monkeypatch.setattr(training_throughput, "step_timing", lambda *_: timing(next(times)))
    monkeypatch.setattr(training_throughput, "most_used_bytes", lambda _: 1)
    monkeypatch.setattr(training_throughput, "total_bytes", lambda _: 100)
    training_throughput.training_is_fast_and_learns(context)
    recorded = [figure["value"] for figure in context.measurements if figure["name"] == "saturation_batch"]
    assert context.notes["stopped_by"] == stopped_by
    assert recorded == ([] if saturation is None else [saturation])


def test_no_call_is_so_long_that_its_budget_leaves_too_few_samples() -> None:
    """See test_timing.test_calls_of_a_third_of_the_budget_are_known_to_an_interval."""
    assert matmul.LONGEST_CALL_SECONDS / matmul.BUDGET_SECONDS < 0.34
    assert attention_speed.LONGEST_CALL_SECONDS / attention_speed.BUDGET_SECONDS < 0.34
    assert training_throughput.LONGEST_STEP_SECONDS / training_throughput.BUDGET_SECONDS < 0.34


def test_what_is_short_enough_for_any_next_size_leads_to_no_call_that_is_too_long() -> None:
    assert matmul.SHORT_CALL_SECONDS * 8 <= matmul.LONGEST_CALL_SECONDS
    assert attention_speed.SHORT_CALL_SECONDS * 4**2 <= attention_speed.LONGEST_CALL_SECONDS
