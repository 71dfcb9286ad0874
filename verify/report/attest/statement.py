"""The statement that is signed: an in-toto Statement v1 with a test-result v0.1, and our certificate in it.

https://github.com/in-toto/attestation/tree/main/spec/v1 and ``spec/predicates/test-result.md`` there say what their
fields mean; docs/how-to/attest.md says it of ours. Why it is one statement: docs/adr/0012-one-statement-a-report.md.
"""

from typing import Annotated, Final, Literal

import rfc8785
from pydantic import Field

from verify.report import v1, v2, v3
from verify.report.fields import (
    Asked,
    CheckId,
    Closed,
    Count,
    Machine,
    Moment,
    Name,
    Notes,
    Number,
    ReportId,
    Sha256,
    Text,
)

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://in-toto.io/attestation/test-result/v0.1"
CERTIFICATE_TYPE: Final = "urn:x-llm-verify:certificate:v1"
PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"

URL: Final = r"^https?://[!-~]{1,2000}$"
Url = Annotated[str, Field(pattern=URL)]
Outcome = Literal["PASSED", "WARNED", "FAILED"]


class Digests(Closed):
    """An in-toto DigestSet of the one algorithm that we use."""

    sha256: Sha256


class Resource(Closed):
    """An in-toto ResourceDescriptor: a file, by its name and its digest."""

    name: Text
    digest: Digests


class Stored(Closed):
    """The report that is attested.

    Attributes:
        id: Its own.
        version: Of its form.
        level: What was asked.
        created: When the run began.
        finished: When it ended.
        sequence: Its place in the machine's history.
        digest: Its own, over the RFC 8785 form without that field; that of the file's bytes is the subject's.
    """

    id: ReportId
    version: Literal["v1", "v2", "v3"]
    level: Asked
    created: Moment
    finished: Moment
    sequence: Count
    digest: Sha256


class NotRun(Closed):
    """A planned check that did not run, why, and whether a certificate needs it."""

    id: CheckId
    required: bool
    reason: Text


class Metric(Closed):
    """A figure of a check.

    Attributes:
        check: Whose.
        name: What it is.
        unit: Of the value and the interval.
        value: The median of the samples, a curve's last, or what the formula gives.
        low: Lower end of the median's 95% interval, distribution-free; null where there is none.
        high: Upper end.
        samples: How many were taken.
        conditions: What a reader needs to repeat it.
        provenance: Measured, derived, datasheet or carried.
        inconclusive: Why it should not be believed, when something disturbed it.
    """

    check: CheckId
    name: Text
    unit: Text
    value: Number
    low: Number | None
    high: Number | None
    samples: Count
    conditions: Notes
    provenance: v3.Provenance
    inconclusive: Text | None


class Hardware(Closed):
    """The machine, as the report tells of it."""

    system: Text
    system_version: Text
    system_build: Text | None
    kernel: Text
    architecture: Text
    power_mode: Text | None
    container: Text | None
    processor: v1.Processor
    memory_bytes: Count
    memory_limit_bytes: Count | None
    devices: tuple[v1.DeviceFacts, ...]


class Certificate(Closed):
    """What a test result has no room for.

    Attributes:
        type: Of this object.
        report: Which one.
        environment: The machine class.
        platform: What was installed.
        machine: Salted digest of the machine's identity.
        suite: What asked.
        verdict: What the rules make of the report.
        findings: Why.
        not_run: Planned checks that were skipped.
        metrics: Every figure.
        hardware: The machine.
        attested: When it was signed, as the signer says.
        expires: When the certificate ends, if nothing changes before.
    """

    type: Literal["urn:x-llm-verify:certificate:v1"]
    report: Stored
    environment: Name
    platform: Name
    machine: Machine
    suite: v1.Suite
    verdict: v2.Value
    findings: tuple[v2.Finding, ...]
    not_run: tuple[NotRun, ...]
    metrics: tuple[Metric, ...]
    hardware: Hardware
    attested: Moment
    expires: Moment


class Predicate(Closed):
    """A test-result v0.1, with the certificate as an extension field.

    Attributes:
        result: ``PASSED`` certified, ``WARNED`` conditional, ``FAILED`` refused.
        configuration: The environment's file and the suite.
        url: Of the run, where somebody gave one.
        passed: Checks that passed and that no rule doubts.
        warned: Checks with a warning: a figure was disturbed, or a known issue excuses that they did not pass.
        failed: Checks that ran and did not pass without an excuse, or that contradict themselves.
        certificate: What else must be said.
    """

    result: Outcome
    configuration: tuple[Resource, ...]
    url: Url | None = Field(default=None, exclude_if=v1.untold)
    passed: tuple[CheckId, ...] = Field(alias="passedTests")
    warned: tuple[CheckId, ...] = Field(alias="warnedTests")
    failed: tuple[CheckId, ...] = Field(alias="failedTests")
    certificate: Certificate = Field(alias="llmVerifyCertificate")


class Statement(Closed):
    """An in-toto Statement v1 about a report, its lock, and the image it ran in where that is known."""

    type: Literal["https://in-toto.io/Statement/v1"] = Field(alias="_type")
    subject: tuple[Resource, ...] = Field(min_length=2)
    predicate_type: Literal["https://in-toto.io/attestation/test-result/v0.1"] = Field(alias="predicateType")
    predicate: Predicate

    @property
    def certificate(self) -> Certificate:
        """Our part."""
        return self.predicate.certificate


def payload(statement: Statement) -> bytes:
    """The bytes that are signed: the RFC 8785 form."""
    return rfc8785.dumps(statement.model_dump(mode="json", by_alias=True))
