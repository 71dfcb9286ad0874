"""What the rules hold a report against."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from verify.judge.hardware import Hardware
from verify.report.fields import Device


@dataclass(frozen=True, slots=True)
class Requirements:
    """What a machine must be to belong to the environment's class.

    Attributes:
        system: ``Linux`` or ``Darwin``; anything when empty.
        architecture: ``x86_64`` or ``arm64``; anything when empty.
        memory_bytes: The least that must be installed.
        chips: Exact names of the processor; any when empty.
        devices: What is promised to compute.
    """

    system: str = ""
    architecture: str = ""
    memory_bytes: float = 0
    chips: tuple[str, ...] = ()
    devices: tuple[Device, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """What the rules know beside the report.

    Attributes:
        hardware: Datasheet peaks.
        requirements: Of the environment.
        lock_digest: Of the lock as it is now; None when that does not matter.
        expected: Ids that a complete plan of the level has; None when that does not matter.
        secrets: Texts that no report may hold, and what stands for each.
    """

    hardware: Hardware
    requirements: Requirements
    lock_digest: str | None = None
    expected: frozenset[str] | None = None
    secrets: Mapping[str, str] = field(default_factory=dict)
