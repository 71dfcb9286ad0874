"""``verify run``: asks the suite, judges the answers, keeps the report."""

import argparse
import os
import secrets as randomness
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from verify.cli import trial
from verify.cli.ask import ask, seconds_known
from verify.cli.bench import bench_for, crowding, declare_environment, scratch_folder
from verify.cli.checks import declare_own
from verify.cli.options import count, place
from verify.cli.printed import printed
from verify.cli.stored import report_called
from verify.cli.stream import declare_progress, stream_of
from verify.cli.surroundings import conditions, now, project_root, secrets
from verify.cli.watching import watching
from verify.errors import Exit, UsageError
from verify.image.seal import image_here
from verify.judge.verdict import audit
from verify.language.speech import say
from verify.probe import contention
from verify.probe.check import LEVELS, Level
from verify.render import markdown, text
from verify.render.html import page as html
from verify.report import history, v1
from verify.report.read import read_report
from verify.report.upgrade import newest
from verify.report.versions import AnyReport
from verify.run.answer import seconds_inside
from verify.run.assemble import Run, judged
from verify.run.exclusive import alone
from verify.run.identity import machine_id
from verify.run.own import SUITE, every_check
from verify.run.plan import Job, plan
from verify.run.policies import known_issues, policy_for
from verify.run.supervise import Bench, collect_facts
from verify.spec.builds import state_directory
from verify.spec.environment import Environment, load_environment
from verify.spec.lock import Lock, read_lock
from verify.spec.platform import load_platform, package_of

if TYPE_CHECKING:
    from verify.run.signing import Signing

EXITS = {"certified": Exit.HOLDS, "conditional": Exit.HOLDS, "refused": Exit.REFUSED}


def declare(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    declare_environment(parser)
    parser.add_argument("--level", choices=LEVELS, help="how much to ask (default: certify, or as REPORT was asked)")
    parser.add_argument("--strict", action="store_true", help="exit 3 when the verdict is conditional")
    trial.declare(parser)
    declare_own(parser)
    parser.add_argument("--jobs", type=count, metavar="N", help="how many checks side by side, benchmarks aside")
    parser.add_argument(
        "--key", metavar="FILE", type=place, help="sign the head of the history with this key, and attest the report"
    )
    parser.add_argument("--json", action="store_true", help="print the report, or a trial's results, as JSON")
    declare_progress(parser)
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
    """Certify the environment, or try a part of the suite."""
    root = project_root(arguments)
    if arguments.key and trial.is_trial(arguments):
        raise UsageError("a trial keeps nothing, so there is nothing to sign", "leave --key out, or run all checks")
    state = state_directory(root)
    with alone(state / "run"), scratch_folder(state / "scratch") as scratch:
        bench, interpreter = bench_for(root, arguments.environment, scratch, arguments.jobs)
        name, platform = interpreter.environment, load_platform(root, interpreter.platform)
        signing = _signing(root, name, arguments.key) if arguments.key else None
        since = report_called(arguments.changed_since, root, name) if arguments.changed_since is not None else None
        subject = Subject(
            root=root,
            environment=load_environment(root, name),
            lock=read_lock(root, interpreter.platform),
            requirements=frozenset(package_of(word) for word in platform.requirements),
            bench=bench,
            level=arguments.level or (since.level if since and since.level != "lora" else "certify"),
        )
        jobs = _jobs(subject, arguments.checks)
        crowd = crowding(bench)
        if crowd:
            print(crowd, file=sys.stderr)
        if trial.is_trial(arguments):
            return trial.attempt(jobs, bench, subject.lock, since, arguments)
        return _certify(subject, jobs, signing, arguments)


def _signing(root: Path, environment: str, file: Path) -> "Signing":
    """The means to sign, before anything takes long. Cryptography is imported by those who sign."""
    from verify.cli.key import known_passphrase
    from verify.report.attest.private_key import is_encrypted, load_key
    from verify.run.signing import signing_with

    key = load_key(file, known_passphrase() if is_encrypted(file) else None)
    return signing_with(key, root, environment, datetime.now(UTC))


def _jobs(subject: Subject, places: list[Path]) -> list[Job]:
    found = every_check(places)
    for origin, checks in Counter(item.origin for item in found if item.origin != SUITE).items():
        print(say("{} checks are from {}", checks, origin), file=sys.stderr)
    return plan(
        [item.check for item in found],
        level=subject.level,
        environment=subject.environment.name,
        promised=subject.environment.devices,
        locked=[package.name for package in subject.lock.packages],
    )


def _certify(subject: Subject, jobs: list[Job], signing: "Signing | None", arguments: argparse.Namespace) -> int:
    hidden, image = secrets(subject.root), image_here(subject.root, os.environ)
    policy = policy_for(
        subject.root,
        subject.environment,
        lock_digest=subject.lock.digest,
        expected={job.id for job in jobs},
        secrets=hidden,
    )
    issues = known_issues(subject.root)
    history.preflight(subject.root, subject.environment.name)
    machine = machine_id(state_directory(subject.root) / "machine")
    last = history.latest(subject.root, subject.environment.name, machine)
    created, before, load = now(), contention.now(), os.getloadavg()[0]
    facts = collect_facts(subject.bench)
    stream = stream_of(arguments)
    with watching(stream) as watched:
        asked = ask(jobs, subject.bench, seconds_known(last), verbose=arguments.verbose, stream=stream)
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
        facts=facts | ({"image": image.model_dump()} if image else {}),
        jobs=jobs,
        answers=asked.answers,
        interrupted=asked.interrupted,
        conditions=conditions(load, after, seconds_inside_checks=seconds_inside(asked.answers)),
        secrets=hidden,
        watched=watched.data(),
    )
    report = judged(whole, policy, issues)
    path = history.append(
        subject.root,
        report,
        render=markdown.render,
        beside=html.BESIDE,
        audit=lambda sealed: audit(sealed, policy),
        sign=signing.head if signing else None,
    )
    if stream:
        stream.tell("report", {"file": str(path)})
    _tell(subject.root, path, as_json=arguments.json)
    if signing:
        what = (
            say("the head of the history and the report")
            if signing.report(path, report)
            else say("the head of the history")
        )
        print(say("{}: signed by {}", what, signing.signer.name), file=sys.stderr)
    return Exit.INTERRUPTED if asked.interrupted else exit_of(report, strict=arguments.strict)


def _tell(root: Path, path: Path, *, as_json: bool) -> None:
    """What was kept, as it is read back from the disk."""
    report = read_report(path, root)
    if as_json:
        sys.stdout.write(printed(report))
        return
    print(text.brief(report, colour=sys.stdout.isatty()))
    print(say("{}, .md and .html beside it; `verify report show` has it all", path.relative_to(root)))


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
