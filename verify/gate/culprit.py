"""Which packages bring a finding about: the finding's own question, asked again of subsets of the change."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from verify.checks.duel.workloads import MAKERS
from verify.errors import VerifyError
from verify.gate.arms import Arm, Ask
from verify.gate.behaviour import behaviours
from verify.gate.bisect import Found, Names, smallest
from verify.gate.outcomes import FINE
from verify.gate.stages import Plan
from verify.gate.timed import duel_jobs, timed
from verify.judge.gate_policy import GatePolicy
from verify.report.v2 import Finding
from verify.run.plan import Job

# One figure alone may err more often at each look, so six groups that agree are enough.
LOOKS = (6, 9, 13, 20, 31)
MOST_FINDINGS = 5
NOTHING = Found(reproduced=False, names=(), entangled=(), trail=())

# Installs the current lock with some of the changes taken; None where they do not go together.
Take = Callable[[Names], Arm | None]
Reproduces = Callable[[Arm], bool | None]


@dataclass(frozen=True, slots=True)
class Suspects:
    """What is searched.

    Attributes:
        changes: Names of the packages that differ.
        take: Installs some of them.
        current: The side in use.
        plan: What the gate asks, and who asks it.
    """

    changes: Sequence[str]
    take: Take
    current: Arm
    plan: Plan


def culprits(findings: Sequence[Finding], suspects: Suspects) -> Iterator[Mapping[str, Any]]:
    """For each finding that refuses, and can be asked again, the smallest set of changes that shows it.

    Sets that were found for one finding are tried first for the next: one package often shows several.
    """
    known: list[tuple[str, ...]] = []
    for finding in [one for one in findings if one.severity == "error"][:MOST_FINDINGS]:
        question = question_of(finding, suspects)
        if question is None:
            continue
        try:
            found, again = _search(question, suspects, known)
        except VerifyError as error:
            found, again = NOTHING, f"the search ended: {error.message}"
        if found.names and found.names not in known:
            known.append(found.names)
        yield {
            "rule": finding.rule,
            "subject": finding.subject,
            "packages": list(found.names),
            "trials": len(found.trail),
            "unresolved": sum(trial.reproduced is None for trial in found.trail),
            "note": again or note_of(found),
        }


def _search(question: Reproduces, suspects: Suspects, known: Sequence[tuple[str, ...]]) -> tuple[Found, str]:
    def reproduces(names: Names) -> bool | None:
        arm = suspects.take(names)
        return None if arm is None else question(arm)

    for names in known:
        if reproduces(frozenset(names)):
            return Found(reproduced=True, names=names, entangled=(), trail=()), "as another finding's"
    return smallest(suspects.changes, reproduces), ""


def note_of(found: Found) -> str:
    """What a search came to, in words."""
    if not found.reproduced:
        return "all changes together did not bring it about again"
    if not found.names:
        return "it shows without any change"
    if found.entangled:
        return f"may be there only because the others need it: {', '.join(found.entangled)}"
    return "no part of it brings the finding about"


def question_of(finding: Finding, suspects: Suspects) -> Reproduces | None:
    """What to ask of a side to see whether it shows the finding; None where nothing can be asked."""
    plan = suspects.plan
    match finding.rule:
        case "checks.newly_failing" | "checks.newly_skipped":
            return lambda arm: _fails(finding.subject, arm, plan)
        case "behaviour.drift" | "behaviour.broken":
            return lambda arm: _behaves_otherwise(finding, suspects.current, arm, plan)
        case "figures.regressed":
            return lambda arm: _is_worse(finding.subject, suspects.current, arm, plan)
        case "figures.lost":
            return lambda arm: _is_lost(finding.subject, arm, plan.ask)
    return None


def _fails(name: str, arm: Arm, plan: Plan) -> bool:
    jobs = [job for job in arm.jobs(plan.checks, "full") if job.id == name]
    return any(answer.outcome != "passed" for answer in plan.ask(jobs, arm.bench, f"{name}, of a part"))


def _behaves_otherwise(finding: Finding, current: Arm, arm: Arm, plan: Plan) -> bool | None:
    """Both directions, for a finding names one of them only in its words."""
    number = len(list(plan.folder.iterdir())) if plan.folder.is_dir() else 0
    folders = [plan.folder / f"{number}-{name}" for name in ("current", "part", "back")]
    for folder in folders:
        folder.mkdir(parents=True)
    left, other, back = map(str, folders)
    turns = ((current, left, ""), (arm, other, left), (current, back, other))
    outcomes = [_asked(finding.subject, side, leave, kept, plan.ask) for side, leave, kept in turns]
    return None if outcomes[0] != "passed" else any(outcome not in FINE for outcome in outcomes[1:])


def _asked(name: str, side: Arm, leave: str, kept: str, ask: Ask) -> str:
    jobs = [job for job in side.jobs(behaviours(), "certify", {"leave": leave, "kept": kept}) if job.id == name]
    (answer,) = ask(jobs, side.bench, f"{name}, of a part")
    return answer.outcome


def _is_worse(subject: str, current: Arm, arm: Arm, plan: Plan) -> bool | None:
    name, _, rest = subject.partition("[")
    jobs = _jobs_for(name, rest.rstrip("]"), current)
    policy: GatePolicy = plan.policy.model_copy(update={"looks": LOOKS})
    try:
        known = timed(jobs, current, arm, policy=policy, most=LOOKS[-1], tell=plan.tell, only=name).judgements
    except VerifyError:
        return None
    (judgement,) = known.values()
    return {"regressed": True, "held": False}.get(judgement.decision)


def _jobs_for(name: str, device: str, side: Arm) -> list[Job]:
    """The duel of a device at one workload; at all of them for what is no time of one."""
    makers = MAKERS.get(device, {})
    return duel_jobs(side, {device: [name] if name in makers else list(makers)})


def _is_lost(subject: str, arm: Arm, ask: Ask) -> bool:
    name, _, rest = subject.partition("[")
    jobs = [
        replace(job, settings={**job.settings, "referee": "", "arm": 0})
        for job in _jobs_for(name, rest.rstrip("]"), arm)
    ]
    return any(answer.outcome != "passed" for answer in ask(jobs, arm.bench, f"{name}, of a part"))
