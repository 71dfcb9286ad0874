"""``verify run``: asks the suite, judges the answers, keeps the report."""

import argparse
import json
import os
import secrets as randomness
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verify.cli.bench import bench_for, declare_environment, scratch_folder
from verify.cli.checks import checks_in
from verify.cli.progress import Progress
from verify.cli.surroundings import now, project_root, secrets
from verify.errors import Exit
from verify.judge.verdict import audit
from verify.probe import contention
from verify.probe.check import DEVICES, LEVELS, Level
from verify.render import markdown, text
from verify.report import history, v1
from verify.report.canonical import stored_text
from verify.report.read import read_report
from verify.report.upgrade import newest
from verify.report.versions import AnyReport
from verify.run.answer import Answer, seconds_inside
from verify.run.assemble import Run, judged
from verify.run.exclusive import alone
from verify.run.identity import machine_id
from verify.run.plan import Job, plan, select
from verify.run.policies import known_issues, policy_for
from verify.run.supervise import Bench, ask_all, collect_facts
from verify.spec.builds import environments_directory
from verify.spec.environment import Environment, load_environment
from verify.spec.lock import Lock, read_lock
from verify.spec.platform import load_platform, package_of

EXITS = {"certified": Exit.HOLDS, "conditional": Exit.HOLDS, "refused": Exit.REFUSED}


def declare(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    declare_environment(parser)
    parser.add_argument("--level", choices=LEVELS, default="certify", help="how much to ask (default: certify)")
    parser.add_argument("--strict", action="store_true", help="exit 3 when the verdict is conditional")
    parser.add_argument("--select", metavar="PATTERN", action="append", default=[], help="only these checks; no report")
    parser.add_argument("--device", choices=DEVICES, action="append", default=[], help="only this device; no report")
    parser.add_argument("--checks", metavar="DIR", action="append", default=[], help="also your own checks")
    parser.add_argument("--jobs", type=_count, metavar="N", help="how many checks side by side, benchmarks aside")
    parser.add_argument("--json", action="store_true", help="print the report, or a selection's results, as JSON")
    parser.add_argument("-v", "--verbose", action="store_true", help="show the log of each check that does not pass")


@dataclass(frozen=True, slots=True)
class Subject:
    """What is examined, and with what.

    Attributes:
        root: The project.
        environment: The machine class.
        lock: What is installed.
        requirements: What its platform asks for directly, normalised.
        bench: Where checks run.
        level: How much is asked.
    """

    root: Path
    environment: Environment
    lock: Lock
    requirements: frozenset[str]
    bench: Bench
    level: Level


def run(arguments: argparse.Namespace) -> int:
    """Certify the environment, or try a selection of checks."""
    root = project_root(arguments)
    state = environments_directory(root)
    with alone(state / "run"), scratch_folder(state / "scratch") as scratch:
        bench, interpreter = bench_for(root, arguments.environment, scratch, arguments.jobs)
        platform = load_platform(root, interpreter.platform)
        subject = Subject(
            root=root,
            environment=load_environment(root, interpreter.environment),
            lock=read_lock(root, interpreter.platform),
            requirements=frozenset(package_of(word) for word in platform.requirements),
            bench=bench,
            level=arguments.level,
        )
        jobs = _jobs(subject, arguments.checks)
        if arguments.select or arguments.device:
            return _try(subject, select(jobs, arguments.select, arguments.device), arguments)
        return _certify(subject, jobs, arguments)


def _jobs(subject: Subject, folders: list[str]) -> list[Job]:
    return plan(
        checks_in(folders),
        level=subject.level,
        environment=subject.environment.name,
        promised=subject.environment.devices,
        locked=[package.name for package in subject.lock.packages],
    )


def _try(subject: Subject, jobs: list[Job], arguments: argparse.Namespace) -> int:
    """Run a selection; it certifies nothing, so nothing is kept."""
    answers: list[Answer] = []
    if _ask(subject, jobs, {}, arguments.verbose, answers):
        raise KeyboardInterrupt
    if arguments.json:
        print(json.dumps([_as_json(answer) for answer in answers], indent=2))
    else:
        print(f"{len(answers)} checks tried; a selection certifies nothing, so no report was written")
    return Exit.HOLDS if all(answer.outcome in ("passed", "skipped") for answer in answers) else Exit.REFUSED


def _certify(subject: Subject, jobs: list[Job], arguments: argparse.Namespace) -> int:
    hidden = secrets(subject.root)
    policy = policy_for(
        subject.root,
        subject.environment,
        lock_digest=subject.lock.digest,
        expected={job.id for job in jobs},
        secrets=hidden,
    )
    issues = known_issues(subject.root)
    history.preflight(subject.root, subject.environment.name)
    machine = machine_id(environments_directory(subject.root) / "machine")
    last = history.latest(subject.root, subject.environment.name, machine)
    created, before, load = now(), contention.now(), os.getloadavg()[0]
    facts = collect_facts(subject.bench)
    answers: list[Answer] = []
    interrupted = _ask(subject, jobs, _expected(last), arguments.verbose, answers)
    after = contention.between(before, contention.now(), subject.bench.processors)
    whole = Run(
        id=randomness.token_hex(6),
        level=subject.level,
        created=created,
        finished=now(),
        environment=subject.environment,
        lock=subject.lock,
        requirements=subject.requirements,
        machine=machine,
        facts=facts,
        jobs=jobs,
        answers=answers,
        interrupted=interrupted,
        conditions=_conditions(load, after, answers),
        secrets=hidden,
    )
    report = judged(whole, policy, issues)
    path = history.append(subject.root, report, render=markdown.render, audit=lambda sealed: audit(sealed, policy))
    _tell(subject.root, path, as_json=arguments.json)
    return Exit.INTERRUPTED if interrupted else exit_of(report, strict=arguments.strict)


def _ask(
    subject: Subject, jobs: list[Job], expected: Mapping[str, float], verbose: bool, answers: list[Answer]
) -> bool:
    """Ask all jobs, showing progress; returns whether it was interrupted."""
    asked = [job for job in jobs if not job.skip]
    print(f"{len(asked)} checks to ask; {len(jobs) - len(asked)} do not apply here", file=sys.stderr)
    live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    with Progress(sys.stderr, asked, expected, subject.bench.together, live, verbose) as progress:
        try:
            for answer in ask_all(jobs, subject.bench, progress.started):
                answers.append(answer)
                if not answer.job.skip:
                    progress.finished(answer)
        except KeyboardInterrupt:
            return True
    return False


def _expected(last: AnyReport | None) -> dict[str, float]:
    return {result.id: result.seconds for result in last.results if result.outcome == "passed"} if last else {}


def _conditions(load: float, after: contention.Contention, answers: Sequence[Answer]) -> dict[str, Any]:
    return {
        "load_before": load,
        "load_after": after.load,
        "cpu_steal_percent": None if after.stolen is None else 100 * after.stolen,
        "others_busy_percent": None if after.others is None else 100 * after.others,
        "inconclusive": None,
        "other": {"seconds_inside_checks": seconds_inside(answers)},
    }


def _tell(root: Path, path: Path, *, as_json: bool) -> None:
    """What was kept, as it is read back from the disk."""
    report = read_report(path, root)
    if as_json:
        sys.stdout.write(stored_text(report))
        return
    print(text.brief(report, colour=sys.stdout.isatty()))
    print(f"{path.relative_to(root)} and .md beside it; `verify report show` has it all")


def exit_of(report: AnyReport, *, strict: bool) -> int:
    """The exit code that a report's verdict has; without a verdict, that of its outcomes."""
    verdict = newest(report).verdict
    if verdict is None:
        fine = all(result.outcome == "passed" or _may_skip(result) for result in report.results)
        return Exit.HOLDS if fine else Exit.REFUSED
    if strict and verdict.value == "conditional":
        return Exit.COULD_NOT_RUN
    return EXITS[verdict.value]


def _may_skip(result: v1.Result) -> bool:
    return result.outcome == "skipped" and not result.required


def _as_json(answer: Answer) -> dict[str, Any]:
    kept = {"id": answer.job.id, "outcome": answer.outcome, "reason": answer.reason, "seconds": answer.seconds}
    return {**kept, **answer.measured, "log": answer.log}


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 upwards")
    return int(text)
