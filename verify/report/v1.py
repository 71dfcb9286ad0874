"""Version 1 of the report: is this machine usable?"""

from typing import Literal, Self

from pydantic import Field, model_validator

from verify.report.fields import (
    Amount,
    Asked,
    CheckId,
    Closed,
    Count,
    Device,
    ImageDigest,
    Kind,
    Machine,
    Moment,
    Name,
    Outcome,
    ReportId,
    Sha256,
    Text,
)

# What the digest of a report says until `canonical.seal` has computed it.
UNSEALED = "0" * 64


class Environment(Closed):
    """The environment's name, and the digest of the file that describes it."""

    name: Name
    digest: Sha256


class Lock(Closed):
    """The lock that the environment was built from."""

    name: Name
    digest: Sha256
    packages: Count


class Suite(Closed):
    """The suite that asked: its version, and the digest of its sources."""

    version: Text
    digest: Sha256


class Python(Closed):
    """The interpreter under test."""

    version: Text
    implementation: Text
    compiler: Text


def untold(value: object) -> bool:
    """Whether a field has nothing to say: then one that came later is left out, as in older reports."""
    return value is None or value == ()


class Cache(Closed):
    """The caches of one level: the size of one, and how many there are."""

    level: Count
    bytes: Count
    count: Count


class Processor(Closed):
    """The processor; cores are those that may be used.

    Attributes:
        vendor: As the processor tells it, ``AuthenticAMD`` or ``0x41``.
        family: Its number; ARM has none.
        model: Its number, or ARM's part.
        clock_hertz: A clock that the system tells.
        clock_is: What clock that is: only the highest says what the processor can do.
        caches: Those for data, where the system tells of them.
    """

    name: Text
    physical_cores: Count
    logical_cores: Count
    instruction_sets: tuple[Text, ...]
    vendor: Text | None = Field(default=None, exclude_if=untold)
    family: Count | None = Field(default=None, exclude_if=untold)
    model: Count | None = Field(default=None, exclude_if=untold)
    clock_hertz: Count | None = Field(default=None, exclude_if=untold)
    clock_is: Text | None = Field(default=None, exclude_if=untold)
    caches: tuple[Cache, ...] = Field(default=(), exclude_if=untold)


class DeviceFacts(Closed):
    """One device as the frameworks see it; ``cache_bytes`` is its last cache's size, where they tell it."""

    name: Device
    built: bool
    available: bool
    computes: bool
    title: Text | None
    cores: Count | None
    memory_bytes: Count | None
    driver: Text | None
    runtime: Text | None
    built_for: Text | None
    problem: Text | None
    cache_bytes: Count | None = Field(default=None, exclude_if=untold)


class Package(Closed):
    """A distribution and its version."""

    name: Text
    version: Text


class Image(Closed):
    """The image that a container was started from.

    Attributes:
        digest: Of its configuration, which names all of its layers; as whoever started the container told, for inside
            it cannot be known. None where nobody told.
        source: SHA-256 of what it holds of this project; None for an image that is none of ours.
        base: Digest of the image that it stands on, as whoever built it said; None where nothing was said.
    """

    digest: ImageDigest | None
    source: Sha256 | None
    base: ImageDigest | None


class Facts(Closed):
    """What the machine and the installation are.

    Attributes:
        memory_limit_bytes: What the control groups allow, where that is less than all.
        container: What kind of container it is.
        image: What that was started from.
        processors_allowed: How many processors' time the control groups allow, where there is a quota.
    """

    system: Text
    system_version: Text
    system_build: Text | None
    kernel: Text
    architecture: Text
    libc: Text | None
    python: Python
    processor: Processor
    memory_bytes: Count
    memory_limit_bytes: Count | None
    container: Text | None
    image: Image | None = Field(default=None, exclude_if=untold)
    processors_allowed: Amount | None = Field(default=None, exclude_if=untold)
    power_mode: Text | None
    devices: tuple[DeviceFacts, ...]
    packages: tuple[Package, ...]


class Result(Closed):
    """What came of one planned check.

    Attributes:
        required: A certificate needs it to run; false where the plan found it not applicable, or it is optional.
        reason: Why the outcome is not ``passed``.
        advice: What to do about that.
        seconds: Wall time.
    """

    id: CheckId
    title: Text
    kind: Kind
    device: Device | None
    outcome: Outcome
    required: bool
    reason: Text | None
    advice: Text | None
    seconds: Amount

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if (self.outcome == "passed") != (self.reason is None):
            raise ValueError(f"{self.id}: every outcome but passed has a reason, and passed has none")
        return self

    @model_validator(mode="after")
    def _names_its_device(self) -> Self:
        named = self.id.partition("[")[2].rstrip("]") or None
        if named != self.device:
            raise ValueError(f"{self.id}: its device is {self.device}")
        return self


class Counts(Closed):
    """How many checks were planned, and how many came to each outcome."""

    planned: Count
    passed: Count
    failed: Count
    errored: Count
    crashed: Count
    timed_out: Count
    out_of_memory: Count
    skipped: Count


class Fields(Closed):
    """What a report of every version has.

    Attributes:
        id: Twelve hexadecimal digits.
        created: When the run began, UTC.
        finished: When it ended, UTC.
        machine: Salted digest of the machine's identity.
        sequence: Position among the reports of this machine and environment, from 1.
        predecessor: Digest of the report before it.
        planned: Ids of all checks that were planned, in running order.
        results: One for each planned check, in the same order.
        interrupted: Whether the run was ended from outside.
        digest: SHA-256 of the RFC 8785 form of the report without this field.
    """

    version: str
    id: ReportId
    level: Asked
    created: Moment
    finished: Moment
    environment: Environment
    platform: Name
    lock: Lock
    suite: Suite
    machine: Machine
    sequence: int = Field(ge=1, le=10**9)
    predecessor: Sha256 | None
    facts: Facts
    planned: tuple[CheckId, ...] = Field(json_schema_extra={"uniqueItems": True})
    results: tuple[Result, ...]
    counts: Counts
    interrupted: bool
    digest: Sha256

    @model_validator(mode="after")
    def _answers_the_plan(self) -> Self:
        if len(set(self.planned)) < len(self.planned):
            raise ValueError("a check is planned twice")
        if tuple(result.id for result in self.results) != self.planned:
            raise ValueError("the results are not those of the planned checks, in their order")
        return self

    @model_validator(mode="after")
    def _starts_its_chain(self) -> Self:
        if (self.sequence == 1) != (self.predecessor is None):
            raise ValueError("the first report of a chain has no predecessor, every other has one")
        return self


class Report(Fields):
    """Facts, device status and functional outcomes."""

    version: Literal["v1"]
