"""What is wrong with files of any kind: stored reports and gates, the history as a whole, and what people wrote."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from verify.claims.claim import Document, Place
from verify.claims.finding import Audited, AuditFinding, Kind
from verify.claims.of_report import claims_of
from verify.claims.read import read_markdown
from verify.errors import IntegrityError, StorageError, UsageError
from verify.judge.audit.audit import audit_document, earlier_than
from verify.judge.audit.known import Known
from verify.judge.finding import error, warning
from verify.judge.gate import verdict
from verify.judge.verdict import audit
from verify.render import markdown
from verify.report.canonical import digest
from verify.report.disk import read_regular
from verify.report.gates import read_gate
from verify.report.head import read_head
from verify.report.history import FOLDER, GATES, environments, page_differs, read_stored, stored
from verify.report.read import LARGEST_FILE, named, read_report
from verify.report.upgrade import newest
from verify.report.v2 import Finding
from verify.report.versions import AnyReport
from verify.report.wholeness import Asked, verify_history
from verify.run.assemble import sources_digest
from verify.run.heads import unsealing
from verify.run.policies import gate_policy, policy_for
from verify.spec.advisories import read_advisories
from verify.spec.environment import environment_names, load_environment

PACKAGE = Path(__file__).resolve().parents[1]
WRITTEN = (".md", ".markdown", ".txt")


@dataclass(frozen=True, slots=True)
class Looked:
    """A file that was looked at.

    Attributes:
        name: As findings name it.
        kind: What it is.
        document: What it claims; None for what is no report of a machine.
        findings: What is wrong with it by itself.
    """

    name: str
    kind: Kind
    document: Document | None = None
    findings: Sequence[AuditFinding] = ()


def audited_files(root: Path, paths: Sequence[Path]) -> Audited:
    """What is wrong with these files, and with the files of these folders.

    Documents are held against those among them that are of the same machine and from before.

    Raises:
        UsageError: One of them is neither JSON of ours nor text, or a policy file is wrong.
        StorageError: One cannot be read.
    """
    looked = [_looked(root, path) for path in _files(paths)]
    documents = [one.document for one in looked if one.document]
    known = Known(policy_for(root, None).hardware, tuple(read_advisories(root)))
    found = [finding for one in looked for finding in one.findings]
    for document in documents:
        before = earlier_than(document, documents)
        found += audit_document(document, Known(known.hardware, known.advisories, before))
    return Audited(
        looked_at={one.name: one.kind for one in looked},
        findings=sorted(found, key=lambda one: (one.place.file, one.place.line)),
        unread={document.file: [each.place.line for each in document.unread] for document in documents},
    )


def audited_history(root: Path, *, heads: Sequence[Path] = (), moment: datetime | None = None) -> Audited:
    """What is wrong with the history of a project: its bytes, its chains, what its reports say, and the pages beside.

    Args:
        root: The project.
        heads: Heads of the history that were kept elsewhere.
        moment: Now, with its zone, where the attestations are to be looked at too; None leaves them out.

    Raises:
        UsageError: A policy file is wrong.
        StorageError: A file cannot be read.
        IntegrityError: A head that was kept elsewhere is none.
    """
    unseal = unsealing(root)
    kept = [read_head(path.absolute(), path.absolute().parent, unseal) for path in heads]
    found = [at(finding, FOLDER) for finding in verify_history(root, Asked(elsewhere=kept, unseal=unseal))]
    paths = [path for name in environments(root) for path in stored(root, name)]
    hardware = policy_for(root, None).hardware
    for path in paths:
        found += _of_stored(root, path, Known(hardware))
    if moment is not None:
        # What looks at signatures brings cryptography along, which takes longer than most audits.
        from verify.run.signatures import audit_signatures

        found += [at(finding, finding.subject) for finding in audit_signatures(root, moment)]
    return Audited({named(path, root): "report" for path in paths} or {FOLDER: "history"}, found)


def _of_stored(root: Path, path: Path, known: Known) -> Iterator[AuditFinding]:
    """What contradicts a stored report; that it is damaged is told with the history."""
    name = named(path, root)
    try:
        report = read_stored(path, root)
    except IntegrityError:
        return
    yield from (at(finding, name) for finding in doubts(report, root))
    yield from audit_document(_claims(report, name), known)
    yield from (at(finding, name) for finding in page_doubts(path, root, report))


def page_doubts(path: Path, root: Path, report: AnyReport) -> list[Finding]:
    """What is wrong with the page beside a stored report; it is made again only by the renderers of then.

    Raises:
        StorageError: It cannot be read.
    """
    page = path.with_suffix(".md")
    if not page.exists():
        advice = "`verify report show --format markdown` makes it anew"
        return [warning("history.missing", page.name, advice)]
    if of_today(report) and page_differs(path, root, report, markdown.render):
        return [error("history.page", page.name, "does not say what its report says")]
    return []


def doubts(report: AnyReport, root: Path) -> list[Finding]:
    """What contradicts a report: in itself, and in the claims that its figures are.

    A verdict is made again only where environment and rules are still those of then.

    Raises:
        UsageError: A policy file is wrong.
    """
    name = report.environment.name
    known = load_environment(root, name) if name in environment_names(root) else None
    same = known if known and of_today(report) and known.digest == report.environment.digest else None
    found = audit(report, policy_for(root, same))
    return found if same else [finding for finding in found if finding.rule != "verdict.differs"]


def of_today(report: AnyReport) -> bool:
    """Whether the rules and renderers that a report was made by are those at hand."""
    return report.suite.digest == sources_digest(PACKAGE)


def at(finding: Finding, file: str) -> AuditFinding:
    """A finding about a file as a whole."""
    return AuditFinding(**finding.model_dump(), place=Place(file, 0), claim="")


def damaged(file: str, said: IntegrityError) -> AuditFinding:
    """What is not what was written."""
    return at(error("integrity.damaged", file, said.message), file)


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(each for each in path.iterdir() if each.suffix in (".json", *WRITTEN) and each.is_file())
        else:
            yield path


def _looked(root: Path, path: Path) -> Looked:
    """One file; that it is damaged is a finding like any other."""
    whole, name = path.absolute(), named(path.absolute(), root)
    if not os.path.lexists(whole):
        raise StorageError(f"{name} does not exist", "name a file or a folder that is there")
    try:
        if path.suffix == ".json":
            return _of_ours(root, whole, name)
        if path.suffix not in WRITTEN:
            raise UsageError(f"{name} is neither JSON nor Markdown", f"name a file that ends in {', '.join(WRITTEN)}")
        data = read_regular(whole, whole.parent, LARGEST_FILE)
        return Looked(name, "document", read_markdown(data, name))
    except IntegrityError as said:
        return Looked(name, "report" if path.suffix == ".json" else "document", None, [damaged(name, said)])


def _of_ours(root: Path, path: Path, name: str) -> Looked:
    if path.is_relative_to(root / GATES):
        return Looked(name, "gate", None, list(_gate(root, path, name)))
    stored = path.is_relative_to(root / FOLDER)
    report = read_stored(path, root) if stored else read_report(path, path.parent)
    return Looked(name, "report", _claims(report, name), [at(finding, name) for finding in doubts(report, root)])


def _claims(report: AnyReport, file: str) -> Document:
    """What a report of ours claims, as of its file."""
    return replace(claims_of(newest(report)), file=file)


def _gate(root: Path, path: Path, name: str) -> Iterator[AuditFinding]:
    """A verdict is given again only by the rules and the policy of then."""
    report, policy = read_gate(path, root), gate_policy(root)
    again, same = verdict(report, policy), report.suite.digest == sources_digest(PACKAGE)
    if same and report.policy == digest(policy) and report.verdict != again:
        message = f"the gate says {report.verdict and report.verdict.value}, the rules say {again.value}"
        yield at(error("verdict.differs", "verdict", message), name)
