"""Known issues: dated, linked annotations that soften a failure until they expire."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Self

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator
from pydantic.config import JsonDict

from verify.report.fields import Closed, Day, Device, Listed, Name, as_text, told_apart
from verify.report.releases import Range, all_within
from verify.report.v1 import Package
from verify.report.v2 import KnownIssue

CHECK = r"^[A-Za-z0-9_]+\.(\*|[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*)$"
# What is tampered with, or does not compute, makes every other answer worthless.
_NEVER = ("installed", "devices")
_NARROWING = ("environments", "devices", "packages")
_SOME: JsonDict = {"minItems": 1, "minProperties": 1}


class Entry(Closed):
    """One known issue.

    Attributes:
        id: A short name of its own.
        check: Id of the check without device, or ``topic.*``; never of topic ``installed`` or ``devices``.
        environments: Where it applies; everywhere when empty, but one of this, devices and packages is given.
        devices: On which devices; on all when empty.
        packages: Name and range of the releases that have it: ``torch = ">=2.9,<2.12"``.
        reason: What is wrong, in one line.
        link: Where its authors discuss it.
        expires: The last day on which it excuses a failure.
    """

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": [n], "properties": {n: _SOME}} for n in _NARROWING]}
    )

    id: Name
    check: str = Field(
        pattern=CHECK, max_length=200, json_schema_extra={"not": {"pattern": rf"^({'|'.join(_NEVER)})\."}}
    )
    environments: Listed[Name] = ()
    devices: Listed[Device] = ()
    packages: dict[str, Range] = Field(default_factory=dict)
    reason: str = Field(min_length=1)
    link: str = Field(pattern=r"^https://[^\s]+$")
    expires: Annotated[Day, BeforeValidator(as_text)]

    @model_validator(mode="after")
    def _excuses_little(self) -> Self:
        topic = self.check.partition(".")[0]
        if topic in _NEVER:
            raise ValueError(f"{self.id}: no known issue excuses a check of topic {topic}")
        if not any(getattr(self, name) for name in _NARROWING):
            raise ValueError(f"{self.id}: it needs {' or '.join(_NARROWING)}, or it applies everywhere")
        return self


class KnownIssues(Closed):
    """policy/known-issues.toml."""

    issues: Listed[Entry] = ()

    @field_validator("issues")
    @classmethod
    def _are_told_apart(cls, issues: tuple[Entry, ...]) -> tuple[Entry, ...]:
        told_apart([issue.id for issue in issues], "known issues")
        return issues


def known_issue(
    entries: Sequence[Entry], check: str, device: Device | None, environment: str, packages: Iterable[Package]
) -> KnownIssue | None:
    """The known issue to write beside a result, or None.

    Args:
        entries: The policy.
        check: Id of the check, without its device.
        device: Where it was asked.
        environment: In which environment.
        packages: What is installed there.
    """
    found = (
        entry for entry in entries if fnmatchcase(check, entry.check) and (not entry.devices or device in entry.devices)
    )
    return next((_annotation(entry) for entry in _applying(found, environment, packages)), None)


def applying(entries: Sequence[Entry], environment: str, packages: Iterable[Package]) -> tuple[KnownIssue, ...]:
    """The known issues of an environment with these packages, whatever the check."""
    return tuple(_annotation(entry) for entry in _applying(entries, environment, packages))


def _applying(entries: Iterable[Entry], environment: str, packages: Iterable[Package]) -> list[Entry]:
    versions = {package.name: package.version for package in packages}
    return [
        entry
        for entry in entries
        if (not entry.environments or environment in entry.environments) and all_within(versions, entry.packages)
    ]


def _annotation(entry: Entry) -> KnownIssue:
    return KnownIssue(id=entry.id, reason=entry.reason, link=entry.link, expires=entry.expires)
