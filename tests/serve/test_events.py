"""What a job told is told again to whoever comes late."""

import json

from verify.serve.events import KEPT, Events


def test_events_are_told_in_order_and_from_any_number_on() -> None:
    events = Events()
    for number in range(4):
        events.add(("line", "sample")[number % 2], {"number": number})
    told = events.after(0)
    assert [number for number, _ in told] == [1, 2, 3, 4]
    assert [json.loads(text)["number"] for _, text in told] == [0, 1, 2, 3]
    assert events.after(2) == told[2:]
    assert events.after(4) == []


def test_of_each_kind_the_newest_are_kept_and_none_pushes_out_another() -> None:
    events = Events()
    events.add("plan", {"jobs": ["a"]})
    for number in range(KEPT["line"] + 5):
        events.add("line", {"text": str(number)})
    told = [json.loads(text) for _, text in events.after(0)]
    assert told[0]["kind"] == "plan"
    assert [one["text"] for one in told[1:]] == [str(number) for number in range(5, KEPT["line"] + 5)]
