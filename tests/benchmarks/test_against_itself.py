"""What is made of comparisons of a run with itself."""

import math
import subprocess
import sys
from typing import Any

import pytest

from benchmarks.against_itself import LOOP, Found, busy_loop, comparisons_in, fewest, kept, row
from verify.probe.paired import Comparison


def found(low: float, high: float, doubt: str | None = None) -> Found:
    return Found(Comparison(1.0, low, high, 8), doubt)


def measurement(name: str, number: int, value: float, doubt: str | None = None) -> dict[str, Any]:
    return {"name": name, "conditions": {"comparison": number}, "value": value, "inconclusive": doubt}


def test_a_row_counts_all_comparisons_those_believed_and_those_that_are_not() -> None:
    seen = [*[found(0.98, 1.02)] * 90, *[found(1.01, 1.05)] * 4, *[found(1.1, 1.2, "a neighbour")] * 6]
    assert row("alone", seen) == (
        "| alone | 90 of 100 | 90 of 94 (kept: fewer than 84 would refute 95%) | 6 of 100 | ±2.0% (median) |"
    )


def test_what_no_promise_of_95_percent_explains_is_said() -> None:
    assert kept([found(0.9, 1.1)] * 85 + [found(1.01, 1.1)] * 15) == "(NOT kept: fewer than 89 would refute 95%)"
    assert kept([]) == "(none to judge by)"


@pytest.mark.parametrize("count", [1, 10, 100])
def test_the_fewest_are_those_that_one_in_a_hundred_has_fewer_than(count: int) -> None:
    def below(limit: int) -> float:
        return sum(math.comb(count, n) * 0.95**n * 0.05 ** (count - n) for n in range(limit))

    assert below(fewest(count)) <= 0.01 < below(fewest(count) + 1)


def test_a_comparison_is_read_with_both_ends_and_its_doubt() -> None:
    measured = [
        measurement("loss_gap", 0, 0.0),
        measurement("times_as_fast", 0, 1.01, "a neighbour"),
        measurement("times_as_fast_low", 0, 0.99, "a neighbour"),
        measurement("times_as_fast_high", 0, 1.03, "a neighbour"),
        measurement("times_as_fast", 1, 1.0),
        measurement("times_as_fast_low", 1, 0.0),
    ]
    one, other = comparisons_in(measured)
    assert (one.ratio.low, one.ratio.ratio, one.ratio.high) == (0.99, 1.01, 1.03)
    assert one.inconclusive == "a neighbour"
    assert other.ratio.high == math.inf


def test_the_busy_loop_ends_with_its_block_and_with_whoever_started_it() -> None:
    with busy_loop() as loop:
        assert loop.poll() is None
    assert loop.poll() is not None
    starter = f"import os, subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {LOOP!r}, str(os.getpid())])"
    # The loop has its starter's output, which is at its end only once both have ended.
    subprocess.run([sys.executable, "-c", starter], check=True, stdout=subprocess.PIPE, timeout=60)
