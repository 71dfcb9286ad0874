"""A run of a fleet as it is kept: what was asked, and what became of it so far.

``<folder>/<run>/run.json`` is written once, before anything is started; ``journal`` gets a line for every job that was
handed to Slurm and for every end that was seen. A run that is killed goes on from these two, whatever Slurm knows.
Each attempt at a node has a folder of its own, ``nodes/<node>/<attempt>``, which that node's job alone writes to.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from verify.errors import IntegrityError, StorageError, UsageError
from verify.report.canonical import stored_text
from verify.report.disk import LOCAL, read_regular, settle, stage
from verify.report.fields import Closed, Level, Listed, Moment, Name, Sha256, Text

PLAN = "run.json"
JOURNAL = "journal"
NODES = "nodes"
LARGEST_PLAN = 16 * 1024 * 1024
LARGEST_JOURNAL = 256 * 1024 * 1024
# What begins a job's name; the run's id follows.
PREFIX = "verify-"


class Plan(Closed):
    """What was asked.

    Attributes:
        run: Its id: when it was asked, and something random.
        created: When, UTC.
        partition: Slurm's.
        environment: The machine class.
        level: How much each node is asked.
        lock: Digest of the lock that every report must be of.
        minutes: How long a node may take.
        wait_minutes: How long a node may take to become free.
        nodes: The denominator, by name.
        absent: Those that Slurm could not use when it was asked, and why.
        command: What a node runs.
        options: What `sbatch` is told besides.
    """

    version: Literal["fleet-run.v1"] = "fleet-run.v1"
    run: Name
    created: Moment
    partition: Text
    environment: Name
    level: Level
    lock: Sha256
    minutes: int = Field(ge=1, le=100_000)
    wait_minutes: int = Field(ge=1, le=100_000)
    nodes: Listed[Text]
    absent: dict[Text, Text]
    command: Listed[Text]
    options: Listed[Text] = ()

    @property
    def job_name(self) -> str:
        """The name that all of its jobs have."""
        return f"{PREFIX}{self.run}"

    @property
    def longest_seconds(self) -> int:
        """After how long a job that was handed to Slurm can be neither waiting nor running."""
        return 60 * (self.minutes + self.wait_minutes)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the journal: a job was handed to Slurm, or Slurm told how it ended.

    Attributes:
        node: Of which node.
        attempt: Which one, from 1.
        job: Its number.
        at: When this was written, seconds since 1970.
        ended: Slurm's word for how it ended; None when it was just handed over.
        status: What its script ended with.
        reason: Slurm's.
    """

    node: str
    attempt: int
    job: int
    at: int
    ended: str | None = None
    status: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """The folder of a run."""

    folder: Path

    def begin(self, plan: Plan) -> None:
        """Write the plan, whole, before anything is started.

        Raises:
            StorageError: The folder cannot be written.
        """
        try:
            (self.folder / NODES).mkdir(parents=True)
            settle(LOCAL, stage(LOCAL, self.folder / PLAN, stored_text(plan).encode()), self.folder / PLAN)
        except OSError as error:
            hint = "name a folder that all nodes can write to: --folder DIR"
            raise StorageError(f"{self.folder} cannot be written: {error.strerror}", hint) from error

    def plan(self) -> Plan:
        """What was asked.

        Raises:
            UsageError: There is no such run.
            IntegrityError: It is not as it was written.
        """
        path = self.folder / PLAN
        if not path.is_file():
            raise UsageError(f"{self.folder} holds no run of a fleet", "`verify fleet list` tells which there are")
        try:
            return Plan.model_validate_json(read_regular(path, self.folder, LARGEST_PLAN))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise IntegrityError(f"{path} is no plan: {where}: {first['msg']}"[:300], "ask the fleet again") from error

    def note(self, entry: Entry) -> None:
        """Add a line to the journal, and see to it that it stays.

        Raises:
            StorageError: The disk refused.
        """
        # Whatever a kill left of the line before stays a line of its own.
        line = f"\n{json.dumps(asdict(entry))}\n"
        try:
            with (self.folder / JOURNAL).open("a", encoding="utf-8") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            hint = f"free the disk, then: verify fleet gather {self.folder.name}"
            raise StorageError(f"{self.folder / JOURNAL}: {error.strerror}", hint) from error

    def entries(self) -> Iterator[Entry]:
        """The journal, without lines that a kill cut off: Slurm and the nodes' folders still tell what they told.

        Raises:
            StorageError: It cannot be read.
        """
        path = self.folder / JOURNAL
        if not path.exists():
            return
        for line in read_regular(path, self.folder, LARGEST_JOURNAL).decode("utf-8", "replace").splitlines():
            with contextlib.suppress(ValueError, TypeError):
                yield Entry(**json.loads(line))

    def place(self, node: str, attempt: int) -> Path:
        """Where an attempt at a node leaves what it has to say."""
        return self.folder / NODES / node / str(attempt)
