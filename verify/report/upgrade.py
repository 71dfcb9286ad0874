"""Older reports read as newer ones: in memory, without loss, the stored file untouched."""

from typing import Any, TypeVar

from verify.report import v1, v2, v3
from verify.report.canonical import seal
from verify.report.fields import Closed
from verify.report.versions import VERSIONS, AnyReport, Version

R = TypeVar("R", bound=v1.Fields)

_NEW_IN_V2: dict[str, Any] = {"frameworks": (), "known_issues": (), "verdict": None}
_NEW_IN_V2_RESULT: dict[str, Any] = {
    "peak_memory_bytes": None,
    "device_peak_memory_bytes": None,
    "known_issue": None,
    "log": None,
}


def upgrade(report: AnyReport, to: Version = "v3") -> AnyReport:
    """The report as a later version has it, sealed anew; its ``upgraded_from`` names the stored one.

    Upgrading in two steps is upgrading in one, and a report that already has the version is returned as it is.

    Raises:
        ValueError: The report is newer than the version asked for.
    """
    if VERSIONS.index(report.version) > VERSIONS.index(to):
        raise ValueError(f"a {report.version} report cannot become {to}")
    while report.version != to:
        report = _to_v2(report) if isinstance(report, v1.Report) else newest(report)
    return report


def newest(report: AnyReport) -> v3.Report:
    """The report as the newest version has it, which is what rules and renderers read."""
    if isinstance(report, v3.Report):
        return report
    return _to_v3(_to_v2(report) if isinstance(report, v1.Report) else report)


def _to_v2(report: v1.Report) -> v2.Report:
    results = tuple(v2.Result(**_parts(result), **_NEW_IN_V2_RESULT) for result in report.results)
    origin = v2.Origin(version="v1", digest=report.digest)
    parts = {**_parts(report), **_NEW_IN_V2, "version": "v2", "results": results, "upgraded_from": origin}
    return _resealed(v2.Report(**parts))


def _to_v3(report: v2.Report) -> v3.Report:
    results = tuple(v3.Result(**_parts(result), measurements=(), notes={}) for result in report.results)
    origin = report.upgraded_from or v2.Origin(version="v2", digest=report.digest)
    parts = {**_parts(report), "version": "v3", "results": results, "upgraded_from": origin}
    return _resealed(v3.Report(**parts, conditions=v3.RunConditions()))


def _parts(record: Closed) -> dict[str, Any]:
    return {name: getattr(record, name) for name in type(record).model_fields}


def _resealed(report: R) -> R:
    return seal(report, report.sequence, report.predecessor)
