"""A node that never answered stays in the list, with the reason."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.fleet.runs import BEGUN, answered, certified, handed_over, kept, plan
from verify.fleet.plan import Entry, Kept
from verify.fleet.slurm import Job
from verify.fleet.standing import SETTLE_SECONDS, Seen, Standing, standings

NOW = BEGUN + 60.0


def one(run: Kept, entry: Entry | None, jobs: Mapping[int, Job] | None, now: float = NOW) -> Standing:
    entries = {} if entry is None else {"n1": entry}
    (found,) = standings(Seen(run, run.plan(), entries, jobs, now))
    return found


def job(state: str, status: int = 0, reason: str = "None") -> dict[int, Job]:
    return {7: Job(7, "n1", state, status, reason)}


def begin(run: Kept, attempt: int = 1) -> None:
    place = run.place("n1", attempt)
    place.mkdir(parents=True)
    (place / "began").write_text(f"7 n1 {BEGUN}\n")


def test_a_node_that_slurm_cannot_use_is_not_run_and_stays(tmp_path: Path) -> None:
    asked = plan("n1", "n2", absent={"n1": "Slurm has it as down*: a fan"})
    found = standings(Seen(kept(tmp_path, asked), asked, {}, {}, NOW))
    assert [(node.node, node.stage, node.reason) for node in found] == [
        ("n1", "not_run", "Slurm has it as down*: a fan"),
        ("n2", "unsent", None),
    ]


@pytest.mark.parametrize("state", ["PENDING", "RUNNING", "COMPLETING"])
def test_a_job_that_goes_on_goes_on(tmp_path: Path, state: str) -> None:
    run = kept(tmp_path, plan())
    found = one(run, handed_over(run, "n1"), job(state))
    assert found.stage == ("waiting" if state == "PENDING" else "running")
    assert not found.over


def test_the_nodes_own_word_outranks_slurms(tmp_path: Path) -> None:
    run = kept(tmp_path, plan())
    entry = handed_over(run, "n1")
    answered(run, "n1", certified())
    for jobs in (None, {}, job("RUNNING"), job("TIMEOUT")):
        assert one(run, entry, jobs).stage == "answered"
    assert one(run, entry, {}).seconds(NOW) == 700


@pytest.mark.parametrize(
    ("state", "began", "stage", "words"),
    [
        ("TIMEOUT", True, "timed_out", "ended after 60 min"),
        ("DEADLINE", True, "timed_out", "deadline"),
        ("DEADLINE", False, "not_run", "not free within 30 min"),
        ("NODE_FAIL", True, "not_run", "the node failed while it ran"),
        ("CANCELLED", False, "not_run", "cancelled before it began"),
        ("OUT_OF_MEMORY", True, "crashed", "out of memory"),
    ],
)
def test_what_slurm_says_of_an_end_is_told(tmp_path: Path, state: str, began: bool, stage: str, words: str) -> None:
    run = kept(tmp_path, plan())
    if began:
        begin(run)
    found = one(run, handed_over(run, "n1", ended=state), {})
    assert found.stage == stage
    assert words in (found.reason or "")


def test_an_answer_may_be_seen_later_than_the_end(tmp_path: Path) -> None:
    run = kept(tmp_path, plan())
    begin(run)
    entry = handed_over(run, "n1", ended="COMPLETED")
    assert one(run, entry, {}, entry.at + SETTLE_SECONDS - 1).stage == "running"
    late = one(run, entry, {}, entry.at + SETTLE_SECONDS)
    assert (late.stage, late.reason) == (
        "not_run",
        "its job ended (completed, ), and no answer lies in the shared folder",
    )


def test_a_script_that_a_signal_ended_crashed(tmp_path: Path) -> None:
    run = kept(tmp_path, plan())
    begin(run)
    found = one(run, handed_over(run, "n1", ended="FAILED", status=137), {}, NOW + SETTLE_SECONDS)
    assert (found.stage, found.reason) == ("crashed", "signal 9, SIGKILL")


def test_while_the_controller_is_away_nothing_ends(tmp_path: Path) -> None:
    run = kept(tmp_path, plan())
    entry = handed_over(run, "n1")
    assert one(run, entry, None, NOW + 10**6).stage == "waiting"
    begin(run)
    assert one(run, entry, None, NOW + 10**6).stage == "running"


def test_a_job_that_slurm_forgot_is_lost_until_it_can_only_be_over(tmp_path: Path) -> None:
    run = kept(tmp_path, plan())
    entry = handed_over(run, "n1")
    assert one(run, entry, {}).stage == "lost"
    assert one(run, entry, {}, NOW + 91 * 60).stage == "not_run"
    begin(run)
    assert one(run, entry, {}).stage == "lost"
    assert one(run, entry, {}, NOW + 66 * 60).stage == "timed_out"


def test_nothing_is_handed_over_for_ever(tmp_path: Path) -> None:
    run = kept(tmp_path, plan())
    found = one(run, handed_over(run, "n1", attempt=2), {})
    assert (found.stage, found.reason) == ("not_run", "Slurm has forgotten its job 2 times")


@pytest.mark.parametrize("status", [143, 137])
def test_a_command_that_slurm_ended_did_not_crash(tmp_path: Path, status: int) -> None:
    run = kept(tmp_path, plan())
    answered(run, "n1", None, status)
    entry = handed_over(run, "n1")
    for jobs in (None, job("RUNNING"), job("COMPLETING")):
        assert one(run, entry, jobs).stage == "running"
    assert one(run, handed_over(run, "n1", ended="TIMEOUT"), {}).stage == "timed_out"
    assert one(run, handed_over(run, "n1", ended="CANCELLED"), {}).stage == "not_run"
    assert one(run, handed_over(run, "n1", ended="FAILED"), {}).stage == "answered"
    assert one(run, entry, {}).stage == "answered"
