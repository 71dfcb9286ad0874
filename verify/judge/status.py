"""Whether a certificate still holds, and if not, why."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import Field

from verify.report import v1, v3
from verify.report.fields import Closed, moment


def lapses(report: v3.Report, present: "Present") -> list[str]:
    """Why the report's certificate does not hold any more; nothing while it does.

    Args:
        report: The last of this machine and environment, upgraded.
        present: What it is held against.
    """
    return [*_verdict(report), *_changes(report, present), *_age(report, present)]


def _verdict(report: v3.Report) -> Iterator[str]:
    if report.verdict is None:
        yield f"report {report.id} has no verdict: it is of level {report.level}"
    elif report.verdict.value == "refused":
        yield f"report {report.id} refused the certificate"


def _changes(report: v3.Report, present: "Present") -> Iterator[str]:
    if report.lock.digest != present.lock_digest:
        yield f"{report.lock.name} has changed"
    before, after = _surroundings(report.facts), _surroundings(present.facts)
    for name in [*before, *(name for name in after if name not in before)]:
        if before.get(name) != after.get(name):
            yield f"{name} was {before.get(name) or 'none'}, is {after.get(name) or 'none'}"


def _surroundings(facts: v1.Facts) -> dict[str, str | None]:
    """What a certificate depends on beside the lock."""
    return {
        "the system": facts.system_version,
        "the system's build": facts.system_build,
        "the power mode": facts.power_mode,
        "Python": facts.python.version,
        **{f"the driver of {device.name}": device.driver for device in facts.devices},
    }


def _age(report: v3.Report, present: "Present") -> Iterator[str]:
    age, terms = present.moment - moment(report.finished), present.terms
    if age > timedelta(days=terms.longest_days):
        yield f"it is {age.days} days old, certificates last {terms.longest_days}"
    if -age > timedelta(minutes=terms.skew_minutes):
        yield f"it was made in the future, at {report.finished}: a clock is wrong"


class Terms(Closed):
    """policy/certificate.toml.

    Attributes:
        longest_days: After how many days a certificate ends by itself.
        skew_minutes: How far ahead of ours the clock of a report may be.
    """

    longest_days: int = Field(ge=1, le=3650)
    skew_minutes: int = Field(ge=0, le=24 * 60)


@dataclass(frozen=True, slots=True)
class Present:
    """What a certificate is held against.

    Attributes:
        lock_digest: Of the environment's lock as it is now.
        facts: The machine as it is now.
        moment: The time, with its zone.
        terms: How long a certificate lasts.
    """

    lock_digest: str
    facts: v1.Facts
    moment: datetime
    terms: Terms
