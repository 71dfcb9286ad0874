"""Whether a history is whole: nothing missing, nothing twice, nothing out of order."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from verify.report.v2 import Finding, Severity
from verify.report.versions import AnyReport


def verify_chain(reports: Sequence[AnyReport]) -> list[Finding]:
    """Findings about the chains that the reports, as stored, form: one for each machine and environment.

    The order of the reports does not matter. A missing tail cannot be seen from what is left.
    """
    chains: dict[tuple[str, str], list[AnyReport]] = defaultdict(list)
    for report in reports:
        chains[report.environment.name, report.machine].append(report)
    return [finding for chain in chains.values() for finding in _links(sorted(chain, key=_place))]


def _place(report: AnyReport) -> tuple[int, str]:
    return report.sequence, report.created


def _links(chain: Sequence[AnyReport]) -> Iterator[Finding]:
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


def _finding(report: AnyReport, rule: str, message: str, severity: Severity = "error") -> Finding:
    subject = f"report {report.id}"
    return Finding(rule=f"chain.{rule}", subject=subject, message=message, severity=severity, grade="certain")
