"""The two sides of a gate: a set of packages each, installed side by side, and a bench to ask it on."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from verify.probe.check import Check, Level
from verify.probe.package_name import normalised
from verify.run.answer import Answer
from verify.run.plan import Job, plan
from verify.run.supervise import Bench
from verify.spec.environment import Environment
from verify.spec.lock import Lock

# Asks jobs on a bench while somebody watches; the answers, as they came.
Ask = Callable[[Sequence[Job], Bench, str], Sequence[Answer]]


@dataclass(frozen=True, slots=True)
class Arm:
    """One side.

    Attributes:
        name: ``current`` or ``candidate``.
        environment: The machine class.
        lock: What is installed.
        requirements: What the platform asks for directly, normalised.
        bench: Where it is asked.
        facts: What its interpreter tells of itself and of the machine.
        licences: Of each distribution that says one, by its name.
    """

    name: str
    environment: Environment
    lock: Lock
    requirements: Collection[str]
    bench: Bench
    facts: Mapping[str, Any]
    licences: Mapping[str, str] = field(default_factory=dict)

    def jobs(self, checks: Sequence[Check], level: Level, settings: Mapping[str, Any] | None = None) -> list[Job]:
        """What can be asked of this side, in running order; each with the settings."""
        planned = plan(
            checks,
            level=level,
            environment=self.environment.name,
            promised=self.environment.devices,
            locked=[package.name for package in self.lock.packages],
        )
        return [replace(job, settings=settings or {}) for job in planned]

    @property
    def frameworks(self) -> list[Mapping[str, str]]:
        """The direct requirements, as installed."""
        return [package for package in self.facts["packages"] if normalised(package["name"]) in self.requirements]
