"""A report as rows of tables, for questions over many of them."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verify.errors import IntegrityError
from verify.report.difference import extent
from verify.report.disk import read_regular
from verify.report.place import name_of, sealed
from verify.report.read import LARGEST_FILE, named

Row = tuple[object, ...]

SCHEMA = """
CREATE TABLE reports (
    report INTEGER PRIMARY KEY, path TEXT UNIQUE, size INTEGER, mtime_ns INTEGER, sha256 TEXT, digest TEXT,
    id TEXT, environment TEXT, machine TEXT, sequence INTEGER, created TEXT, finished TEXT, version TEXT, level TEXT,
    verdict TEXT, interrupted INTEGER, suite TEXT, lock TEXT, platform TEXT, system TEXT, build TEXT, kernel TEXT,
    python TEXT, processor TEXT, drivers TEXT, planned INTEGER, passed INTEGER, package_set INTEGER
);
CREATE TABLE results (
    report INTEGER, check_id TEXT, device TEXT, kind TEXT, outcome TEXT, required INTEGER, seconds REAL,
    peak_memory_bytes INTEGER, reason TEXT
);
CREATE TABLE measurements (
    report INTEGER, check_id TEXT, device TEXT, name TEXT, conditions TEXT, unit TEXT, direction TEXT, value REAL,
    low REAL, high REAL, samples INTEGER, provenance TEXT, inconclusive TEXT
);
CREATE TABLE package_sets (package_set INTEGER PRIMARY KEY, content TEXT UNIQUE);
CREATE TABLE set_packages (package_set INTEGER, name TEXT, version TEXT);
CREATE VIEW packages AS
    SELECT report, name, set_packages.version AS version FROM reports JOIN set_packages USING (package_set);
CREATE INDEX results_of ON results (report);
CREATE INDEX results_by_check ON results (check_id);
CREATE INDEX measurements_of ON measurements (report);
CREATE INDEX measurements_by_name ON measurements (check_id, name);
"""
TABLES = "reports, results, measurements, packages; `report` joins them"


@dataclass(frozen=True, slots=True)
class Rows:
    """What one report gives.

    Attributes:
        report: Its columns, without number and package set.
        results: Without the report's number.
        measurements: Without the report's number.
        packages: Name and version of each, as JSON; most reports of a history have the same.
    """

    report: Row
    results: tuple[Row, ...]
    measurements: tuple[Row, ...]
    packages: str


@dataclass(frozen=True, slots=True)
class Source:
    """A file of the history as its folder tells of it."""

    path: str
    size: int
    mtime_ns: int


def rows_of(root: Path, source: Source) -> Rows:
    """The rows of a stored report, which nothing here proves to be what was written.

    Raises:
        StorageError: It cannot be read.
        IntegrityError: It is no report, or is not where it was put.
    """
    path = root / source.path
    data = read_regular(path, root, LARGEST_FILE)
    try:
        value = json.loads(data)
        if (path.parent.name, path.name) != (value["environment"]["name"], name_of(value["created"], value["id"])):
            raise IntegrityError(f"{named(path, root)} holds another report", "see `verify history prove`")
        return Rows(
            report=_report(source, hashlib.sha256(data).hexdigest(), value),
            results=tuple(_result(result) for result in value["results"]),
            measurements=tuple(row for result in value["results"] for row in _measurements(result)),
            packages=json.dumps([[package["name"], package["version"]] for package in value["facts"]["packages"]]),
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise IntegrityError(f"{named(path, root)} is damaged", "see `verify history prove`") from error


def prove(root: Path, source: Source) -> None:
    """Prove of a stored report that its content has the digest that it says.

    Raises:
        StorageError: It cannot be read.
        IntegrityError: It was changed.
    """
    path = root / source.path
    sealed(read_regular(path, root, LARGEST_FILE), named(path, root))


def _report(source: Source, sha256: str, value: Mapping[str, Any]) -> Row:
    facts, verdict = value["facts"], value.get("verdict") or {}
    drivers = [f"{device['name']} {device['driver']}" for device in facts["devices"] if device["driver"]]
    return (
        source.path,
        source.size,
        source.mtime_ns,
        sha256,
        value["digest"],
        value["id"],
        value["environment"]["name"],
        value["machine"],
        value["sequence"],
        value["created"],
        value["finished"],
        value["version"],
        value["level"],
        verdict.get("value"),
        value["interrupted"],
        value["suite"]["digest"],
        value["lock"]["digest"],
        value["platform"],
        f"{facts['system']} {facts['system_version']}",
        facts["system_build"],
        facts["kernel"],
        facts["python"]["version"],
        facts["processor"]["name"],
        ", ".join(drivers) or None,
        value["counts"]["planned"],
        value["counts"]["passed"],
    )


def _result(result: Mapping[str, Any]) -> Row:
    return (
        result["id"],
        result["device"],
        result["kind"],
        result["outcome"],
        result["required"],
        result["seconds"],
        result.get("peak_memory_bytes"),
        result["reason"],
    )


def _measurements(result: Mapping[str, Any]) -> Iterator[Row]:
    for figure in result.get("measurements", ()):
        low, high = extent(figure["samples"], along=figure["along"])
        yield (
            result["id"],
            result["device"],
            figure["name"],
            json.dumps(figure["conditions"], ensure_ascii=False, sort_keys=True),
            figure["unit"],
            figure["direction"],
            figure["value"],
            low,
            high,
            len(figure["samples"]),
            figure["provenance"],
            figure["inconclusive"],
        )
