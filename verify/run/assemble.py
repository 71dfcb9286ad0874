"""From answers to a report: in plan order, without secrets, annotated and judged."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

import verify
from verify.judge.hardware import Hardware, percent_of_peak
from verify.judge.known_issues import Entry, applying, known_issue
from verify.judge.policy import Policy
from verify.judge.verdict import judge
from verify.probe.package_name import normalised
from verify.report import v1, v2, v3
from verify.report.fields import OUTCOMES, Asked
from verify.report.hygiene import scrub
from verify.report.v1 import UNSEALED
from verify.report.versions import AnyReport, Version, build
from verify.run.answer import Answer
from verify.run.plan import Job
from verify.spec.environment import Environment
from verify.spec.lock import Lock

VERSIONS: Mapping[Asked, Version] = {"quick": "v1", "full": "v2", "certify": "v3", "lora": "v3"}
REPORTS: Mapping[Version, type[BaseModel]] = {"v1": v1.Report, "v2": v2.Report, "v3": v3.Report}
# Fields of a measurement that hold words of ours, which a user may be called as well.
OURS = frozenset({"direction", "provenance"})
MEASURED = ("peak_memory_bytes", "device_peak_memory_bytes", "measurements", "notes")
RESULTS: Mapping[Version, type[BaseModel]] = {"v1": v1.Result, "v2": v2.Result, "v3": v3.Result}


@dataclass(frozen=True, slots=True)
class Run:
    """All that a report is made from.

    Attributes:
        id: Twelve hexadecimal digits.
        level: How much was asked.
        created: When it began, UTC.
        finished: When it ended, UTC.
        environment: The machine class.
        lock: What the interpreter was built from.
        requirements: Names of the direct requirements, normalised.
        machine: Salted digest of the machine's identity.
        facts: As the interpreter told them.
        jobs: The plan.
        answers: What came of it; jobs without one were not reached.
        interrupted: Whether it was ended from outside.
        conditions: What else the machine was doing.
        secrets: Texts to strike out, and what stands for each.
        finetune: What a fine-tune's log tells; None for a run of the suite.
        watched: What sensors said meanwhile; None where nobody looked.
    """

    id: str
    level: Asked
    created: str
    finished: str
    environment: Environment
    lock: Lock
    requirements: Collection[str]
    machine: str
    facts: Mapping[str, Any]
    jobs: Sequence[Job]
    answers: Sequence[Answer]
    interrupted: bool
    conditions: Mapping[str, Any]
    secrets: Mapping[str, str]
    finetune: Mapping[str, Any] | None = None
    watched: Mapping[str, Any] | None = None


def judged(run: Run, policy: Policy, entries: Sequence[Entry]) -> AnyReport:
    """The report of a run: known issues and shares of the peak beside its results, and the verdict of the rules.

    Args:
        run: What was asked, and what came of it.
        policy: What the rules know.
        entries: The known issues.
    """
    report = build(draft(run), "the new report")
    if isinstance(report, v1.Report):
        return report
    packages, name = report.facts.packages, report.environment.name
    results = tuple(_annotated(result, report, entries, policy.hardware) for result in report.results)
    known = applying(entries, name, packages)
    whole = report.model_copy(update={"results": results, "known_issues": known})
    return whole.model_copy(update={"verdict": judge(whole, policy)})


def _annotated(result: v2.Result, report: v2.Fields, entries: Sequence[Entry], hardware: Hardware) -> v2.Result:
    check = result.id.partition("[")[0]
    issue = known_issue(entries, check, result.device, report.environment.name, report.facts.packages)
    if not isinstance(result, v3.Result):
        return result.model_copy(update={"known_issue": issue})
    measured = tuple(
        figure.model_copy(update={"percent_of_peak": percent_of_peak(figure, result.device, report.facts, hardware)})
        for figure in result.measurements
    )
    return result.model_copy(update={"known_issue": issue, "measurements": measured})


def draft(run: Run) -> dict[str, Any]:
    """The report's fields as plain data, not yet judged and not yet sealed."""
    answers = {answer.job.id: answer for answer in run.answers}
    unreached = {job.id: Answer(job, "skipped", job.skip or "the run was interrupted") for job in run.jobs}
    results = [_result({**unreached, **answers}[job.id], run.secrets) for job in run.jobs]
    version = VERSIONS[run.level]
    data = {
        "version": version,
        "id": run.id,
        "level": run.level,
        "created": run.created,
        "finished": run.finished,
        "environment": {"name": run.environment.name, "digest": run.environment.digest},
        "platform": run.lock.platform,
        "lock": {"name": run.lock.path.name, "digest": run.lock.digest, "packages": len(run.lock.packages)},
        "suite": {"version": verify.__version__, "digest": sources_digest(Path(verify.__file__).parent)},
        "machine": run.machine,
        "sequence": 1,
        "predecessor": None,
        "facts": struck(run.facts, run.secrets),
        "planned": [job.id for job in run.jobs],
        "results": [_only(result, RESULTS[version]) for result in results],
        "counts": _counts(results),
        "interrupted": run.interrupted,
        "frameworks": [package for package in run.facts["packages"] if normalised(package["name"]) in run.requirements],
        "known_issues": [],
        "verdict": None,
        "upgraded_from": None,
        "conditions": struck(run.conditions, run.secrets),
        "finetune": struck(run.finetune, run.secrets),
        "watched": struck(run.watched, run.secrets),
        "digest": UNSEALED,
    }
    return _only(data, REPORTS[version])


def result_of(answer: Answer, secrets: Mapping[str, str]) -> v3.Result:
    """The result that an answer is, as a report of the newest version has it."""
    return v3.Result.model_validate_json(json.dumps(_result(answer, secrets)))


def _result(answer: Answer, secrets: Mapping[str, str]) -> dict[str, Any]:
    """A result of version 3; an answer that no report could hold becomes an error of its check."""
    job, passed = answer.job, answer.outcome == "passed"
    result: dict[str, Any] = {
        "id": job.id,
        "title": job.check.title,
        "kind": job.check.kind,
        "device": job.device,
        "outcome": answer.outcome,
        "required": job.required,
        "reason": None,
        "advice": None if passed or job.skip else job.check.advice,
        "seconds": answer.seconds,
        "peak_memory_bytes": None,
        "device_peak_memory_bytes": None,
        "known_issue": None,
        "log": None,
        "measurements": [],
        "notes": {},
    }
    # Only what was asked of the worker is taken from it: no answer names its own check or requirement.
    measured = {name: answer.measured[name] for name in MEASURED if name in answer.measured}
    told = struck({"reason": answer.reason, "log": answer.log, **measured}, secrets)
    if isinstance(told.get("notes"), dict):
        told["notes"] = {scrub(name, secrets): note for name, note in told["notes"].items()}
    held = {**result, **told}
    try:
        v3.Result.model_validate_json(json.dumps(held, allow_nan=False))
    except (ValidationError, ValueError) as error:
        why = scrub(" ".join(str(error).split("\n")[:3]), secrets)
        held = {**result, "outcome": "errored", "reason": f"its answer is none: {why}", "advice": job.check.advice}
    return held


def struck(data: Any, secrets: Mapping[str, str]) -> Any:
    """The same data with every secret struck out of every text; names of fields and words of ours stay."""
    match data:
        case str():
            return scrub(data, secrets)
        case Mapping():
            return {key: value if key in OURS else struck(value, secrets) for key, value in data.items()}
        case list() | tuple():
            return [struck(value, secrets) for value in data]
    return data


SOURCES = (".py", ".html", ".css", ".js")


def sources_digest(package: Path) -> str:
    """SHA-256 over the names and contents of the package's sources: its Python files, and what pages are made from."""
    total = hashlib.sha256()
    for path in sorted(path for path in package.rglob("*") if path.suffix in SOURCES):
        total.update(f"{path.relative_to(package).as_posix()}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _counts(results: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    outcomes = [result["outcome"] for result in results]
    return {"planned": len(results), **{outcome: outcomes.count(outcome) for outcome in OUTCOMES}}


def _only(data: Mapping[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """What a version knows of the data, in its order."""
    return {name: data[name] for name in model.model_fields if name in data}
