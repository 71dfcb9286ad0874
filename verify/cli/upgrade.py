"""``verify upgrade``: the lock in use and a candidate, side by side on this machine."""

import argparse
import os
import platform as system
import secrets as randomness
import sys
from dataclasses import replace
from pathlib import Path

from verify.cli.bench import scratch_folder
from verify.cli.duelling import Duelling
from verify.cli.options import count, given, place
from verify.cli.printed import printed
from verify.cli.setup import fitting
from verify.cli.sides import Asking, Subject, bisected, side_of, tell
from verify.cli.surroundings import conditions, now, project_root, secrets
from verify.errors import Exit, UsageError, VerifyError
from verify.gate.assemble import Gate, Gathered, judged
from verify.gate.stages import STAGES, Plan, go_through
from verify.language.speech import say
from verify.probe import contention
from verify.render import gate as page
from verify.render import gate_junit
from verify.report import gates
from verify.report.gate import Report
from verify.run.exclusive import alone
from verify.run.identity import machine_id
from verify.run.own import every_check
from verify.run.policies import gate_policy, known_issues
from verify.spec.advisories import read_advisories
from verify.spec.builds import state_directory
from verify.spec.candidate import candidate_path, make_candidate, promote, read_foreign
from verify.spec.difference import advisory_changes, difference
from verify.spec.environment import load_environment
from verify.spec.files import replace_file
from verify.spec.lock import Lock, lock_path
from verify.spec.platform import Platform, load_platform

EXITS = {"accepted": Exit.HOLDS, "refused": Exit.REFUSED, "inconclusive": Exit.COULD_NOT_RUN}


def declare(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "wanted", nargs="*", metavar="PACKAGE", help="what to upgrade, or PACKAGE==VERSION (default: all)"
    )
    parser.add_argument(
        "--environment", metavar="NAME", type=given, help="default: the one that fits this machine best"
    )
    parser.add_argument(
        "--current", metavar="FILE", type=place, help="the lock to start from (default: the platform's)"
    )
    parser.add_argument(
        "--candidate", metavar="FILE", type=place, help="a lock that is there already, ours or a plain one"
    )
    parser.add_argument(
        "--lock-only", action="store_true", help="make the candidate and show what differs; ask nothing"
    )
    parser.add_argument("--groups", type=count, metavar="N", help="at most so many groups of timed processes")
    parser.add_argument(
        "--only", choices=STAGES, action="append", help="go through this stage alone; it can refuse, not accept"
    )
    parser.add_argument("--all", action="store_true", help="time a candidate that is refused already, too")
    parser.add_argument(
        "--bisect", action="store_true", help="when it is refused, find the packages that bring it about"
    )
    parser.add_argument("--accept", action="store_true", help="make an accepted candidate the platform's lock")
    parser.add_argument("--json", action="store_true", help="print the gate as JSON")
    parser.add_argument(
        "--markdown", metavar="FILE", type=place, help="write the page there too, as for a job's summary"
    )
    parser.add_argument("--junit", metavar="FILE", type=place, help="write JUnit XML there")
    parser.add_argument("-v", "--verbose", action="store_true", help="show the log of each check that does not pass")


def run(arguments: argparse.Namespace) -> int:
    """Hold the candidate against the lock in use."""
    subject = _subject(arguments)
    for change in subject.changes:
        tell(f"  {change.name} {change.before or say('none')} -> {change.after or say('none')}")
    tell(say("{} packages differ", len(subject.changes)))
    if arguments.lock_only:
        return Exit.HOLDS
    state = state_directory(subject.root)
    gates.preflight(subject.root, subject.environment.name)
    with alone(state / "run"), scratch_folder(state / "scratch") as scratch:
        report = _compare(subject, scratch, arguments)
    return _end(subject, report, arguments)


def _subject(arguments: argparse.Namespace) -> Subject:
    root = project_root(arguments)
    if arguments.candidate and arguments.wanted:
        raise UsageError("both --candidate and packages to upgrade were given", "a candidate says itself what changes")
    name = _comparable(root, arguments.environment)
    environment = load_environment(root, name)
    platform = load_platform(root, environment.platform)
    current = _current(root, platform, arguments.current)
    candidate = _candidate(root, platform, current, arguments)
    heard = advisory_changes(
        read_advisories(root), environment, platform, current, candidate, macos=system.mac_ver()[0]
    )
    return Subject(
        root=root,
        environment=environment,
        platform=platform,
        current=current,
        candidate=candidate,
        changes=difference(current, candidate),
        advisories=heard,
        policy=gate_policy(root),
    )


def _comparable(root: Path, wanted: str | None) -> str:
    """The environment; both locks have to run on this very machine."""
    try:
        return fitting(root, wanted)
    except UsageError as error:
        if wanted and (root / "envs" / f"{wanted}.toml").is_file():
            raise VerifyError(
                f"cannot compare: {error.message}", "run it on such a machine: figures of another say nothing"
            ) from error
        raise


def _current(root: Path, platform: Platform, given_file: Path | None) -> Lock:
    path = given_file.absolute() if given_file else lock_path(root, platform.name)
    if not path.is_file():
        raise VerifyError(
            f"cannot compare: there is no lock to start from: {path.name} does not exist",
            f"make one: nox -s lock-{platform.name}, or name one: --current FILE",
        )
    return _foreign(root, path, platform)


def _foreign(root: Path, path: Path, platform: Platform, *, edited: bool = False) -> Lock:
    try:
        return read_foreign(root, path, platform.name, edited=edited)
    except UsageError as error:
        raise VerifyError(f"cannot compare: {error.message}", error.hint) from error


def _candidate(root: Path, platform: Platform, current: Lock, arguments: argparse.Namespace) -> Lock:
    if arguments.candidate:
        return _foreign(root, arguments.candidate.absolute(), platform, edited=True)
    path = candidate_path(root, platform.name)
    made = make_candidate(root, platform.name, arguments.wanted, environ=os.environ, current=current)
    replace_file(path, made)
    tell(say("candidate: {}", path.relative_to(root)))
    return _foreign(root, path, platform)


def _compare(subject: Subject, scratch: Path, arguments: argparse.Namespace) -> Report:
    before, load = contention.now(), os.getloadavg()[0]
    gate = _begun(subject, scratch, arguments)
    plan, gathered, interrupted = _plan(subject, scratch, arguments, gate), Gathered(), False
    try:
        go_through(gate.current, gate.candidate, plan, gathered)
    except KeyboardInterrupt:
        interrupted = True
    after = contention.between(before, contention.now(), gate.current.bench.processors)
    gate = replace(gate, finished=now(), conditions=conditions(load, after), interrupted=interrupted)
    report = judged(gate, gathered, subject.policy)
    if arguments.bisect and report.verdict and report.verdict.value == "refused" and not interrupted:
        gathered.bisections = bisected(subject, report.verdict.findings, gate.current, plan, scratch)
        report = judged(replace(gate, finished=now()), gathered, subject.policy)
    return report


def _begun(subject: Subject, scratch: Path, arguments: argparse.Namespace) -> Gate:
    created = now()
    return Gate(
        id=randomness.token_hex(6),
        created=created,
        finished=created,
        machine=machine_id(state_directory(subject.root) / "machine"),
        current=side_of(subject, "gate-now", subject.current, scratch),
        candidate=side_of(subject, "gate-new", subject.candidate, scratch),
        changes=subject.changes,
        advisories=subject.advisories,
        budget=min(arguments.groups or subject.policy.looks[-1], subject.policy.looks[-1]),
        conditions={},
        interrupted=False,
        secrets=secrets(subject.root),
    )


def _plan(subject: Subject, scratch: Path, arguments: argparse.Namespace, gate: Gate) -> Plan:
    return Plan(
        checks=[found.check for found in every_check()],
        issues=[issue for issue in known_issues(subject.root) if issue.expires >= gate.created[:10]],
        policy=subject.policy,
        most=gate.budget,
        stages=arguments.only or STAGES,
        always_time=arguments.all,
        folder=scratch / "gate",
        refuses=lambda gathered: judged(gate, gathered, subject.policy).refused,
        ask=Asking(verbose=arguments.verbose),
        tell=Duelling(sys.stderr).told,
    )


def _end(subject: Subject, report: Report, arguments: argparse.Namespace) -> int:
    """Keep it, tell it, and promote the candidate where that was asked and deserved."""
    path = gates.keep(subject.root, report, page.render)
    kept = gates.read_gate(path, subject.root)
    for file, text in ((arguments.markdown, page.render(kept)), (arguments.junit, gate_junit.render(kept))):
        if file:
            file.write_text(text, encoding="utf-8")
    if arguments.json:
        sys.stdout.write(printed(kept))
    else:
        print(page.brief(kept, colour=sys.stdout.isatty()))
        print(say("{} and .md beside it", path.relative_to(subject.root)))
    said = page.verdict(kept).value
    if arguments.accept and said == "accepted":
        _promote(subject)
        tell(say("lockfiles/{}.txt is the candidate now; set up again: ./noxw -s setup", subject.platform.name))
    return Exit.INTERRUPTED if report.interrupted else EXITS[said]


def _promote(subject: Subject) -> None:
    """Make the candidate the platform's lock, if that still is what it was compared with."""
    path = lock_path(subject.root, subject.platform.name)
    if (
        not path.is_file()
        or _foreign(subject.root, path, subject.platform, edited=True).digest != subject.current.digest
    ):
        raise VerifyError(
            f"lockfiles/{path.name} is not the lock that the candidate was compared with: it stays as it is",
            "compare the candidate with it: leave --current out",
        )
    promote(subject.root, subject.candidate)
