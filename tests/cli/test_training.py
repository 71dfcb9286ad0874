"""What a person sees of a fine-tune while it runs."""

import io
from pathlib import Path
from typing import Any

from verify.checks.finetune.log import rewound, teller
from verify.cli.training import following, left, told

START: dict[str, Any] = {
    "event": "started",
    "device": "mps",
    "device_title": "Apple M4 Max",
    "dtype": "bfloat16",
    "trainable": 2_097_152,
    "parameters": 14_772_130_816,
    "training_examples": 400,
    "held_out_examples": 40,
    "split": "40 drawn by seed 0",
    "iterations": 100,
    "cut_examples": 3,
}


def trained(iteration: int, iterations: int, seconds: float, tokens: int = 1200) -> dict[str, Any]:
    known = {"event": "trained", "loss": 1.883, "peak_memory_bytes": 39_199_000_000, "tokens": tokens}
    return {**known, "iteration": iteration, "iterations": iterations, "seconds": seconds}


def test_the_first_line_names_the_device() -> None:
    first, second = told(START, [START]).splitlines()
    assert first == "device mps (Apple M4 Max), bfloat16: 2,097,152 of 14,772,130,816 parameters are trained (0.014%)"
    assert second.endswith("40 held out (40 drawn by seed 0), 100 iterations; 3 examples were cut")


def test_a_line_has_the_loss_the_rates_the_tokens_so_far_and_the_peak() -> None:
    lines = [trained(1, 1, 30.0), trained(10, 9, 90.0, 11_000)]
    assert told(lines[1], lines) == (
        "iteration     10  loss 1.8830  0.1 it/s  122.2 tokens/s  12,200 tokens  peak 39.20 GB"
    )


def test_what_is_left_is_reckoned_from_the_steady_rate_and_not_from_the_first_iteration() -> None:
    assert left([]) == "loading the model"
    assert left([START]) == "iteration 0 of 100"
    assert left([START, trained(1, 1, 300.0)]) == "iteration 1 of 100, about 8 h 15 min left"
    events = [START, trained(1, 1, 300.0), trained(10, 9, 90.0)]
    assert left(events) == "iteration 10 of 100, about 15 min 00 s left"


def test_every_event_is_printed_once_also_by_the_last_look(tmp_path: Path) -> None:
    path, stream = tmp_path / "log.jsonl", io.StringIO()
    tell = teller(path)
    with following(stream, path, live=False):
        tell("validation", iteration=0, loss=4.0)
        tell("validation", iteration=1, loss=3.0)
    assert stream.getvalue().splitlines() == [
        "iteration      0  held-out loss 4.0000",
        "iteration      1  held-out loss 3.0000",
    ]


def test_a_resumed_runs_earlier_events_are_not_printed_again(tmp_path: Path) -> None:
    path, stream = tmp_path / "log.jsonl", io.StringIO()
    tell = teller(path)
    for iteration in (1, 2):
        tell("validation", iteration=iteration, loss=4.0)
    with following(stream, path, live=False) as training:
        rewound(path, 1)
        tell("resumed", iteration=1)
        training.show()  # the moment at which its thread looks
        tell("validation", iteration=2, loss=3.5)
    assert stream.getvalue().splitlines() == [
        "going on after iteration 1",
        "iteration      2  held-out loss 3.5000",
    ]


def test_a_terminal_shows_how_long_it_still_takes_and_is_left_clean(tmp_path: Path) -> None:
    path, stream = tmp_path / "log.jsonl", io.StringIO()
    with following(stream, path, live=True) as training:
        training.show()  # the moment at which its thread looks
        assert "loading the model" in stream.getvalue()
    assert stream.getvalue().endswith("\r\x1b[J")
