from pathlib import Path

import pytest

from verify.checks.finetune.log import events_in, rewound, teller


def told(path: Path) -> list[tuple[str, int | None]]:
    return [(event["event"], event.get("iteration")) for event in events_in(path)]


def test_a_log_that_is_not_there_yet_has_no_events(tmp_path: Path) -> None:
    assert events_in(tmp_path / "log.jsonl") == []


def test_events_come_back_in_order_with_their_time(tmp_path: Path) -> None:
    tell = teller(tmp_path / "log.jsonl")
    tell("started", device="cpu")
    tell("trained", iteration=1, loss=2.5)
    first, second = events_in(tmp_path / "log.jsonl")
    assert (first["device"], second["loss"]) == ("cpu", 2.5)
    assert first["at"] <= second["at"]


def test_a_line_that_a_kill_cut_off_is_no_event(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    teller(path)("trained", iteration=1)
    with path.open("a") as file:
        file.write('{"event": "trai')
    assert told(path) == [("trained", 1)]


def test_a_resumed_run_forgets_what_came_after_its_checkpoint_and_the_line_that_was_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    tell = teller(path)
    tell("started")
    for iteration in (1, 2, 3):
        tell("trained", iteration=iteration)
    with path.open("a") as file:
        file.write('{"event": "trai')
    rewound(path, 2)
    tell("resumed", iteration=2)
    assert told(path) == [("started", None), ("trained", 1), ("trained", 2), ("resumed", 2)]


def test_a_number_that_no_json_holds_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        teller(tmp_path / "log.jsonl")("trained", loss=float("nan"))
