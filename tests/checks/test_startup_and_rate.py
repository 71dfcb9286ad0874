import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.checks.measures.startup_and_rate import Cost, break_even, fitted, steps_for, totals_of

# A published log: tokens a second averaged since the start, at these steps, of 4 sequences of 512 tokens each.
# It was read as "6.9 times slower"; its last two rows are 71,290 and 10,323 tokens a second.
TOKENS_PER_STEP = 4 * 512
STEPS = (10, 20, 30, 40, 50)
BASELINE = (43_799, 57_499, 64_417, 68_554, 71_290)
OPTIMISED = (2_199, 4_326, 6_387, 8_385, 10_323)


def totals(averages: tuple[int, ...]) -> list[float]:
    return [TOKENS_PER_STEP * n / average for n, average in zip(STEPS, averages, strict=True)]


def cost_of(averages: tuple[int, ...]) -> Cost:
    return fitted(STEPS, totals(averages))


def test_a_published_slowdown_of_6_9_is_a_speedup_of_1_60_after_a_start_up() -> None:
    baseline, optimised = cost_of(BASELINE), cost_of(OPTIMISED)
    assert f"{BASELINE[-1] / OPTIMISED[-1]:.1f}" == "6.9"
    assert f"{baseline.per_step / optimised.per_step:.2f}" == "1.60"
    assert f"{optimised.startup:.1f}" == "9.2"
    assert f"{baseline.startup:.1f}" == "0.2"


def test_the_published_log_breaks_even_near_step_986() -> None:
    """Least squares put it at 986; the robust line, through the same five points, two steps later."""
    baseline, optimised = cost_of(BASELINE), cost_of(OPTIMISED)
    step = break_even(baseline, optimised)
    assert step is not None
    assert round(step) == 988
    assert baseline.after(step) == pytest.approx(optimised.after(step))
    assert round(by_least_squares()) == 986


def by_least_squares() -> float:
    (slow, soon), (fast, late) = (statistics.linear_regression(STEPS, totals(each)) for each in (BASELINE, OPTIMISED))
    return (late - soon) / (slow - fast)


def test_what_is_no_faster_never_breaks_even() -> None:
    quick, slow = fitted((1, 2, 3), (1.0, 2.0, 3.0)), fitted((1, 2, 3), (9.0, 11.0, 13.0))
    assert break_even(quick, slow) is None
    assert break_even(quick, quick) is None


def test_what_starts_sooner_and_runs_faster_is_ahead_from_the_start() -> None:
    quick, slow = fitted((1, 2, 3), (1.0, 2.0, 3.0)), fitted((1, 2, 3), (9.0, 11.0, 13.0))
    step = break_even(slow, quick)
    assert step is not None
    assert step < 0


@given(st.floats(0, 100), st.floats(1e-4, 10), st.integers(3, 40))
def test_a_line_is_found_exactly(startup: float, per_step: float, count: int) -> None:
    steps = range(1, count + 1)
    found = fitted(steps, [startup + per_step * n for n in steps])
    assert found.per_step == pytest.approx(per_step, rel=1e-6)
    assert found.startup == pytest.approx(startup, rel=1e-6, abs=1e-6)


def test_a_compilation_in_the_first_step_is_start_up_and_no_rate() -> None:
    noise = random.Random(0)
    seconds = [30.0, *(0.1 * noise.uniform(0.97, 1.03) for _ in range(29))]
    found = fitted(range(1, 31), totals_of(seconds))
    assert found.per_step == pytest.approx(0.1, rel=0.02)
    assert found.startup == pytest.approx(29.9, rel=0.01)


def test_a_stall_that_recurs_is_part_of_every_step() -> None:
    seconds = [0.5 if n % 5 == 0 else 0.1 for n in range(1, 51)]
    assert fitted(range(1, 51), totals_of(seconds)).per_step == pytest.approx(sum(seconds) / 50, rel=0.03)


@pytest.mark.parametrize("steps", [(), (1, 2), (5, 5, 5)])
def test_too_little_makes_no_line(steps: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="make no line"):
        fitted(steps, [1.0] * len(steps))


def test_a_smaller_last_batch_is_a_step() -> None:
    assert steps_for(50, 4, 3) == 39
    assert steps_for(200, 4, 3) == 150
