"""The programs that our figures are set beside do the work that they say."""

import os
import subprocess
import time
from typing import Any

import pytest

from benchmarks.competitors import stretches
from tests.checks.conftest import ROOT
from verify.probe import disturbance

TRAINING = ("0.05", "1", "64", "1", "8", "256", "16", "4", "1e-2", str(12 * 64**2 + 13 * 64 + (256 + 8 + 2) * 64))


def printed(python: Any, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(python), "-P", "-m", *words],
        check=False,
        input="64\n128\n",
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=300,
    )


def assert_two_turns(said: str) -> None:
    turns = [line.split() for line in said.splitlines()]
    assert [words[0] for words in turns] == ["rate", "rate"], "a turn for each line that it reads"
    assert all(float(best) >= float(median) > 0 for _, best, median, *_ in turns)


def test_a_turn_tells_what_disturbed_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    reasons = iter([None, "a noisy neighbour"])
    monkeypatch.setattr(disturbance, "watch", lambda _: lambda: next(reasons))
    monkeypatch.setattr("sys.stdin", ["2\n", "4\n"])
    stretches.print_each_turn(lambda line: (float(line), 1.0))
    assert capsys.readouterr().out.splitlines() == ["rate 2.0 1.0 ", "rate 4.0 1.0 a noisy neighbour"]


def test_the_best_and_the_median_are_of_warm_stretches_of_the_least_length(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, calls = [0.0], [0]
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])

    def work() -> None:
        calls[0] += 1
        clock[0] += 0.5 if calls[0] == 1 else 0.012 if clock[0] < 0.8 else 0.005 if calls[0] % 8 else 0.004

    best, median = stretches.rates(work, 10.0, 1.5)
    assert clock[0] == pytest.approx(2.0, abs=0.05), "warming up is part of the seconds, the first call is not"
    assert 10 / 0.005 <= median <= best <= 10 / 0.004, "neither the first call nor the warm-up counts"


@pytest.mark.environment
@pytest.mark.parametrize("model", ["transformers", "hand"])
def test_both_ways_to_train_learn_and_have_the_same_parameters(provisioned: Any, model: str) -> None:
    done = printed(provisioned.python, "benchmarks.competitors.training", model, *TRAINING)
    assert done.returncode == 0, done.stderr
    assert_two_turns(done.stdout)


@pytest.mark.environment
def test_a_model_of_another_size_is_refused(provisioned: Any) -> None:
    done = printed(provisioned.python, "benchmarks.competitors.training", "hand", *TRAINING[:-1], "1000")
    assert "parameters instead of 1000" in done.stderr
    assert done.returncode == 1


@pytest.mark.environment
@pytest.mark.parametrize("library", ["torch", "numpy", "onednn"])
def test_products_print_the_best_and_the_median(provisioned: Any, library: str) -> None:
    done = printed(provisioned.python, "benchmarks.competitors.products", library, "0.05")
    assert_two_turns(done.stdout)
