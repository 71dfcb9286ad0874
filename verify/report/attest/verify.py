"""Whether an attestation holds: by itself, and of the report that it lies beside."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from verify.errors import UsageError
from verify.report.attest import envelope
from verify.report.attest.envelope import doubt
from verify.report.attest.of_report import file_digest, statement_of
from verify.report.attest.statement import PAYLOAD_TYPE, Certificate, Statement
from verify.report.attest.strict import parsed
from verify.report.fields import ending
from verify.report.fields import moment as moment_of
from verify.report.keys import Signers, Told
from verify.report.v2 import Finding
from verify.report.versions import AnyReport

NO_TIME = timedelta(0)


@dataclass(frozen=True, slots=True)
class Attested:
    """A statement that somebody vouches for.

    Attributes:
        statement: What it says.
        signers: Names of those that are trusted about it.
        findings: What else to know: ``signature.stale``, a warning, where the certificate ended.
    """

    statement: Statement
    signers: tuple[str, ...]
    findings: tuple[Finding, ...]


def verify_envelope(
    data: bytes, signers: Signers, moment: datetime, *, skew: timedelta = NO_TIME, longest: timedelta | None = None
) -> Attested | Finding:
    """The statement of a stored envelope where it counts, or why it does not.

    An ended certificate still says what was: it is stale, not wrong.

    Args:
        data: The envelope's bytes.
        signers: Who may sign.
        moment: Now, with its zone.
        skew: How far ahead of ours the signer's clock may be.
        longest: How long a certificate lasts by today's policy, where that matters.
    """
    verified = envelope.verify(data, PAYLOAD_TYPE, signers, _told)
    if isinstance(verified, Finding):
        return verified
    statement = parsed(Statement, verified.payload, "the statement")
    certificate = statement.certificate
    impossible = _out_of_time(certificate, moment + skew)
    if impossible:
        return impossible
    stale = _stale(certificate, moment, longest)
    return Attested(statement, verified.signers, (stale,) if stale else ())


def contradiction(statement: Statement, report: AnyReport) -> Finding | None:
    """How a statement is not the one that a report makes; None where it is, in every field."""
    certificate = statement.certificate
    for what, said, is_so in (
        ("machine", certificate.machine, report.machine),
        ("environment", certificate.environment, report.environment.name),
        ("report", certificate.report.id, report.id),
    ):
        if said != is_so:
            return doubt("subject", f"it attests the {what} {said}, the report is of {is_so}")
    if statement.subject[0].digest.sha256 != file_digest(report):
        return doubt("subject", "it attests other bytes than those of the report")
    try:
        made = statement_of(
            report, attested=certificate.attested, expires=certificate.expires, url=statement.predicate.url
        )
    except UsageError as error:
        return doubt("statement", error.message)
    return None if statement == made else doubt("statement", "it says other things than its report")


def _told(payload: bytes) -> Told:
    certificate = parsed(Statement, payload, "the statement").certificate
    times = {"the report's end": certificate.report.finished, "the signature's time": certificate.attested}
    return Told(certificate.environment, times)


def _out_of_time(certificate: Certificate, latest: datetime) -> Finding | None:
    if certificate.attested < certificate.report.finished:
        message = f"signed at {certificate.attested}, before the report ended at {certificate.report.finished}"
        return doubt("time", message)
    if moment_of(certificate.attested) > latest:
        return doubt("time", f"signed in the future, at {certificate.attested}: a clock is wrong")
    return None


def _stale(certificate: Certificate, moment: datetime, longest: timedelta | None) -> Finding | None:
    ends = moment_of(certificate.expires)
    if longest is not None:
        ends = min(ends, moment_of(ending(certificate.report.finished, longest)))
    if moment <= ends:
        return None
    message = f"stale: the certificate ended at {ends:%Y-%m-%dT%H:%M:%SZ}; what it says of that time still stands"
    return doubt("stale", message, "warning")
