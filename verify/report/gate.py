"""What a gate found: two locks held against each other on one machine, with all that the verdict rests on."""

import math
from typing import Literal, Self

from pydantic import Field, model_validator

from verify.report import v1, v2, v3
from verify.report.fields import (
    Amount,
    CheckId,
    Closed,
    Count,
    Device,
    Machine,
    Moment,
    Name,
    Number,
    Outcome,
    ReportId,
    Sha256,
    Text,
)

Value = Literal["accepted", "refused", "inconclusive"]
Kind = Literal["added", "removed", "upgraded", "downgraded", "other_hashes"]
Heard = Literal["comes", "stays", "goes"]
Decision = Literal["held", "regressed", "undecided", "hopeless"]
Scale = Literal["ratio", "difference"]


class Side(Closed):
    """One of the two locks.

    Attributes:
        digest: SHA-256 of the lock's bytes.
        packages: How many it holds.
        frameworks: The direct requirements, as installed.
    """

    digest: Sha256
    packages: Count
    frameworks: tuple[v1.Package, ...]


class Change(Closed):
    """A package that differs; null where it is not there."""

    name: Text
    before: Text | None
    after: Text | None
    kind: Kind


class Advisory(Closed):
    """An advisory of the policy that applies to one of the locks, or both."""

    id: Name
    severity: Text
    heard: Heard
    reason: Text


class Licence(Closed):
    """A package whose licence differs; null where it is not there or says none."""

    name: Text
    before: Text | None
    after: Text | None


class Compared(Closed):
    """A check whose outcome matters: it differs, or did not pass with the candidate.

    Attributes:
        id: The job's.
        current: With the current lock; null where it was not asked, for it passed with the candidate.
        candidate: With the candidate, asked beside others.
        alone: With the candidate again, nothing beside it; null where that was not needed.
        reason: Why it did not pass with the candidate, or with the current lock where that is what matters.
        required: Whether a certificate needs it.
        known_issue: The annotation of the policy that covers it with the candidate, or null.
        known_issue_now: That which covers it with the current lock.
    """

    id: CheckId
    current: Outcome | None
    candidate: Outcome
    alone: Outcome | None
    reason: Text | None
    required: bool
    known_issue: Name | None
    known_issue_now: Name | None


class Behaviour(Closed):
    """One behaviour held against what the other side left.

    Attributes:
        id: The job's.
        reader: Which side read what the other had left; ``control`` is the current one reading its own.
        outcome: Of the check.
        reason: Why it did not pass.
        measurements: What it measured.
    """

    id: CheckId
    reader: Literal["candidate", "current", "control"]
    outcome: Outcome
    reason: Text | None
    measurements: tuple[v3.Measurement, ...]


class Figure(Closed):
    """A figure that both sides were measured at, in groups of fresh processes.

    Attributes:
        name: Of the workload, or of what was measured of it.
        device: Where.
        scale: ``ratio``: differences are of natural logarithms. ``difference``: they are in the unit.
        unit: Of the typical values.
        current: The median over groups with the current lock.
        candidate: With the candidate.
        differences: One a group: candidate less the mean of two copies of the current; positive is worse.
        copies: One a group: the second copy of the current less the first, which is noise and nothing else.
        decision: What the differences tell.
        estimate: Of the differences.
        low: Lower end of its 95% interval; null for too few groups.
        high: Upper end.
        detectable: The regression that the whole budget would find with a power of 80%, by this noise.
    """

    name: Text
    device: Device
    scale: Scale
    unit: Text
    current: Number
    candidate: Number
    differences: tuple[Number, ...] = Field(min_length=1)
    copies: tuple[Number, ...]
    decision: Decision
    estimate: Number
    low: Number | None
    high: Number | None
    detectable: Amount

    @model_validator(mode="after")
    def _has_a_copy_a_group(self) -> Self:
        if len(self.copies) != len(self.differences):
            raise ValueError(f"{self.name}: {len(self.differences)} differences, {len(self.copies)} copies")
        return self


def amount(figure: Figure, difference: float) -> str:
    """A difference as a reader expects it: percent of a ratio, else in the figure's unit."""
    if figure.scale == "ratio":
        return f"{100 * math.expm1(difference):+.1f}%"
    return f"{difference:+,.0f} {figure.unit}"


class Lost(Closed):
    """A workload that cannot be done with one of the locks, or with either: why not, by lock; null where it can."""

    name: Text
    current: Text | None
    candidate: Text | None


class Bisection(Closed):
    """The smallest set of package changes that brings a finding about.

    Attributes:
        rule: Of the finding.
        subject: Of the finding.
        packages: Names; empty where the whole change did not bring it about again.
        trials: How many subsets were tried.
        unresolved: How many of them do not resolve.
        note: What was seen, in words.
    """

    rule: Text
    subject: Text
    packages: tuple[Text, ...]
    trials: Count
    unresolved: Count
    note: Text


class Verdict(Closed):
    """What the policy makes of it."""

    value: Value
    findings: tuple[v2.Finding, ...]


class Report(Closed):
    """A gate, whole.

    Attributes:
        version: Of this form.
        id: Twelve hexadecimal digits.
        created: When it began, UTC.
        finished: When it ended, UTC.
        environment: The machine class.
        platform: What is installed there.
        suite: What asked.
        policy: Digest of the policy that judged.
        machine: Salted digest of the machine's identity.
        facts: Of the machine, as the current side's interpreter tells them, without packages.
        current: The lock that is in use.
        candidate: The lock in question.
        changes: Packages that differ.
        advisories: Those that apply to either lock.
        licences: Those that differ.
        asked: How many checks the candidate was asked.
        passed: How many of them passed.
        checks: Those that matter.
        behaviours: Each with its direction.
        lost: What cannot be timed, with one of the locks or with either.
        figures: Speed and memory.
        groups: How many groups of processes were timed.
        budget: How many there might have been.
        stopped: Why no more were.
        conditions: What else the machine was doing.
        bisections: What was found to blame, where somebody asked.
        interrupted: Whether it was ended from outside.
        verdict: Missing only before the rules have spoken.
        digest: SHA-256 of the RFC 8785 form of the gate without this field.
    """

    version: Literal["gate-v1"]
    id: ReportId
    created: Moment
    finished: Moment
    environment: v1.Environment
    platform: Name
    suite: v1.Suite
    policy: Sha256
    machine: Machine
    facts: v1.Facts
    current: Side
    candidate: Side
    changes: tuple[Change, ...]
    advisories: tuple[Advisory, ...]
    licences: tuple[Licence, ...]
    asked: Count
    passed: Count
    checks: tuple[Compared, ...]
    behaviours: tuple[Behaviour, ...]
    lost: tuple[Lost, ...]
    figures: tuple[Figure, ...]
    groups: Count
    budget: Count
    stopped: Text
    conditions: v3.RunConditions
    bisections: tuple[Bisection, ...]
    interrupted: bool
    verdict: Verdict | None
    digest: Sha256

    @property
    def refused(self) -> bool:
        """Whether it was judged so."""
        return self.verdict is not None and self.verdict.value == "refused"
