"""Checks that an earlier report had and a later one lacks: each needs a waiver, which says why and until when."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Annotated

from pydantic import BeforeValidator, Field, field_validator

from verify.judge.finding import error, note, warning
from verify.judge.known_issues import CHECK
from verify.report.fields import Closed, Day, Listed, Name, as_text, told_apart
from verify.report.v2 import Finding
from verify.report.versions import AnyReport

PATH = "policy/waivers.toml"
SHOWN = 3


class Waiver(Closed):
    """Why a check is not asked any more.

    Attributes:
        id: A short name of its own.
        check: Id of the check without device, or ``topic.*``.
        environments: Where it applies; everywhere when empty.
        reason: Why, in one line.
        link: Where that can be read: ``https://…``, or a page of ``docs/``.
        expires: The last day on which it counts; somebody has to look at it again then.
    """

    id: Name
    check: str = Field(pattern=CHECK, max_length=200)
    environments: Listed[Name] = ()
    reason: str = Field(min_length=1)
    link: str = Field(pattern=r"^(https://|docs/)[^\s]+$")
    expires: Annotated[Day, BeforeValidator(as_text)]


class Waivers(Closed):
    """policy/waivers.toml."""

    waivers: Listed[Waiver] = ()

    @field_validator("waivers")
    @classmethod
    def _are_told_apart(cls, waivers: tuple[Waiver, ...]) -> tuple[Waiver, ...]:
        told_apart([waiver.id for waiver in waivers], "waivers")
        return waivers


@dataclass(frozen=True, slots=True)
class Questions:
    """What a report asked, and where it stands; of a long history no more is kept."""

    id: str
    environment: str
    machine: str
    level: str
    sequence: int
    planned: tuple[str, ...]


def questions_of(report: AnyReport) -> Questions:
    """What a report asked."""
    place = (report.id, report.environment.name, report.machine, report.level, report.sequence)
    return Questions(*place, tuple(report.planned))


def successions(reports: Iterable[Questions]) -> Iterator[tuple[Questions, Questions]]:
    """Each report with the one of its machine, environment and level before it; given in any order."""
    chains: dict[tuple[str, str, str], list[Questions]] = defaultdict(list)
    for report in reports:
        chains[report.environment, report.machine, report.level].append(report)
    for chain in chains.values():
        yield from pairwise(sorted(chain, key=lambda report: report.sequence))


def gone(pairs: Iterable[tuple[Questions, Questions]], waivers: Sequence[Waiver], today: str) -> list[Finding]:
    """What is to be said of checks that are not asked any more.

    Args:
        pairs: What each report asked, and what the one after it did.
        waivers: The policy.
        today: ``2026-01-02``.

    Returns:
        Errors for checks that no waiver excuses, or only one that has ended; notes for those that are excused; and a
        warning for each waiver that has ended and excuses nothing.
    """
    used: set[str] = set()
    found = [finding for before, after in pairs for finding in _between(before, after, waivers, today, used)]
    ended = (waiver for waiver in waivers if waiver.expires < today and waiver.id not in used)
    found += [
        warning("counts.waiver_ended", one.id, f"it ended on {one.expires}, and excuses nothing") for one in ended
    ]
    return found


def _between(
    before: Questions, after: Questions, waivers: Sequence[Waiver], today: str, used: set[str]
) -> Iterator[Finding]:
    missing: dict[str | None, list[str]] = defaultdict(list)
    known = {waiver.id: waiver for waiver in waivers}
    for id_ in sorted(set(before.planned) - set(after.planned)):
        waiver = _waiver(id_.partition("[")[0], after.environment, waivers)
        missing[waiver.id if waiver else None].append(id_)
    for name, ids in missing.items():
        some = ", ".join(ids[:SHOWN]) + (f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else "")
        said = f"{before.id} asked {some}, and this report does not"
        if name is None:
            yield error("counts.gone", f"report {after.id}", f"{said}: {PATH} should say why")
            continue
        waiver = known[name]
        used.add(name)
        if waiver.expires < today:
            yield error(
                "counts.waiver_ended", f"report {after.id}", f"{said}: the waiver {name} ended {waiver.expires}"
            )
        else:
            yield note("counts.waived", f"report {after.id}", f"{said}: {waiver.reason} ({waiver.link})")


def _waiver(check: str, environment: str, waivers: Sequence[Waiver]) -> Waiver | None:
    """The waiver of a check that lasts longest."""
    found = [
        waiver
        for waiver in waivers
        if fnmatchcase(check, waiver.check) and (not waiver.environments or environment in waiver.environments)
    ]
    return max(found, key=lambda waiver: waiver.expires, default=None)
