"""Whether a history is whole: nothing missing, nothing twice, nothing out of order."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import Literal, Protocol

from verify.report.head import Head, root_of
from verify.report.place import Place
from verify.report.v2 import Finding, Severity
from verify.report.versions import AnyReport

# Whose head it is: the one beside the reports, the signed one there, or one that is kept elsewhere.
Kept = Literal["own", "signed", "elsewhere"]
# A run that ended between keeping its report and writing the head leaves this many: see `verify.report.head`.
UNANCHORED = 1


class Link(Protocol):
    """What of a report makes it a link of a chain."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def sequence(self) -> int:
        """Its number, from 1."""

    @property
    def created(self) -> str:
        """When its run began, UTC."""

    @property
    def predecessor(self) -> str | None:
        """The digest of the report before it."""

    @property
    def digest(self) -> str:
        """Its own."""


def verify_chain(reports: Sequence[AnyReport]) -> list[Finding]:
    """Findings about the chains that the reports, as stored, form: one for each machine and environment.

    The order of the reports does not matter. A missing tail cannot be seen from what is left; a head tells of it.
    """
    chains: dict[tuple[str, str], list[AnyReport]] = defaultdict(list)
    for report in reports:
        chains[report.environment.name, report.machine].append(report)
    return [finding for chain in chains.values() for finding in verify_links(sorted(chain, key=_place))]


def verify_links(chain: Sequence[Link]) -> list[Finding]:
    """Findings about the reports of one machine and environment, by sequence."""
    return list(_links(chain)) if chain else []


def verify_head(head: Head, chain: Sequence[Place], kept: Kept = "own") -> list[Finding]:
    """Findings about a chain that a head counts: a cut tail, a changed report, a history that was rolled back.

    Args:
        head: What the chain held at some time.
        chain: What there is now of that machine and environment, by sequence.
        kept: Where the head was kept, which tells how far it may lie behind.
    """
    return list(_held_against(head, chain, kept))


def counts(head: Head, chain: Sequence[Place]) -> bool:
    """Whether a chain, by sequence, begins with what a head counts, byte for byte."""
    if head.count > len(chain):
        return False
    last = chain[head.count - 1]
    told = last.id, last.created, last.digest
    counted = islice(chain, head.count)
    return told == (head.report, head.created, head.digest) and root_of(one.sha256 for one in counted) == head.root


def _held_against(head: Head, chain: Sequence[Place], kept: Kept) -> Iterator[Finding]:
    subject, whose = f"chain of {head.machine[:12]} in {head.environment}", _WHOSE[kept]
    more = len(chain) - head.count
    if more < 0:
        rule = "rolled_back" if kept == "elsewhere" else "cut"
        message = f"{len(chain)} of {head.count} reports are here, {whose} ends with {head.report}"
        yield _about(subject, rule, message)
    elif not counts(head, chain):
        at_end = chain[head.count - 1]
        last = "" if at_end.digest == head.digest else f": number {head.count} was {head.report}, now {at_end.id}"
        yield _about(subject, "changed", f"its {head.count} reports are not those that {whose} counted{last}")
    elif kept == "own" and more > UNANCHORED:
        yield _about(subject, "ahead", f"{more} reports follow the last that {whose} counts; a crash leaves one")
    elif kept == "own" and more:
        message = f"{chain[-1].id} came after {whose}: a run ended too early, and the next one puts it right"
        yield _about(subject, "unanchored", message, "warning")
    elif kept == "signed" and more:
        yield _about(subject, "unsigned", f"{more} reports follow the last that {whose} counts", "warning")


_WHOSE: dict[Kept, str] = {"own": "its head", "signed": "its signed head", "elsewhere": "the head kept elsewhere"}


def _place(link: Link) -> tuple[int, str]:
    return link.sequence, link.created


def _links(chain: Sequence[Link]) -> Iterator[Finding]:
    if chain[0].sequence != 1:
        yield _finding(chain[0], "gap", f"the chain starts at {chain[0].sequence}, not at 1")
    for before, after in pairwise(chain):
        if after.sequence == before.sequence:
            yield _finding(after, "twice", f"{before.id} is number {before.sequence} too")
        elif after.sequence != before.sequence + 1:
            yield _finding(after, "gap", f"number {after.sequence} follows number {before.sequence}")
        elif after.predecessor != before.digest:
            yield _finding(after, "broken", f"it was appended to another report than {before.id}")
        if after.created < before.created:
            message = f"created {after.created}, its predecessor {before.created}: the clock went back"
            yield _finding(after, "clock", message, "warning")


def _finding(link: Link, rule: str, message: str, severity: Severity = "error") -> Finding:
    return _about(f"report {link.id}", rule, message, severity)


def _about(subject: str, rule: str, message: str, severity: Severity = "error") -> Finding:
    return Finding(rule=f"chain.{rule}", subject=subject, message=message, severity=severity, grade="certain")
