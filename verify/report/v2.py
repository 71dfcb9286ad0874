"""Version 2 of the report: version 1, and what the machine was found fit for."""

from typing import Literal, Self

from pydantic import model_validator

from verify.report import v1
from verify.report.fields import Closed, Count, Day, Name, Said, Sha256, Text

Value = Literal["certified", "conditional", "refused"]
Severity = Literal["error", "warning", "note"]
Grade = Literal["certain", "likely"]


class KnownIssue(Closed):
    """A dated annotation beside an outcome; never an outcome."""

    id: Name
    reason: Text
    link: Text
    expires: Day


class Finding(Closed):
    """What one rule has to say.

    Attributes:
        rule: Family and name of the rule: ``physics.above_the_peak``.
        subject: Which part of the report it is about.
        message: What is wrong with it, with the numbers.
        severity: Errors refuse, warnings make conditional, notes inform.
        grade: ``certain`` for arithmetic and contradiction, ``likely`` for domain knowledge.
    """

    rule: Text
    subject: Said
    message: Said
    severity: Severity
    grade: Grade


class Verdict(Closed):
    """What the rules make of a report."""

    value: Value
    findings: tuple[Finding, ...]


class Origin(Closed):
    """The stored report that this one was upgraded from."""

    version: Literal["v1", "v2"]
    digest: Sha256


class Result(v1.Result):
    """A result of version 1, its memory, its known issue, and the tail of its log where it did not pass."""

    peak_memory_bytes: Count | None
    device_peak_memory_bytes: Count | None
    known_issue: KnownIssue | None
    log: Text | None


class Fields(v1.Fields):
    """What a report has from version 2 on.

    Attributes:
        frameworks: The direct requirements, as installed.
        known_issues: Those of the policy that apply to this environment.
        verdict: Missing only before the rules have spoken, and after an upgrade from version 1.
        upgraded_from: The stored report, where this one was made from an older version.
    """

    results: tuple[Result, ...]
    frameworks: tuple[v1.Package, ...]
    known_issues: tuple[KnownIssue, ...]
    verdict: Verdict | None
    upgraded_from: Origin | None

    @model_validator(mode="after")
    def _is_judged(self) -> Self:
        older = self.upgraded_from is not None and self.upgraded_from.version == "v1"
        if self.verdict is None and not older and self.digest != v1.UNSEALED:
            raise ValueError("a sealed report has a verdict")
        return self


class Report(Fields):
    """Functional and LoRA checks, memory, frameworks, known issues and a verdict."""

    version: Literal["v2"]
