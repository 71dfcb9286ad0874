"""The stages of a gate, in the order in which they are likely to refuse: the suite, behaviour, speed and memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from verify.checks.duel.workloads import MAKERS
from verify.errors import VerifyError
from verify.gate import behaviour, outcomes
from verify.gate.arms import Arm, Ask
from verify.gate.assemble import Gathered
from verify.gate.timed import Tell, duel_jobs, those_that_work, timed
from verify.judge.gate_policy import GatePolicy
from verify.judge.known_issues import Entry
from verify.probe.check import Check

Stage = Literal["checks", "behaviour", "figures"]
STAGES: tuple[Stage, ...] = get_args(Stage)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a gate asks.

    Attributes:
        checks: Of the suite.
        issues: What is known to fail.
        policy: What counts.
        most: The largest number of groups.
        stages: Which of the three are gone through; without all of them nothing is accepted.
        always_time: Whether to time a candidate that is refused already.
        folder: An empty one.
        ask: Who asks.
        tell: Who is told of each group.
    """

    checks: Sequence[Check]
    issues: Sequence[Entry]
    policy: GatePolicy
    most: int
    stages: Collection[Stage]
    always_time: bool
    folder: Path
    ask: Ask
    tell: Tell


def go_through(current: Arm, candidate: Arm, plan: Plan, gathered: Gathered) -> None:
    """Ask everything, and leave what came of it in ``gathered`` as soon as it is known."""
    if "checks" in plan.stages:
        gathered.outcomes = outcomes.compared(current, candidate, plan.checks, plan.issues, plan.ask)
    if "behaviour" in plan.stages:
        gathered.behaviours = behaviour.compared(current, candidate, plan.folder / "behaviour", plan.ask)
    if "figures" not in plan.stages:
        gathered.stopped = "nobody asked for it"
    elif refused_by(gathered) and not plan.always_time:
        gathered.stopped, gathered.refused_early = "the candidate is refused already", True
    else:
        _time(current, candidate, plan, gathered)


def refused_by(gathered: Gathered) -> bool:
    """Whether a check or a behaviour is worse for sure, whatever the figures will say."""
    newly = any(
        row["current"] == "passed"
        and row["candidate"] not in outcomes.FINE
        and row["alone"] != "passed"
        and not row["known_issue"]
        for row in gathered.outcomes.rows
    )
    steady = {row["id"] for row in gathered.behaviours if row["reader"] == "control" and row["outcome"] == "passed"}
    return newly or any(row["outcome"] != "passed" and row["id"] in steady for row in gathered.behaviours)


def _time(current: Arm, candidate: Arm, plan: Plan, gathered: Gathered) -> None:
    jobs = duel_jobs(current, {device: list(makers) for device, makers in MAKERS.items()})
    works = [those_that_work(jobs, arm, plan.ask) for arm in (current, candidate)]
    gathered.lost = lost(*works)
    both = {device: [name for name, why in works[0][device].items() if not why] for device in works[0]}
    both = {device: [name for name in names if not works[1][device][name]] for device, names in both.items()}
    try:
        gathered.timed = timed(
            duel_jobs(current, both), current, candidate, policy=plan.policy, most=plan.most, tell=plan.tell
        )
    except VerifyError as error:
        gathered.stopped = error.message


def lost(
    before: Mapping[str, Mapping[str, str | None]], after: Mapping[str, Mapping[str, str | None]]
) -> dict[str, str]:
    """Workloads that worked, and do not; with the reason."""
    return {
        f"{workload}[{device}]": str(after[device][workload])
        for device, workloads in before.items()
        for workload, why in workloads.items()
        if why is None and after[device][workload] is not None
    }
