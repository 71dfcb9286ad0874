"""The attestations of a project's reports: where they lie, and whether they hold."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from verify.errors import IntegrityError
from verify.report.attest.envelope import LARGEST, doubt
from verify.report.attest.verify import Attested, contradiction, verify_envelope
from verify.report.disk import read_regular
from verify.report.history import FOLDER, environments, read_stored, stored
from verify.report.keys import PATH, Signers
from verify.report.read import named
from verify.report.v2 import Finding
from verify.report.versions import AnyReport
from verify.run.policies import terms
from verify.spec.toml import read_toml, validated

SUFFIX = ".intoto.json"


@dataclass(frozen=True, slots=True)
class Trust:
    """What attestations of a project are held against.

    Attributes:
        signers: Who may sign.
        longest: How long a certificate lasts.
        skew: How far ahead of ours a signer's clock may be.
    """

    signers: Signers
    longest: timedelta
    skew: timedelta


def trust_of(root: Path) -> Trust:
    """What a project trusts.

    Raises:
        UsageError: A policy file is wrong.
    """
    limits = terms(root)
    return Trust(
        signers=validated(Signers, read_toml(root, root / PATH)),
        longest=timedelta(days=limits.longest_days),
        skew=timedelta(minutes=limits.skew_minutes),
    )


def attestation_of(report: Path) -> Path:
    """Where the attestation of a report's file lies."""
    return report.with_suffix(SUFFIX)


def report_of(path: Path) -> Path:
    """The report's file, be it that or its attestation: ``*.json`` in a shell means both."""
    return path.with_name(path.name.removesuffix(SUFFIX) + ".json") if path.name.endswith(SUFFIX) else path


def examine(data: bytes, report: AnyReport, trust: Trust, moment: datetime) -> Attested | Finding:
    """Whether an envelope holds of a report, in every field.

    Args:
        data: The envelope's bytes.
        report: As it is stored, proven.
        trust: What to hold it against.
        moment: Now, with its zone.
    """
    found = verify_envelope(data, trust.signers, moment, skew=trust.skew, longest=trust.longest)
    return found if isinstance(found, Finding) else contradiction(found.statement, report) or found


def examine_stored(path: Path, root: Path, trust: Trust, moment: datetime) -> Attested | Finding:
    """Whether a report of the history is attested; a missing attestation is a warning unless the policy requires it.

    Args:
        path: The report's file.
        root: The project.
        trust: What to hold it against.
        moment: Now, with its zone.

    Raises:
        StorageError: A file cannot be read.
        IntegrityError: The report is not what was written.
    """
    report, beside = read_stored(path, root), attestation_of(path)
    if not os.path.lexists(beside):
        required = trust.signers.required_from
        needed = required is not None and report.finished >= required
        return doubt("missing", f"report {report.id} is not attested", "error" if needed else "warning")
    try:
        data = read_regular(beside, root, LARGEST)
    except IntegrityError as error:
        return doubt("form", error.message)
    return examine(data, report, trust, moment)


def audit_signatures(root: Path, moment: datetime) -> list[Finding]:
    """What is wrong with the attestations of a project's history.

    Args:
        root: The project.
        moment: Now, with its zone.

    Returns:
        Findings ``signature.*``, each about a file: errors for what is not as it was signed, or by somebody else;
        warnings for certificates that ended, and for reports that need no attestation and have none.

    Raises:
        UsageError: A policy file is wrong.
        StorageError: A file cannot be read.
    """
    trust = trust_of(root)
    return [finding for name in environments(root) for finding in _audited(root, name, trust, moment)]


def _audited(root: Path, environment: str, trust: Trust, moment: datetime) -> Iterator[Finding]:
    paths = stored(root, environment)
    for path in paths:
        try:
            found = examine_stored(path, root, trust, moment)
        except IntegrityError as error:
            found = doubt("report", error.message)
        told = (found,) if isinstance(found, Finding) else found.findings
        yield from (about(finding, attestation_of(path), root) for finding in told)
    known = {attestation_of(path) for path in paths}
    for path in sorted((root / FOLDER / environment).glob(f"*{SUFFIX}")):
        if path not in known:
            yield about(doubt("orphan", "it attests a report that is not there"), path, root)


def about(finding: Finding, path: Path, root: Path) -> Finding:
    """The finding with the attestation's file as its subject."""
    return finding.model_copy(update={"subject": named(path, root)})
