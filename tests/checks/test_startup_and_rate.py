import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.checks.measures.startup_and_rate import (
    STARTS,
    Cost,
    Interval,
    break_even,
    fitted,
    saved_per_step,
    steps_for,
    totals_of,
)

# A published log: tokens a second averaged since the start, at these steps, of 4 sequences of 512 tokens each.
# It was read as "6.9 times slower"; its last two rows are 71,290 and 10,323 tokens a second.
TOKENS_PER_STEP = 4 * 512
STEPS = (10, 20, 30, 40, 50)
BASELINE = (43_799, 57_499, 64_417, 68_554, 71_290)
OPTIMISED = (2_199, 4_326, 6_387, 8_385, 10_323)


def totals(averages: tuple[int, ...]) -> list[float]:
    return [TOKENS_PER_STEP * n / average for n, average in zip(STEPS, averages, strict=True)]


def cost_of(averages: tuple[int, ...]) -> Cost:
    """Known as well as a log that was rounded to whole tokens a second tells."""
    printed = totals(averages)
    errors = [total * 0.5 / (average - 0.5) for total, average in zip(printed, averages, strict=True)]
    return fitted(STEPS, printed, errors)


def test_a_published_slowdown_of_6_9_is_a_speedup_of_1_60_after_a_start_up() -> None:
    baseline, optimised = cost_of(BASELINE), cost_of(OPTIMISED)
    assert f"{BASELINE[-1] / OPTIMISED[-1]:.1f}" == "6.9"
    assert f"{baseline.per_step / optimised.per_step:.2f}" == "1.60"
    assert f"{optimised.startup:.1f}" == "9.2"
    assert f"{baseline.startup:.1f}" == "0.2"


def test_the_published_log_breaks_even_near_step_986_as_far_as_it_tells() -> None:
    """Rounded as it is, the log allows for steps 977 to 1,000: by Theil and Sen 988.2, by least squares 986.2."""
    baseline, optimised = cost_of(BASELINE), cost_of(OPTIMISED)
    found = break_even(baseline, optimised, saved_per_step(baseline, optimised))
    assert found is not None
    assert f"{found.step:.1f}" == "988.2"
    assert f"{by_least_squares():.1f}" == "986.2"
    assert found.earliest < by_least_squares() < found.latest
    assert found.earliest < 986 < found.latest
    assert (round(found.earliest), round(found.latest)) == (977, 1000)
    assert baseline.after(found.step) == pytest.approx(optimised.after(found.step))


@given(st.lists(st.floats(-0.5, 0.5), min_size=10, max_size=10))
def test_whatever_was_rounded_away_the_break_even_lies_within_its_range(rounded: list[float]) -> None:
    truth = [average + off for average, off in zip(BASELINE + OPTIMISED, rounded, strict=True)]
    exact = [
        fitted(STEPS, [TOKENS_PER_STEP * n / a for n, a in zip(STEPS, part, strict=True)])
        for part in (truth[:5], truth[5:])
    ]
    baseline, optimised = cost_of(BASELINE), cost_of(OPTIMISED)
    told = break_even(baseline, optimised, saved_per_step(baseline, optimised))
    true = break_even(exact[0], exact[1], saved_per_step(exact[0], exact[1]))
    assert told is not None
    assert true is not None
    assert told.earliest <= true.step <= told.latest


def by_least_squares() -> float:
    (slow, soon), (fast, late) = (statistics.linear_regression(STEPS, totals(each)) for each in (BASELINE, OPTIMISED))
    return (late - soon) / (slow - fast)


QUICK, SLOW = fitted((1, 2, 3), (1.0, 2.0, 3.0)), fitted((1, 2, 3), (9.0, 11.0, 13.0))


def test_what_is_no_faster_never_breaks_even() -> None:
    assert break_even(QUICK, SLOW, saved_per_step(QUICK, SLOW)) is None
    assert break_even(QUICK, QUICK, saved_per_step(QUICK, QUICK)) is None


def test_what_is_not_surely_faster_breaks_even_at_no_step_that_could_be_named() -> None:
    slow, quick = fitted((1, 2, 3), (1.0, 2.0, 3.0)).known_to(0.1), fitted((1, 2, 3), (2.0, 2.9, 3.8)).known_to(0.1)
    assert break_even(slow, quick, saved_per_step(slow, quick)) is None


def test_what_starts_sooner_and_runs_faster_is_ahead_from_the_start() -> None:
    found = break_even(SLOW, QUICK, saved_per_step(SLOW, QUICK))
    assert found is not None
    assert found.step < 0


def test_the_range_of_a_break_even_is_that_of_what_a_step_saves() -> None:
    late = fitted((1, 2, 3), (13.0, 14.0, 15.0))
    found = break_even(SLOW, late, Interval(1.0, 0.5, 2.0))
    assert found is not None
    assert (found.step, found.earliest, found.latest) == (2 + 3 / 1, 2 + 3 / 2, 2 + 3 / 0.5)


def test_runs_that_were_told_of_at_other_steps_are_not_compared() -> None:
    with pytest.raises(ValueError, match="told of at steps around"):
        break_even(SLOW, fitted((1, 3, 9), (1.0, 3.0, 9.0)), Interval(1.0, 1.0, 1.0))


def test_a_start_up_below_zero_or_below_its_error_is_not_believed() -> None:
    assert fitted((1, 2, 3), (9.0, 10.0, 11.0)).known_to(0.02).doubt_about_startup is None
    assert "starts before the run" in str(fitted((1, 2, 3), (0.5, 1.5, 2.5)).doubt_about_startup)
    unknown = fitted((1, 2, 3), (1.1, 2.1, 3.1)).known_to(0.1)
    assert "less than its error of 0.4 s" in str(unknown.doubt_about_startup)


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


def test_a_start_up_is_the_mean_of_its_starts_known_as_well_as_students_interval_tells() -> None:
    """Of 1, 2 and 6 the mean is 3, the deviation the root of 7; 4.303 / sqrt(3) = 2.484 of those."""
    pace = fitted((1, 2, 3), (9.0, 9.5, 10.0))
    found = pace.started(2, [2.0, 3.0, 7.0])
    assert (found.per_step, found.step, found.total) == (0.5, 2, 4.0)
    assert found.startup == pytest.approx(3.0)
    assert found.total_error == pytest.approx(2.484 * math.sqrt(7), rel=1e-3)
    assert pace.started(2, [2.0, 2.0, 2.0]).total_error == 0


def test_the_interval_of_a_start_up_holds_the_truth_as_often_as_it_says() -> None:
    noise, held = random.Random(3), 0
    for _ in range(2_000):
        found = QUICK.started(0, [noise.gauss(20.0, 2.0) for _ in range(STARTS)])
        held += abs(found.total - 20.0) <= found.total_error
    assert 0.935 < held / 2_000 < 0.965


@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_an_interval_of_three_starts_is_of_no_other_number(count: int) -> None:
    with pytest.raises(ValueError, match=f"{count} starts, where the interval is of 3"):
        QUICK.started(2, [1.0] * count)
