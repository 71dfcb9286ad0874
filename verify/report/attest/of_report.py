"""The statement that a report makes: every field follows from the report, but for two times and the link."""

import hashlib
import math
from collections import defaultdict
from collections.abc import Collection, Iterator

from verify.errors import UsageError
from verify.probe.timing import FEWEST_FOR_AN_INTERVAL
from verify.report import v3
from verify.report.attest.statement import (
    CERTIFICATE_TYPE,
    PREDICATE_TYPE,
    STATEMENT_TYPE,
    Certificate,
    Digests,
    Hardware,
    Metric,
    NotRun,
    Outcome,
    Predicate,
    Resource,
    Statement,
    Stored,
)
from verify.report.canonical import stored_text
from verify.report.history import FOLDER, file_name
from verify.report.upgrade import newest
from verify.report.v2 import Severity, Value, Verdict
from verify.report.versions import AnyReport

RESULTS: dict[Value, Outcome] = {"certified": "PASSED", "conditional": "WARNED", "refused": "FAILED"}


def statement_of(report: AnyReport, *, attested: str, expires: str, url: str | None = None) -> Statement:
    """What is signed of a report.

    Args:
        report: As it is stored, proven.
        attested: Now, UTC.
        expires: When its certificate ends.
        url: Of the run.

    Raises:
        UsageError: It has no verdict, so that there is nothing to vouch for.
    """
    whole = newest(report)
    if whole.verdict is None:
        what = f"report {report.id} has no verdict: it is of level {report.level}"
        raise UsageError(what, "attest one of level full or certify")
    listed = _listed(whole, whole.verdict)
    predicate = Predicate(
        result=RESULTS[whole.verdict.value],
        configuration=_configuration(report),
        url=url,
        passedTests=tuple(check for check, outcome in listed.items() if outcome == "PASSED"),
        warnedTests=tuple(check for check, outcome in listed.items() if outcome == "WARNED"),
        failedTests=tuple(check for check, outcome in listed.items() if outcome == "FAILED"),
        llmVerifyCertificate=_certificate(report, whole, whole.verdict, attested, expires),
    )
    about = {"_type": STATEMENT_TYPE, "predicateType": PREDICATE_TYPE}
    return Statement.model_validate({**about, "subject": tuple(_subjects(report)), "predicate": predicate})


def file_digest(report: AnyReport) -> str:
    """SHA-256 of the report's file: a stored report has one form only."""
    return hashlib.sha256(stored_text(report).encode()).hexdigest()


def _subjects(report: AnyReport) -> Iterator[Resource]:
    yield _resource(f"{FOLDER}/{report.environment.name}/{file_name(report)}", file_digest(report))
    yield _resource(f"lockfiles/{report.lock.name}", report.lock.digest)
    image = report.facts.image
    if image and image.digest:
        yield _resource("image", image.digest.removeprefix("sha256:"))


def _configuration(report: AnyReport) -> tuple[Resource, ...]:
    environment = _resource(f"envs/{report.environment.name}.toml", report.environment.digest)
    return environment, _resource(f"suite {report.suite.version}", report.suite.digest)


def _resource(name: str, sha256: str) -> Resource:
    return Resource(name=name, digest=Digests(sha256=sha256))


def _listed(report: v3.Report, verdict: Verdict) -> dict[str, Outcome]:
    """Where each check that ran is listed. Who did not pass is excused by a rule's warning, and by nothing else."""
    said: dict[str, set[Severity]] = defaultdict(set)
    for finding in verdict.findings:
        said[finding.subject].add(finding.severity)
    ran = [result for result in report.results if result.outcome != "skipped"]
    return {result.id: _weighed(result, said[result.id]) for result in ran}


def _weighed(result: v3.Result, said: Collection[Severity]) -> Outcome:
    if "error" in said or (result.outcome != "passed" and "warning" not in said):
        return "FAILED"
    return "WARNED" if "warning" in said else "PASSED"


def _certificate(report: AnyReport, whole: v3.Report, verdict: Verdict, attested: str, expires: str) -> Certificate:
    return Certificate(
        type=CERTIFICATE_TYPE,
        report=Stored(**{name: getattr(report, name) for name in Stored.model_fields}),
        environment=report.environment.name,
        platform=report.platform,
        machine=report.machine,
        suite=report.suite,
        verdict=verdict.value,
        findings=verdict.findings,
        not_run=tuple(
            NotRun(id=result.id, required=result.required, reason=result.reason or "")
            for result in whole.results
            if result.outcome == "skipped"
        ),
        metrics=tuple(_metric(result.id, figure) for result in whole.results for figure in result.measurements),
        hardware=Hardware(**{name: getattr(report.facts, name) for name in Hardware.model_fields}),
        attested=attested,
        expires=expires,
    )


def _metric(check: str, figure: v3.Measurement) -> Metric:
    low, high = _interval(figure) or (None, None)
    return Metric(
        check=check,
        name=figure.name,
        unit=figure.unit,
        value=figure.value,
        low=low,
        high=high,
        samples=len(figure.samples),
        conditions=figure.conditions,
        provenance=figure.provenance,
        inconclusive=figure.inconclusive,
    )


def _interval(figure: v3.Measurement) -> tuple[float, float] | None:
    """The 95% interval of the median between order statistics, as in `verify.probe.timing.half_width`."""
    count, ordered = len(figure.samples), sorted(figure.samples)
    if figure.along or count < FEWEST_FOR_AN_INTERVAL:
        return None
    reach = 0.98 * math.sqrt(count)
    return ordered[max(0, math.floor(count / 2 - reach))], ordered[min(count - 1, math.ceil(count / 2 + reach))]
