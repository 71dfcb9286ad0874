"""What will be asked, of which device; and what will not, with the reason."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from verify.errors import UsageError
from verify.probe.check import LEVELS, Check, Device, Level


@dataclass(frozen=True, slots=True)
class Job:
    """One check on one device, or on none.

    Attributes:
        check: The question.
        device: Of which device it is asked.
        required: Whether a certificate needs it to run.
        skip: Why it will not be asked here, or None.
        settings: What a user chose, where the question is about work of their own.
    """

    check: Check
    device: Device | None
    required: bool
    skip: str | None
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """``topic.claim``, with the device in brackets."""
        return f"{self.check.id}[{self.device}]" if self.device else self.check.id

    @property
    def alone(self) -> bool:
        """Whether nothing else of ours may run beside it."""
        return self.check.kind == "benchmark"


def plan(
    checks: Sequence[Check], *, level: Level, environment: str, promised: Collection[str], locked: Collection[str]
) -> list[Job]:
    """The jobs of a level, in running order: benchmarks last.

    Every device that a check knows is planned: those that the environment does not promise are skipped
    with that reason, and not required.

    Args:
        checks: What can be asked.
        level: How much to ask.
        environment: Its name, for the reasons.
        promised: Devices that it promises.
        locked: Names of the distributions in its lock, normalised.
    """
    wanted = [check for check in checks if LEVELS.index(check.terms.level) <= LEVELS.index(level)]
    jobs = [_job(check, device, environment, promised, locked) for check in wanted for device in _devices(check)]
    return sorted(jobs, key=lambda job: job.alone)


def select(jobs: Sequence[Job], patterns: Sequence[str], devices: Sequence[str]) -> list[Job]:
    """The jobs whose id matches any of the patterns (as in a shell) and that run on any of the devices.

    Raises:
        UsageError: Nothing is left.
    """
    left = [job for job in jobs if _matches(job, patterns) and (not devices or job.device in devices)]
    if not left:
        raise UsageError(
            f"no check matches {' '.join([*patterns, *devices])}",
            "`verify checks` lists them; quote the * of a pattern",
        )
    return left


def _matches(job: Job, patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns for name in (job.id, job.check.id))


def _devices(check: Check) -> tuple[Device | None, ...]:
    return check.terms.devices or (None,)


def _job(
    check: Check, device: Device | None, environment: str, promised: Collection[str], locked: Collection[str]
) -> Job:
    if device and device not in promised:
        return Job(check, device, required=False, skip=f"{environment} promises no {device}")
    missing = [need for need in check.terms.needs if need not in locked]
    # What is promised must be asked: a lock that lacks what a required check needs costs the certificate.
    skip = f"needs {', '.join(missing)}, not in the lock of {environment}" if missing else None
    return Job(check, device, required=not check.terms.optional, skip=skip)
