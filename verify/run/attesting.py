"""Signing a report of the history: the attestation beside it, or one more signature in it."""

import dataclasses
from datetime import datetime
from pathlib import Path

from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined]  # it has no __all__

from verify.errors import IntegrityError, UsageError
from verify.report.attest.envelope import LARGEST, add_signature, sign
from verify.report.attest.of_report import statement_of
from verify.report.attest.statement import PAYLOAD_TYPE, Statement, payload
from verify.report.attest.verify import Attested
from verify.report.disk import read_regular
from verify.report.fields import ending
from verify.report.history import FOLDER, read_stored
from verify.report.keys import PATH
from verify.report.read import named
from verify.report.v2 import Finding
from verify.report.versions import AnyReport
from verify.run.signatures import Trust, attestation_of, examine
from verify.spec.files import replace_file

TIME = "%Y-%m-%dT%H:%M:%SZ"


def attest(
    path: Path,
    root: Path,
    key: CryptoSigner,
    trust: Trust,
    moment: datetime,
    *,
    url: str | None = None,
    replace: bool = False,
) -> Attested:
    """Sign a report, and keep the attestation beside it; nothing is kept that would not hold.

    Where the report is attested already, the signature is added. As many as the policy wants may still be missing.

    Args:
        path: The report's file, in the history.
        root: The project.
        key: Of one of the allowed signers.
        trust: What the project trusts.
        moment: Now, with its zone.
        url: Of the run.
        replace: Forget an attestation that is there.

    Raises:
        UsageError: The report lies elsewhere or has no verdict, or the key may not sign it.
        IntegrityError: The report is not what was written, or the attestation that is there does not hold.
        StorageError: A file cannot be read or written.
    """
    report, beside = _report(path, root), attestation_of(path)
    # Every signature has to hold by itself, however many are wanted.
    one = dataclasses.replace(trust, signers=trust.signers.model_copy(update={"threshold": 1}))
    if not replace and beside.exists():
        there = read_regular(beside, root, LARGEST)
        return _joined(there, beside, report, key=key, trust=one, moment=moment, url=url)
    made = sign(payload(_statement(report, trust, moment, url)), PAYLOAD_TYPE, key)
    found = _proven(made, report, one, moment)
    replace_file(beside, made)
    return found


def _report(path: Path, root: Path) -> AnyReport:
    if not path.is_relative_to(root / FOLDER):
        raise UsageError(f"{named(path, root)} is no report of {FOLDER}/", "name one that lies there")
    return read_stored(path, root)


def _joined(
    there: bytes, beside: Path, report: AnyReport, *, key: CryptoSigner, trust: Trust, moment: datetime, url: str | None
) -> Attested:
    """The attestation that is there, with one more signature."""
    held = examine(there, report, trust, moment)
    if isinstance(held, Finding):
        what = f"{beside.name} does not hold: {held.message}"
        raise IntegrityError(what, "find out why; then sign it anew with --replace")
    if url not in (None, held.statement.predicate.url):
        raise UsageError(f"{beside.name} names another run", "sign it anew with --replace, or leave --url out")
    _proven(sign(payload(held.statement), PAYLOAD_TYPE, key), report, trust, moment)
    made = add_signature(there, key)
    found = _proven(made, report, trust, moment)
    replace_file(beside, made)
    return found


def _statement(report: AnyReport, trust: Trust, moment: datetime, url: str | None) -> Statement:
    expires = ending(report.finished, trust.longest)
    return statement_of(report, attested=moment.strftime(TIME), expires=expires, url=url)


def _proven(made: bytes, report: AnyReport, trust: Trust, moment: datetime) -> Attested:
    """What was made, read as anybody will read it."""
    found = examine(made, report, trust, moment)
    if isinstance(found, Finding):
        hint = f"{PATH} says who may sign what; valid_from may lie before the reports that a key is to vouch for"
        raise UsageError(f"the attestation of report {report.id} would not hold: {found.message}", hint)
    return found
