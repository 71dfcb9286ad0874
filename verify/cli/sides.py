"""The two sides of an upgrade, as the command line makes them: installed, and asked while somebody watches."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verify.cli.ask import ask
from verify.cli.bench import processors
from verify.gate.arms import Arm
from verify.gate.bisect import subset_lock
from verify.gate.culprit import Suspects, culprits
from verify.gate.stages import Plan
from verify.judge.gate_policy import GatePolicy
from verify.language.speech import reworded, say
from verify.report.v2 import Finding
from verify.run.answer import Answer
from verify.run.plan import Job
from verify.run.supervise import Bench, collect_facts
from verify.spec.builds import Slot, python_of, vacate
from verify.spec.difference import AdvisoryChange, PackageChange
from verify.spec.environment import Environment
from verify.spec.interpreter import worker_variables
from verify.spec.licences import licences_of
from verify.spec.lock import Lock, format_lock
from verify.spec.platform import Platform, package_of
from verify.spec.provision import provision_lock

CACHE = "verify-cache"
# Names of slots are equally long, for paths of another length can make a process slower or faster.
SIDES: Mapping[Slot, str] = {"gate-now": "current", "gate-new": "candidate", "gate-mix": "part"}


@dataclass(frozen=True, slots=True)
class Subject:
    """What is in question.

    Attributes:
        root: The project.
        environment: The machine class.
        platform: What it installs.
        current: The lock in use.
        candidate: The lock in question.
        changes: Packages that differ.
        advisories: Those that apply to either.
        policy: What counts.
    """

    root: Path
    environment: Environment
    platform: Platform
    current: Lock
    candidate: Lock
    changes: Sequence[PackageChange]
    advisories: Sequence[AdvisoryChange]
    policy: GatePolicy


def side_of(subject: Subject, slot: Slot, lock: Lock, scratch: Path) -> Arm:
    """Install one side, and see what it is.

    Raises:
        VerifyError: It cannot be installed, or says nothing of itself.
    """
    build = provision_lock(subject.root, slot, subject.platform, lock, environ=os.environ, report=tell)
    folder = scratch / slot
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    # The checks compare what is installed with a lock of our form, wherever this one came from.
    held = folder / f"{subject.platform.name}.txt"
    held.write_bytes(format_lock(subject.platform.name, subject.platform.digest, lock.packages))
    here = processors()
    bench = Bench(
        python=python_of(build),
        environment=worker_variables(build, os.environ),
        root=subject.root,
        lock=held,
        # Material is made by the packages that read it, so each side has its own, which goes with its build.
        cache=build / CACHE,
        scratch=folder / "jobs",
        processors=here,
        together=min(2, here),
    )
    return Arm(
        name=SIDES[slot],
        environment=subject.environment,
        lock=lock,
        requirements=frozenset(package_of(word) for word in subject.platform.requirements),
        bench=bench,
        facts=collect_facts(bench),
        licences=licences_of(build),
    )


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks jobs while somebody watches.

    Attributes:
        verbose: Whether to show the log of what does not pass.
    """

    verbose: bool

    def __call__(self, jobs: Sequence[Job], bench: Bench, title: str) -> Sequence[Answer]:
        """The answers.

        Raises:
            KeyboardInterrupt: Somebody ended it.
        """
        if not jobs:
            return []
        tell(f"-- {reworded(title)}")
        asked = ask(jobs, bench, {}, verbose=self.verbose)
        if asked.interrupted:
            raise KeyboardInterrupt
        return asked.answers


def bisected(
    subject: Subject, findings: Sequence[Finding], current: Arm, plan: Plan, scratch: Path
) -> list[Mapping[str, Any]]:
    """The packages behind each finding, as far as somebody waits for it."""

    def take(names: frozenset[str]) -> Arm | None:
        tell(say("-- bisecting: {}", ", ".join(sorted(names)) or say("no change")))
        lock = subset_lock(subject.root, subject.current, subject.candidate, names, environ=os.environ)
        return None if lock is None else side_of(subject, "gate-mix", lock, scratch)

    found: list[Mapping[str, Any]] = []
    # An interrupt ends the search: what was found stays found, and the gate is kept.
    with suppress(KeyboardInterrupt):
        for row in culprits(findings, Suspects([change.name for change in subject.changes], take, current, plan)):
            tell(f"{row['subject']}: {', '.join(row['packages']) or reworded(row['note'])}")
            found.append(row)
        vacate(subject.root, "gate-mix")
    return found


def tell(line: str) -> None:
    """Say what is being done; that nobody can hear it any more is no reason to stop."""
    with suppress(OSError):
        print(line, file=sys.stderr, flush=True)
