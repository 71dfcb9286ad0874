"""The stages of a gate, in the order in which they are likely to refuse: the suite, behaviour, speed and memory."""

from collections.abc import Callable, Collection, Mapping, Sequence
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
        refuses: Whether what is known so far refuses the candidate, whatever its figures will be.
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
    refuses: Callable[[Gathered], bool]
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
    elif plan.refuses(gathered) and not plan.always_time:
        gathered.stopped = "the candidate is refused already"
    else:
        _time(current, candidate, plan, gathered)


def _time(current: Arm, candidate: Arm, plan: Plan, gathered: Gathered) -> None:
    jobs = duel_jobs(current, {device: list(makers) for device, makers in MAKERS.items()})
    before, after = (those_that_work(jobs, arm, plan.ask) for arm in (current, candidate))
    gathered.lost = lost(before, after)
    both = {
        device: [name for name, why in workloads.items() if why is None and after[device][name] is None]
        for device, workloads in before.items()
    }
    jobs = duel_jobs(current, both)
    try:
        gathered.timed = timed(jobs, current, candidate, policy=plan.policy, most=plan.most, tell=plan.tell)
    except VerifyError as error:
        gathered.stopped = error.message


def lost(
    before: Mapping[str, Mapping[str, str | None]], after: Mapping[str, Mapping[str, str | None]]
) -> list[dict[str, str | None]]:
    """Workloads that one of the sides cannot do, or neither; with the reasons."""
    return [
        {"name": f"{workload}[{device}]", "current": why, "candidate": after[device][workload]}
        for device, workloads in before.items()
        for workload, why in workloads.items()
        if why is not None or after[device][workload] is not None
    ]
