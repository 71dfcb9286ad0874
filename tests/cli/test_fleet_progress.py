import io

from verify.cli.fleet_progress import FleetProgress
from verify.report.fleet import Node


def node(name: str, state: str, seconds: float | None = None) -> Node:
    return Node.model_validate({"name": name, "state": state, "seconds": seconds, "reason": "why it is so"})


def test_where_lines_stay_each_change_is_one_line() -> None:
    stream = io.StringIO()
    progress = FleetProgress(stream, live=False, longest_seconds=600)
    progress.tell([node("n1", "running", 1), node("n2", "waiting")])
    progress.tell([node("n1", "running", 3), node("n2", "running", 1)])
    progress.tell([node("n1", "certified", 90), node("n2", "running", 60)])
    progress.close()
    assert stream.getvalue().split("\n") == [
        "n1: running, 1.0 s: why it is so",
        "n2: running, 1.0 s: why it is so",
        "n1: certified, 1 min 30 s: why it is so · 1 of 2, about 30.0 s left",
        "",
    ]


def test_without_an_answer_only_the_limit_is_known() -> None:
    progress = FleetProgress(io.StringIO(), live=False, longest_seconds=600)
    assert progress.left([node("n1", "running", 60), node("n2", "waiting")]) == "at most 10 min 0 s left"
    late = [node("n1", "certified", 10), node("n2", "running", 60)]
    assert progress.left(late) == "at most 9 min 0 s left"
    assert progress.left([node("n1", "certified", 10)]) == "done"


def test_a_terminal_shows_what_went_wrong_first_and_is_left_clean() -> None:
    stream = io.StringIO()
    progress = FleetProgress(stream, live=True, longest_seconds=600)
    progress.tell([node("n1", "certified", 9), node("n2", "running", 5), node("n3", "crashed", 3)], away_seconds=12)
    shown = stream.getvalue()
    assert shown.index("n3") < shown.index("n2") < shown.index("n1")
    assert "does not answer (12.0 s)" in shown
    progress.close()
    assert stream.getvalue().endswith("\x1b[J")


def test_a_controller_that_is_away_is_told_once() -> None:
    stream = io.StringIO()
    FleetProgress(stream, live=False, longest_seconds=600).away(3, 1800)
    assert "nothing is lost" in stream.getvalue()
