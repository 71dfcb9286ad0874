"""Advisories: what is known to go wrong with packages together, or on a machine, told before they are installed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, field_validator

from verify.probe.package_name import normalised
from verify.report.fields import Closed, Device, Listed, Name, told_apart
from verify.report.releases import Range, all_within
from verify.spec.environment import Environment
from verify.spec.lock import Lock
from verify.spec.platform import Platform
from verify.spec.toml import read_toml, validated

PATH: Final = "policy/advisories.toml"

System = Literal["Linux", "Darwin"]


class Advisory(Closed):
    """One thing that is known to go wrong.

    Attributes:
        id: A short name of its own.
        packages: Name and range of the releases that have it, all of which must be locked.
        without: It applies only where none of these is locked.
        python: In which versions of Python; in all when left out.
        system: On which system; on both when left out.
        macos: On which versions of macOS; on all when left out.
        devices: Where one of these is promised; everywhere when empty.
        environments: In which environments; in all when empty.
        severity: ``refuse`` stops the set-up, ``warn`` does not.
        reason: What happens, in one line.
        advice: What to do about it, in one line.
        link: Where it is told.
    """

    id: Name
    packages: dict[str, Range] = Field(min_length=1)
    without: Listed[Name] = ()
    python: Range | None = None
    system: System | None = None
    macos: Range | None = None
    devices: Listed[Device] = ()
    environments: Listed[Name] = ()
    severity: Literal["refuse", "warn"]
    reason: str = Field(min_length=1)
    advice: str = Field(min_length=1)
    link: str = Field(pattern=r"^https://[^\s]+$")


class Advisories(Closed):
    """policy/advisories.toml."""

    advisories: Listed[Advisory] = ()

    @field_validator("advisories")
    @classmethod
    def _are_told_apart(cls, advisories: tuple[Advisory, ...]) -> tuple[Advisory, ...]:
        told_apart([advisory.id for advisory in advisories], "advisories")
        return advisories


def read_advisories(root: Path) -> tuple[Advisory, ...]:
    """The advisories of a project.

    Raises:
        UsageError: The file is wrong.
    """
    return validated(Advisories, read_toml(root, root / PATH)).advisories


def applying(
    advisories: Sequence[Advisory], environment: Environment, platform: Platform, lock: Lock, macos: str
) -> tuple[Advisory, ...]:
    """Those that apply to a set-up.

    Args:
        advisories: The policy.
        environment: What is set up.
        platform: What it installs.
        lock: In which versions.
        macos: The version of macOS here; empty on any other system.
    """
    versions = {package.name: package.version for package in lock.packages}
    there = {"python": platform.python, "macos": macos} if macos else {"python": platform.python}

    def applies(advisory: Advisory) -> bool:
        asked = {"python": advisory.python, "macos": advisory.macos}
        return (
            all_within(versions, advisory.packages)
            and all_within(there, {name: span for name, span in asked.items() if span})
            and not {normalised(name) for name in advisory.without} & set(versions)
            and advisory.system in {None, environment.machine.system}
            and (not advisory.devices or not set(advisory.devices).isdisjoint(environment.devices))
            and (not advisory.environments or environment.name in advisory.environments)
        )

    return tuple(filter(applies, advisories))
