"""Two sides of a gate without anything installed, and somebody who answers for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.benches import ROOT, bench_in
from tests.examples import facts
from verify.gate.arms import Arm
from verify.probe.check import Check, Kind, Terms
from verify.run.answer import Answer
from verify.run.plan import Job
from verify.run.supervise import Bench
from verify.spec.environment import load_environment
from verify.spec.lock import Lock, LockedPackage


def check(claim: str, *, kind: Kind = "functional", needs: tuple[str, ...] = (), optional: bool = False) -> Check:
    """A check of no device."""
    return Check(claim, kind, "title", "advice", "file.py", Terms("full", needs, (), 10.0, optional))


def arm(name: str, folder: Path, packages: Mapping[str, str]) -> Arm:
    """A side that holds these packages."""
    locked = tuple(LockedPackage(each, version, ("0" * 64,)) for each, version in packages.items())
    known = facts(packages=[{"name": each, "version": version} for each, version in packages.items()])
    return Arm(
        name=name,
        environment=load_environment(ROOT, "cpu"),
        lock=Lock(folder / f"{name}.txt", "linux-x86_64-cpu", "0" * 64, "1" * 64, locked),
        requirements=frozenset(packages),
        bench=replace(bench_in(folder), scratch=folder / name),
        facts=known,
    )


@dataclass(slots=True)
class Answering:
    """Answers by a table, and remembers what it was asked.

    Attributes:
        outcomes: By side and id, what to answer, one after the other; ``passed`` where nothing stands.
        asked: Side and id, in order.
    """

    outcomes: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, jobs: Sequence[Job], bench: Bench, _title: str) -> Sequence[Answer]:
        """The answers."""
        return [self._answer(job, bench.scratch.name) for job in jobs]

    def _answer(self, job: Job, side: str) -> Answer:
        if job.skip:
            return Answer(job, "skipped", job.skip)
        before = self.asked.count((side, job.id))
        self.asked.append((side, job.id))
        told = self.outcomes.get((side, job.id), ["passed"])
        outcome = told[min(before, len(told) - 1)]
        return Answer(job, outcome, None if outcome == "passed" else f"it {outcome}")
