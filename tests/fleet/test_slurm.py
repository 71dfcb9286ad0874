"""What Slurm's commands say, in our words."""

from pathlib import Path

import pytest

from tests.fleet.pretended import pretend
from verify.errors import UsageError, VerifyError
from verify.fleet.slurm import AwayError, Job, Slurm, SlurmNode, node_options

NODES = {
    "n1": "idle",
    "n2": "down*|a fan | is broken",
    "n3": "mixed",
    "n4": "drained|verify: it is 40 days old",
    "n5": "idle*|none",
    "n6": "allocated",
    "n7": "draining$",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "bin"


@pytest.fixture
def slurm(folder: Path) -> Slurm:
    return Slurm(pretend(folder, NODES))


def test_nodes_that_cannot_be_used_say_why(slurm: Slurm) -> None:
    assert slurm.nodes("gpu", None) == [
        SlurmNode("n1", ""),
        SlurmNode("n2", "Slurm has it as down*: a fan | is broken"),
        SlurmNode("n3", ""),
        SlurmNode("n4", "Slurm has it as drained: verify: it is 40 days old"),
        SlurmNode("n5", "Slurm has it as idle*"),
        SlurmNode("n6", ""),
        SlurmNode("n7", "Slurm has it as draining$"),
    ]


def test_a_node_that_is_wanted_must_be_there(slurm: Slurm) -> None:
    assert slurm.nodes("gpu", "n3,n1,n3") == [SlurmNode("n3", ""), SlurmNode("n1", "")]
    with pytest.raises(UsageError, match="has no node n9"):
        slurm.nodes("gpu", "n1,n9")


def test_a_name_that_is_no_folders_is_no_nodes(slurm: Slurm) -> None:
    for name in ("../n1", ".", "n1/x", "-n1"):
        with pytest.raises(UsageError, match="is no name of a node"):
            slurm.nodes("gpu", name)


def test_a_partition_without_nodes_is_none(folder: Path, slurm: Slurm) -> None:
    (folder / "nodes").write_text("")
    with pytest.raises(UsageError, match="no partition gpu"):
        slurm.nodes("gpu", None)


def test_jobs_are_read_with_what_they_ended_with(folder: Path, slurm: Slurm) -> None:
    lines = ["7|n1|FAILED|35584|NonZeroExitCode", "8|n2|FAILED|9|RaisedSignal|11(Segmentation", "9|n3|PENDING|0|None"]
    for number, line in enumerate(lines):
        (folder / f"job-{number}").write_text(f"{line}\n")
    found = slurm.jobs("verify-x")
    assert found[7] == Job(7, "n1", "FAILED", 139, "NonZeroExitCode")
    assert found[8].status == 128 + 9
    assert [job.over for job in found.values()] == [True, True, False]


def test_a_controller_that_is_away_is_no_refusal(folder: Path, slurm: Slurm) -> None:
    (folder / "away").touch()
    for ask in (lambda: slurm.jobs("x"), lambda: slurm.submit(["--nodelist=n1"], folder / "job.sh", [])):
        with pytest.raises(AwayError, match="does not answer"):
            ask()


def test_what_slurm_refuses_is_told_in_its_words(folder: Path, slurm: Slurm) -> None:
    (folder / "sbatch").write_text("#!/bin/sh\necho 'sbatch: error: invalid account' >&2\nexit 1\n")
    with pytest.raises(VerifyError, match="invalid account"):
        slurm.submit([], folder / "job.sh", [])


def test_where_slurm_is_not_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(AwayError, match="not on this machine's PATH"):
        Slurm({"PATH": str(tmp_path)}).jobs("x")


@pytest.mark.parametrize(
    ("line", "state", "reason"),
    [
        ("NodeName=n1 Arch=x86_64 State=IDLE CPUs=1", "IDLE", ""),
        (
            "NodeName=n1 State=IDLE+DRAIN CPUs=1 Reason=verify: cuda does not compute [root@2026-11-21T17:00:00]",
            "IDLE+DRAIN",
            "verify: cuda does not compute",
        ),
        ("NodeName=n1 State=DOWN* Reason=a fan [x@2026-01-01T00:00:00] Comment=(null)", "DOWN*", "a fan"),
    ],
)
def test_a_nodes_reason_is_read_without_who_gave_it(
    folder: Path, slurm: Slurm, line: str, state: str, reason: str
) -> None:
    (folder / "state-n1").write_text(f"{line}\n")
    assert slurm.state_of("n1") == (state, reason)


def test_a_node_gets_one_job_alone_and_once() -> None:
    options = node_options(
        node="n1", name="verify-x", partition="gpu", minutes=5, until=600, output=Path("/x"), more=["--account=y"]
    )
    for option in ("--nodelist=n1", "--exclusive", "--no-requeue", "--time=5", "--deadline=now+600", "--account=y"):
        assert option in options
