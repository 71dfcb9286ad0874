"""Who is missing from a sum is known by name, not by rank."""

import json
from pathlib import Path
from typing import Any

import pytest

from verify.fleet.collectives import NodeSums, Sums, found, words


@pytest.fixture
def sums(tmp_path: Path) -> Sums:
    python, script = Path("/python"), Path("/rank.py")
    return Sums("gpu", ["n1", "n2"], tmp_path, python, script, "cuda", 2, 90, 29500, 30, ["--account=x"])


def left(sums: Sums, node: str, ranks: tuple[int, ...], status: str = "0", **changes: Any) -> Path:
    place = sums.out / node
    place.mkdir()
    for rank in ranks:
        answer = {"rank": rank, "world": 4, "seconds": {"10": [0.1], "200": [3, 1, 2]}, "wrong": {"10": 0, "200": 0}}
        (place / f"rank-{rank}.json").write_text(json.dumps({**answer, **changes}))
    (place / "log").write_text("RuntimeError: no route to host\n")
    (place / "ended").write_text(f"{status}\n")
    return place


def came(sums: Sums) -> NodeSums:
    """What came of the second node, where the first did as it should."""
    left(sums, "n1", (0, 1))
    first, second = found(sums)
    assert first == NodeSums("n1", "agrees", "", (0, 1), 2)
    return second


def test_nodes_that_sum_alike_agree(sums: Sums) -> None:
    left(sums, "n2", (2, 3))
    assert came(sums).came == "agrees"


def test_a_node_that_never_began_is_named(sums: Sums) -> None:
    assert came(sums) == NodeSums("n2", "not_run", "it never began")


def test_wrong_elements_are_counted_over_its_ranks(sums: Sums) -> None:
    left(sums, "n2", (2, 3), wrong={"10": 1, "200": 4})
    second = came(sums)
    assert (second.came, second.reason) == ("wrong", "10 elements of its sums are wrong")


def test_ranks_that_see_too_few_processes_are_wrong(sums: Sums) -> None:
    left(sums, "n2", (0, 1), world=2)
    assert came(sums).reason == "its ranks see [2] processes, not 4"


def test_a_rank_that_failed_is_told_from_one_that_hung(sums: Sums) -> None:
    place = left(sums, "n2", (2,), status="1")
    second = came(sums)
    assert second.came == "silent"
    assert second.reason == "1 of its 2 ranks answered, its launcher ended with 1: RuntimeError: no route to host"
    (place / "log").write_text("Timeout (0:01:30)!\nThread 0x7f\n")
    assert found(sums)[1].came == "hung"
    (place / "log").write_text("")
    (place / "ended").write_text("124\n")
    assert found(sums)[1].reason == "1 of its 2 ranks answered within 90 s"
    (place / "ended").unlink()
    assert found(sums)[1].came == "hung"


def test_what_is_no_answer_is_silence(sums: Sums) -> None:
    place = left(sums, "n2", (2, 3))
    for text in ("", "[]", "{}", '{"rank": "x"}'):
        (place / "rank-2.json").write_text(text)
        assert found(sums)[1].came == "silent"


def test_srun_is_told_all_nodes_a_deadline_and_to_let_the_others_go_on(sums: Sums) -> None:
    told = words(sums)
    for word in ("--nodelist=n1,n2", "--nodes=2", "--time=3", "--kill-on-bad-exit=0", "--immediate=30", "--account=x"):
        assert word in told
    assert (sums.out / "node.sh").read_text().startswith("#!/bin/sh\n")
