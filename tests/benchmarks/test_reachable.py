"""How our figures are set beside others': which turns count, and what a line says."""

from typing import Any

import pytest

from benchmarks.reachable import line, others_in, turns_in


def turn(number: int, whose: str, rate: float, doubt: str | None = None) -> dict[str, Any]:
    told = {"turn": number, "whose": whose}
    return {"name": "best_rate", "value": rate, "conditions": told, "inconclusive": doubt}


def test_a_turn_holds_what_nothing_disturbed_in_it_and_each_process_has_its_own() -> None:
    first = [turn(0, "ours", 1.0), turn(0, "C", 2.0), turn(1, "C", 3.0, "a neighbour"), turn(1, "ours", 4.0)]
    second = [turn(0, "ours", 5.0), turn(0, "C", 6.0), {**turn(0, "ours", 7.0), "name": "median_rate"}]
    turns = turns_in([first, second], "best_rate")
    assert turns == [{"ours": 1.0, "C": 2.0}, {"ours": 4.0}, {"ours": 5.0, "C": 6.0}]
    assert turns_in([first, second], "median_rate") == [{"ours": 7.0}]
    assert others_in([first, second]) == ["C"]


def test_where_no_turn_is_left_the_line_says_so() -> None:
    assert line("work", "C", [], 6, "GB/s") == "| work | C | | | no turn was left undisturbed | 0 of 6 |"


def test_turns_that_were_disturbed_are_counted_beside_those_that_count() -> None:
    found = line("work: best seen", "C", [(9.9, 10.0)] * 6, 8, "GB/s")
    assert (
        found == "| work: best seen | C | 9.9 GB/s | 10.0 GB/s | 0.99 [0.99, 0.99] at 95% (aim: ≥ 0.97: met) | 6 of 8 |"
    )


@pytest.mark.parametrize(
    ("ratios", "words"),
    [
        ([0.90, 0.91, 0.92, 0.93, 0.94, 0.95], "0.92 [0.90, 0.95] at 95% (aim: ≥ 0.97: missed)"),
        ([0.90, 0.95, 0.97, 0.99, 1.00, 1.05], "0.97 [0.90, 1.05] at 95% (aim: ≥ 0.97: not told)"),
        ([0.98, 0.98, 0.99, 0.99, 1.00, 1.00], "0.99 [0.98, 1.00] at 95% (aim: ≥ 0.97: met)"),
        ([0.98, 0.98, 0.99, 0.99, 1.00], "0.99, of too few turns for an interval"),
    ],
)
def test_an_aim_is_met_when_the_whole_interval_is_above_it(ratios: list[float], words: str) -> None:
    assert f"| {words} |" in line("work", "C", [(ratio, 1.0) for ratio in ratios], len(ratios), "GB/s")
