"""How our figures are set beside others': who takes turns, what counts, and what a line says."""

import sys
from typing import Any

import pytest

from benchmarks import reachable
from benchmarks.reachable import Rates, compared, highest, line, told
from verify.checks.benchmark import training_throughput as training
from verify.checks.models.block_stack import Blocks
from verify.probe import disturbance


def figure(samples: list[float], *, batch: int = 16, doubt: str | None = None) -> dict[str, Any]:
    return {
        "name": "rate",
        "samples": samples,
        "conditions": {"batch": batch, "dtype": "float32"},
        "inconclusive": doubt,
    }


def test_every_second_round_goes_backwards_and_gives_two_lines_for_each_of_the_others() -> None:
    order: list[str] = []

    def contender(name: str, rates: Rates) -> reachable.Contender:
        def asked() -> Rates:
            order.append(name)
            return rates

        return asked

    ours = contender("ours", Rates(9.9, 8.0))
    others = {"A": contender("A", Rates(10.0, 8.0)), "B": contender("B", Rates(5.0, 4.0))}
    lines = list(compared("work", ours, others, rounds=6, unit="GB/s"))
    assert order[:6] == ["ours", "A", "B", "B", "A", "ours"]
    assert lines == [
        "| work: best seen | A | 9.9 GB/s | 10.0 GB/s | 0.99 [0.99, 0.99] at 95% (aim: ≥ 0.97: met) | 6 |",
        "| work: median | A | 8.0 GB/s | 8.0 GB/s | 1.00 [1.00, 1.00] at 95% (aim: ≥ 0.97: met) | 6 |",
        "| work: best seen | B | 9.9 GB/s | 5.0 GB/s | 1.98 [1.98, 1.98] at 95% (aim: ≥ 0.97: met) | 6 |",
        "| work: median | B | 8.0 GB/s | 4.0 GB/s | 2.00 [2.00, 2.00] at 95% (aim: ≥ 0.97: met) | 6 |",
    ]


def test_a_round_in_which_either_was_disturbed_does_not_count() -> None:
    mine = iter([None, *[Rates(1.0, 1.0)] * 7])
    theirs = iter([Rates(1.0, 1.0), None, *[Rates(1.0, 1.0)] * 6])
    best, _ = compared("work", lambda: next(mine), {"C": lambda: next(theirs)}, rounds=8, unit="GB/s")
    assert best.endswith("| 6 of 8 |")
    nothing, _ = compared("work", lambda: None, {"C": lambda: Rates(1.0, 1.0)}, rounds=2, unit="GB/s")
    assert nothing == "| work: best seen | C | | | no round was left undisturbed | 0 of 2 |"


@pytest.mark.parametrize(
    ("ratios", "words"),
    [
        ([0.90, 0.91, 0.92, 0.93, 0.94, 0.95], "0.92 [0.90, 0.95] at 95% (aim: ≥ 0.97: missed)"),
        ([0.90, 0.95, 0.97, 0.99, 1.00, 1.05], "0.97 [0.90, 1.05] at 95% (aim: ≥ 0.97: not told)"),
        ([0.98, 0.98, 0.99, 0.99, 1.00, 1.00], "0.99 [0.98, 1.00] at 95% (aim: ≥ 0.97: met)"),
        ([0.98, 0.98, 0.99, 0.99, 1.00], "0.99, of too few rounds for an interval"),
    ],
)
def test_an_aim_is_met_when_the_whole_interval_is_above_it(ratios: list[float], words: str) -> None:
    assert f"| {words} |" in line("work", "C", [(ratio, 1.0) for ratio in ratios], len(ratios), "GB/s")


def test_of_the_figures_that_fit_and_that_nothing_disturbed_the_highest_is_ours() -> None:
    figures = [
        figure([1.0, 9.0, 2.0]),
        figure([4.0, 5.0, 6.0]),
        figure([70.0], batch=8),
        figure([80.0], doubt="a neighbour"),
        {**figure([90.0]), "name": "another"},
    ]
    assert highest(figures, "rate", [{"batch": 16}]) == Rates(best=9.0, median=5.0)
    assert highest(figures, "rate", [{"batch": 16}, {"batch": 8}]) == Rates(70.0, 70.0)
    assert highest(figures, "rate", [{"batch": 32}]) is None


@pytest.mark.parametrize(("doubt", "rates"), [(None, Rates(12.5, 11.0)), ("a neighbour", None)])
def test_what_another_program_prints_counts_unless_it_was_disturbed(
    monkeypatch: pytest.MonkeyPatch, doubt: str | None, rates: Rates | None
) -> None:
    monkeypatch.setattr(disturbance, "watch", lambda _: lambda: doubt)
    words = [sys.executable, "-c", "print('copy 1 2'); print('rate 12.5 11.0')"]
    assert told(words, "rate")() == rates


def test_the_batch_is_one_that_every_machine_gets_to() -> None:
    assert training.BATCHES.index(reachable.BATCH) == 1


def test_the_model_that_others_train_has_the_parameters_of_gpt2() -> None:
    # As training_throughput counts them on GPT-2 2x256 with 32 tokens.
    assert Blocks(2, 256).parameters + (2048 + 32 + 2) * 256 == 2_112_512
