"""What a program is told of a run while it goes on."""

import argparse
import io
import json
import threading
from typing import Any

from tests.cli.test_progress import job
from verify.checks.finetune.log import teller
from verify.cli.stream import JobStream, Stream, declare_progress, stream_of
from verify.cli.training import following
from verify.run.answer import Answer


def told(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_jobs_are_told_as_they_start_and_end() -> None:
    text, jobs = io.StringIO(), [job("a.a"), job("b.b")]
    with JobStream(Stream(text), jobs) as progress:
        progress.started(jobs[0])
        progress.finished(Answer(jobs[0], "failed", "it is 3\nnot 4", 1.0, 1.23456))
    assert told(text) == [
        {"event": "plan", "jobs": ["a.a", "b.b"]},
        {"event": "started", "job": "a.a"},
        {"event": "finished", "job": "a.a", "outcome": "failed", "reason": "it is 3\nnot 4", "seconds": 1.235},
    ]


def test_the_log_of_a_fine_tune_is_told_event_by_event_and_nothing_else(tmp_path: Any) -> None:
    text, path = io.StringIO(), tmp_path / "log.jsonl"
    stream = Stream(text)
    tell = teller(path)
    with following(text, path, live=False, worded=stream.training):
        tell("trained", iteration=1, loss=3.5)
        tell("written", text='{"event": "plan"}\n')
    events = told(text)
    assert [event["event"] for event in events] == ["training", "training"]
    assert [event["of"]["event"] for event in events] == ["trained", "written"]


def test_threads_do_not_tear_each_others_lines() -> None:
    text = io.StringIO()
    stream = Stream(text)

    def tell() -> None:
        for _ in range(50):
            stream.tell("sample", {"text": "x" * 500})

    threads = [threading.Thread(target=tell) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told(text)) == 200


def test_a_person_is_told_unless_a_program_asks() -> None:
    parser = argparse.ArgumentParser()
    declare_progress(parser)
    assert stream_of(parser.parse_args([])) is None
    assert stream_of(parser.parse_args(["--progress", "json"])) is not None
