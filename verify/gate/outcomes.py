"""The suite asked of the candidate, and of the current side where the candidate's answer leaves a question."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from verify.gate.arms import Arm, Ask
from verify.judge.known_issues import Entry, known_issue
from verify.probe.check import Check
from verify.report.v1 import Package
from verify.run.answer import Answer
from verify.run.plan import Job

FINE = ("passed", "skipped")


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What came of it.

    Attributes:
        asked: How many jobs the candidate was asked.
        passed: How many of them passed.
        rows: Those that matter, as plain data.
    """

    asked: int
    passed: int
    rows: Sequence[Mapping[str, Any]]


def compared(current: Arm, candidate: Arm, checks: Sequence[Check], issues: Sequence[Entry], ask: Ask) -> Outcomes:
    """Ask everything that is no benchmark of the candidate; what did not pass there, of the current side too.

    What passes with the candidate cannot be newly broken, so it need not be asked twice; where a known issue says that
    it should fail, both are asked, so that one which is mended is told. What fails with the current side too, and is no
    known issue there, is asked of it once more, alone: a failure by chance must not excuse the candidate's. What fails
    with the candidate and not with the current side is asked once more, alone, before it counts.
    """
    functional = [check for check in checks if check.kind != "benchmark"]
    jobs = candidate.jobs(functional, "full")
    answers = {answer.job.id: answer for answer in ask(jobs, candidate.bench, "the suite, with the candidate")}
    wanted = [job for job in current.jobs(functional, "full") if _matters(job, answers, current, candidate, issues)]
    before = {answer.job.id: answer for answer in ask(wanted, current.bench, "what matters of it, with the current")}
    doubted = [job for job in wanted if _may_be_chance(before[job.id], answers[job.id], current, issues)]
    for job in doubted:
        before |= {answer.job.id: answer for answer in ask([job], current.bench, "what fails with both, alone")}
    newly = [job for job in jobs if _is_new(answers[job.id], before.get(job.id))]
    alone: dict[str, Answer] = {}
    for job in newly:
        alone |= {answer.job.id: answer for answer in ask([job], candidate.bench, "what is newly failing, alone")}
    known = {name: [_issue(issues, answers[name], arm) for arm in (candidate, current)] for name in before}
    return Outcomes(
        asked=sum(not answer.job.skip for answer in answers.values()),
        passed=sum(answer.outcome == "passed" for answer in answers.values()),
        rows=[_row(answers[name], before[name], alone.get(name), *known[name]) for name in before],
    )


def _matters(job: Job, answers: Mapping[str, Answer], current: Arm, candidate: Arm, issues: Sequence[Entry]) -> bool:
    answer = answers.get(job.id)
    if answer is None or job.skip:
        return False
    excused = any(_issue(issues, answer, arm) for arm in (current, candidate))
    return answer.outcome != "passed" or excused


def _issue(issues: Sequence[Entry], answer: Answer, arm: Arm) -> str | None:
    found = known_issue(issues, answer.job.check.id, answer.job.device, arm.environment.name, _packages(arm.facts))
    return found.id if found else None


def _packages(facts: Mapping[str, Any]) -> Iterable[Package]:
    return [Package(name=package["name"], version=package["version"]) for package in facts["packages"]]


def _may_be_chance(before: Answer, answer: Answer, current: Arm, issues: Sequence[Entry]) -> bool:
    return before.outcome not in FINE and answer.outcome != "passed" and not _issue(issues, before, current)


def _is_new(answer: Answer, before: Answer | None) -> bool:
    return before is not None and before.outcome == "passed" and answer.outcome not in FINE


def _row(
    answer: Answer, before: Answer, alone: Answer | None, issue: str | None, issue_now: str | None
) -> dict[str, Any]:
    worst = next((each for each in (alone, answer, before) if each and each.outcome != "passed"), answer)
    return {
        "id": answer.job.id,
        "current": before.outcome,
        "candidate": answer.outcome,
        "alone": alone.outcome if alone else None,
        "reason": worst.reason,
        "required": before.job.required,
        "known_issue": issue,
        "known_issue_now": issue_now,
    }
