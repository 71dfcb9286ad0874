"""Processes that are alive at once, and do blocks when the referee says so."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.benches import bench_in
from tests.gate import players
from verify.errors import VerifyError
from verify.gate.duel import GROWTH, PEAK, groups
from verify.gate.referee import table
from verify.probe.discover import find_checks
from verify.run.plan import Job
from verify.run.supervise import Bench

PLAYERS = Path(players.__file__)


def job(**settings: Any) -> Job:
    (asked,) = find_checks([PLAYERS], suite=False)
    return Job(asked, "cpu", required=True, skip=None, settings={"workloads": ["wait"], **settings})


def benches(folder: Path) -> list[Bench]:
    return [replace(bench_in(folder / str(arm)), scratch=folder / str(arm) / "s", together=2) for arm in range(3)]


def alive(folder: Path) -> list[str]:
    """Command lines of processes whose request lies in the folder."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                words = (process / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if str(folder) in words:
                found.append(words)
    return found


def test_every_process_plays_and_tells_of_itself_at_its_end(tmp_path: Path) -> None:
    with table(job(), benches(tmp_path)) as seated:
        seconds = [player.play("wait", 2) for player in seated.players]
        used = [player.rest() for player in seated.players]
        answers = seated.leave()
    assert all(taken >= 0.002 for taken in seconds)
    assert used == [1000.0] * 3
    assert [answer.outcome for answer in answers] == ["passed"] * 3


@pytest.mark.parametrize(("breaks", "words"), [("before", "before it was ready"), ("while", "ended while")])
def test_a_process_that_breaks_ends_the_duel_and_all_its_processes(tmp_path: Path, breaks: str, words: str) -> None:
    with pytest.raises(VerifyError, match=words), table(job(breaks=breaks), benches(tmp_path)) as seated:
        seated.players[0].play("wait", 1)
    assert alive(tmp_path) == []


def test_an_interrupt_ends_all_processes(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), table(job(), benches(tmp_path)):
        raise KeyboardInterrupt
    assert alive(tmp_path) == []


def test_a_group_tells_of_each_workload_and_of_memory(tmp_path: Path) -> None:
    group = next(groups(job(workloads=["wait", "other"]), benches(tmp_path), rounds=6))
    assert {figure.name for figure in group} == {"wait", "other", PEAK, GROWTH}
    by_name = {figure.name: sample for figure, sample in group.items()}
    assert by_name["wait"].current >= 0.001
    assert by_name[GROWTH].current == by_name[GROWTH].difference == 0
    assert by_name[PEAK].current == pytest.approx(1_000_000, rel=1e-3)
