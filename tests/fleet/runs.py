"""Runs of a fleet for tests: a plan, and what its nodes left."""

from pathlib import Path
from typing import Any

from tests import examples
from verify.fleet.plan import Entry, Kept, Plan
from verify.fleet.script import BEGAN, ENDED, REPORT
from verify.report.canonical import stored_text
from verify.report.fields import moment
from verify.report.versions import AnyReport

CREATED = "2026-02-15T16:30:00Z"
BEGUN = int(moment("2026-02-15T16:30:05Z").timestamp())


def plan(*nodes: str, **changes: Any) -> Plan:
    """A plan for the example's environment, lock and level."""
    known = {
        "run": "a-run",
        "created": CREATED,
        "partition": "gpu",
        "environment": "m2",
        "level": "certify",
        "lock": "1" * 64,
        "minutes": 60,
        "wait_minutes": 30,
        "nodes": nodes or ("n1",),
        "absent": {},
        "command": ("true",),
    }
    return Plan(**{**known, **changes})


def kept(folder: Path, of: Plan) -> Kept:
    """The folder of a run that has begun."""
    made = Kept(folder / of.run)
    made.begin(of)
    return made


def certified(**changes: Any) -> AnyReport:
    """The example without what makes it conditional."""
    results = [examples.result("training.tinynet_learns", "cpu")]
    return examples.report(**{"results": results, "known_issues": [], **changes})


def answered(run: Kept, node: str, report: AnyReport | None, status: int = 0, job: int = 7) -> Path:
    """What a node leaves when its command has ended."""
    place = run.place(node, 1)
    place.mkdir(parents=True)
    (place / BEGAN).write_text(f"{job} {node} {BEGUN}\n")
    if report is not None:
        (place / REPORT).write_text(stored_text(report))
    (place / "log").write_text("one\nerror: the disk is full\nhint: free it\n")
    (place / ENDED).write_text(f"{status} {BEGUN + 700}\n")
    return place


def handed_over(run: Kept, node: str, job: int = 7, attempt: int = 1, **more: Any) -> Entry:
    """That a node's job was handed to Slurm."""
    entry = Entry(node, attempt, job, BEGUN - 5, **more)
    run.note(entry)
    return entry
