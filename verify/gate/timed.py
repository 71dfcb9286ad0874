"""The duels of a gate: groups until every figure is decided, or more cannot decide."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from verify.gate.arms import Arm, Ask
from verify.gate.duel import Group, Measured, Sample, figures_of, groups
from verify.judge.gate_policy import GatePolicy
from verify.judge.sequential import Judgement, Terms, judged
from verify.probe.discover import find_checks
from verify.run.plan import Job

QUESTION = Path(__file__).resolve().parents[1] / "checks" / "duel" / "question.py"

Tell = Callable[[int, int, Mapping[Measured, Judgement]], None]


@dataclass(frozen=True, slots=True)
class Timed:
    """What the duels gave.

    Attributes:
        samples: One a group, by figure.
        judgements: What they tell, by figure.
        groups: How many groups there were.
        stopped: Why no more.
    """

    samples: Mapping[Measured, Sequence[Sample]]
    judgements: Mapping[Measured, Judgement]
    groups: int
    stopped: str


def duel_jobs(current: Arm, workloads: Mapping[str, Sequence[str]]) -> list[Job]:
    """The questions whose processes are timed: one for each device that is promised and has workloads."""
    planned = current.jobs(find_checks([QUESTION], suite=False), "certify")
    # No benchmark of the suite: the processes of a group have to be alive together.
    return [
        replace(job, check=replace(job.check, kind="functional"), settings={"workloads": list(workloads[job.device])})
        for job in planned
        if job.device and not job.skip and workloads.get(job.device)
    ]


def timed(
    jobs: Sequence[Job],
    current: Arm,
    candidate: Arm,
    *,
    policy: GatePolicy,
    most: int,
    tell: Tell,
    only: str | None = None,
) -> Timed:
    """Time group after group until it is known whether anything is slower, or takes more memory.

    Args:
        jobs: The duels, one a device.
        current: The side in use.
        candidate: The side in question.
        policy: What counts, and how sure it must be.
        most: The largest number of groups.
        tell: Is told the number of groups, the budget, and what is known after each.
        only: The name of the one figure that matters; None for all.

    Raises:
        VerifyError: A process did not get ready, or ended.
    """
    all_of_them = [figure for job in jobs if job.device for figure in figures_of(job.settings["workloads"], job.device)]
    figures = [figure for figure in all_of_them if only in (None, figure.name)]
    terms = Terms(policy.false_alarms, max(1, len(figures)), policy.looks_within(most))
    samples: dict[Measured, list[Sample]] = defaultdict(list)
    known: dict[Measured, Judgement] = {}
    number, why = 0, "nothing can be timed here"
    for number, group in enumerate(_together(jobs, current, candidate), 1):
        for figure in figures:
            samples[figure].append(group[figure])
        known = {figure: _judged(figure, taken, policy, terms) for figure, taken in samples.items()}
        tell(number, max(terms.looks), known)
        why = why_stop(known, number, terms)
        if why:
            break
    return Timed(samples, known, number, why)


def why_stop(known: Mapping[Measured, Judgement], number: int, terms: Terms) -> str:
    """Why no further group is needed; empty while one is."""
    if number >= max(terms.looks):
        return "the budget is spent"
    if number not in terms.looks:
        return ""
    decisions = [judgement.decision for judgement in known.values()]
    if "regressed" in decisions:
        return "a regression is certain"
    if all(decision == "held" for decision in decisions):
        return "every figure holds"
    if "undecided" not in decisions:
        return "what is open cannot be decided by more groups"
    return ""


def _judged(figure: Measured, samples: Sequence[Sample], policy: GatePolicy, terms: Terms) -> Judgement:
    differences, copies = [sample.difference for sample in samples], [sample.copies for sample in samples]
    return judged(differences, copies, policy.limits_of(figure.scale, figure.unit), terms)


def _together(jobs: Sequence[Job], current: Arm, candidate: Arm) -> Iterator[Group]:
    """One group of every device at a time."""
    # With as many side by side as there are processors a worker has one thread, which is quieter.
    sides = [current.bench, current.bench, candidate.bench]
    benches = [
        replace(side, together=side.processors, scratch=side.scratch / f"seat-{seat}")
        for seat, side in enumerate(sides)
    ]
    duels = [groups(job, benches) for job in jobs]
    while duels:
        merged: dict[Measured, Sample] = {}
        for duel in duels:
            merged |= next(duel)
        yield merged


def those_that_work(jobs: Sequence[Job], arm: Arm, ask: Ask) -> Mapping[str, Mapping[str, str | None]]:
    """For each device, which workloads an arm can do: why not, or None."""
    single = [
        replace(job, settings={"workloads": [workload], "referee": "", "arm": 0})
        for job in jobs
        for workload in job.settings["workloads"]
    ]
    found: dict[str, dict[str, str | None]] = defaultdict(dict)
    for answer in ask(single, arm.bench, f"each workload, with the {arm.name}"):
        (workload,) = answer.job.settings["workloads"]
        # A failure by chance must neither hide a workload nor lose one.
        again = [answer] if answer.outcome == "passed" else ask([answer.job], arm.bench, f"{workload}, alone")
        found[answer.job.device or ""][workload] = None if again[0].outcome == "passed" else again[0].reason
    return found
