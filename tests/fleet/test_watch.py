"""A run goes on from its folder, whatever became of who watched it and of Slurm."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fleet.pretended import pretend
from tests.fleet.runs import BEGUN, answered, certified, handed_over, kept, plan
from verify.errors import IntegrityError, StorageError
from verify.fleet.plan import Kept, Plan
from verify.fleet.script import write_script
from verify.fleet.slurm import Slurm
from verify.fleet.watch import UNSENT, Watch, closed, runs
from verify.report.fleet import Node
from verify.report.versions import AnyReport


def no_history(_report: AnyReport) -> None:
    """Keeps nothing."""


def watching(folder: Path, asked: Plan, keep: Callable[[AnyReport], None] = no_history) -> Watch:
    """A watch of a run whose Slurm is pretended, in the folder ``slurm``."""
    place = folder / "runs" / asked.run
    run = Kept(place) if place.exists() else kept(folder / "runs", asked)
    if not (place / "job.sh").exists():
        write_script(place)
    slurm = Slurm(pretend(folder / "slurm", dict.fromkeys(asked.nodes, "idle")))
    return Watch(run, asked, slurm, lambda: BEGUN + 100.0, lambda _: [], keep)


def states(nodes: list[Node]) -> dict[str, str]:
    return {node.name: node.state for node in nodes}


def jobs(folder: Path) -> int:
    return len(list((folder / "slurm").glob("job-*")))


def test_every_node_is_handed_over_once(tmp_path: Path) -> None:
    asked = plan("late1", "late2", "n3", absent={"n3": "down"})
    watch = watching(tmp_path, asked)
    for _ in range(3):
        assert states(watch.look()) == {"late1": "waiting", "late2": "waiting", "n3": "not_run"}
    assert states(watching(tmp_path, asked).look()) == {"late1": "waiting", "late2": "waiting", "n3": "not_run"}
    assert jobs(tmp_path) == 2


def test_a_run_that_is_only_looked_at_hands_nothing_over(tmp_path: Path) -> None:
    nodes = watching(tmp_path, plan("late1")).look(hand_over=False)
    assert states(nodes) == {"late1": "waiting"}
    assert jobs(tmp_path) == 0
    (shut,) = closed(nodes)
    assert (shut.state, shut.reason) == ("not_run", UNSENT)


def test_what_a_node_left_is_kept_once(tmp_path: Path) -> None:
    seen: list[str] = []
    watch = watching(tmp_path, plan("n1"), lambda report: seen.append(report.id))
    handed_over(watch.kept, "n1")
    answered(watch.kept, "n1", certified())
    watch = watching(tmp_path, plan("n1"), lambda report: seen.append(report.id))
    for _ in range(3):
        (node,) = watch.look()
    assert (node.state, node.seconds, node.report) == ("certified", 700, "0123456789ab")
    assert seen == ["0123456789ab"]


def test_two_nodes_cannot_have_one_report(tmp_path: Path) -> None:
    asked = plan("n1", "n2")
    run = watching(tmp_path, asked).kept
    for number, node in enumerate(asked.nodes, 7):
        handed_over(run, node, number)
        answered(run, node, certified(), job=number)
    first, second = watching(tmp_path, asked).look()
    assert (first.state, second.state) == ("certified", "damaged")
    assert second.reason == "its report 0123456789ab is that of n1"


def test_a_report_that_the_history_does_not_take_is_damaged_and_a_full_disk_is_not_the_nodes_fault(
    tmp_path: Path,
) -> None:
    def contradicts(_report: AnyReport) -> None:
        raise IntegrityError("the new report contradicts itself", "")

    def full(_report: AnyReport) -> None:
        raise StorageError("no space", "")

    run = watching(tmp_path, plan("n1")).kept
    handed_over(run, "n1")
    answered(run, "n1", certified())
    (node,) = watching(tmp_path, plan("n1"), contradicts).look()
    assert (node.state, node.reason) == (
        "damaged",
        "the history does not take its report: the new report contradicts itself",
    )
    with pytest.raises(StorageError):
        watching(tmp_path, plan("n1"), full).look()


def test_a_controller_that_is_away_delays_and_loses_nothing(tmp_path: Path) -> None:
    watch = watching(tmp_path, plan("late1", "late2"))
    (tmp_path / "slurm" / "away").touch()
    assert states(watch.look()) == {"late1": "waiting", "late2": "waiting"}
    assert watch.away_since is not None
    assert jobs(tmp_path) == 0
    (tmp_path / "slurm" / "away").unlink()
    watch.look()
    assert watch.away_since is None
    assert jobs(tmp_path) == 2


def test_a_job_that_slurm_forgot_is_handed_over_again_once(tmp_path: Path) -> None:
    watch = watching(tmp_path, plan("late1"))
    watch.look()
    (tmp_path / "slurm" / "job-1").unlink()
    (node,) = watch.look()
    assert node.state == "waiting"
    assert [entry.attempt for entry in watch.kept.entries()] == [1, 2]
    (tmp_path / "slurm" / "job-1").unlink()
    (node,) = watch.look()
    assert (node.state, node.reason) == ("not_run", "Slurm has forgotten its job 2 times")


def test_a_job_whose_number_was_lost_on_its_way_is_found(tmp_path: Path) -> None:
    watch = watching(tmp_path, plan("late1"))
    (tmp_path / "slurm" / "job-5").write_text("5|late1|RUNNING|0|None\n")
    (node,) = watch.look()
    assert node.state in ("running", "waiting")
    assert [entry.job for entry in watch.kept.entries()] == [5]
    assert jobs(tmp_path) == 1


def test_an_end_is_written_down_before_slurm_forgets_it(tmp_path: Path) -> None:
    watch = watching(tmp_path, plan("late1"))
    watch.look()
    (tmp_path / "slurm" / "job-1").write_text("1|late1|TIMEOUT|0|TimeLimit\n")
    assert states(watch.look()) == {"late1": "timed_out"}
    (tmp_path / "slurm" / "job-1").unlink()
    assert states(watching(tmp_path, plan("late1")).look()) == {"late1": "timed_out"}


def test_runs_are_listed_the_newest_first(tmp_path: Path) -> None:
    assert list(runs(tmp_path / "nothing")) == []
    for name in ("20260101t000000z-aaaaaa", "20260201t000000z-aaaaaa"):
        kept(tmp_path, plan(run=name))
    (tmp_path / "sums-2026").mkdir()
    assert [path.name for path in runs(tmp_path)] == ["20260201t000000z-aaaaaa", "20260101t000000z-aaaaaa"]


def test_a_job_that_slurm_will_not_have_is_that_nodes_end_alone(tmp_path: Path) -> None:
    asked = plan("never1", "late2")
    for _ in range(2):
        first, second = watching(tmp_path, asked).look()
        assert (first.state, first.reason) == (
            "not_run",
            "Slurm would not have its job: sbatch: sbatch: error: invalid feature",
        )
        assert second.state == "waiting"
    assert jobs(tmp_path) == 1


def test_a_large_fleet_is_handed_over_little_by_little(tmp_path: Path) -> None:
    watch = watching(tmp_path, plan(*(f"late{number}" for number in range(5))))
    for expected in (2, 4, 5, 5):
        watch.look(most=2)
        assert jobs(tmp_path) == expected
