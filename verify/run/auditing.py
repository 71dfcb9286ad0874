"""What is wrong with files of any kind: stored reports and gates, the history as a whole, and what people wrote."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from verify.claims.claim import Document
from verify.claims.finding import Audited, AuditFinding, Kind
from verify.claims.read import read_markdown
from verify.errors import IntegrityError, StorageError, UsageError
from verify.judge.audit.audit import audit_document, earlier_than
from verify.judge.audit.known import Known
from verify.judge.finding import error
from verify.judge.gate import verdict
from verify.judge.waivers import gone
from verify.report import wholeness
from verify.report.canonical import digest
from verify.report.disk import read_regular
from verify.report.gates import read_gate
from verify.report.head import read_head
from verify.report.history import FOLDER, GATES, read_stored
from verify.report.read import LARGEST_FILE, named, read_report
from verify.report.shelf import Shelf
from verify.report.spread import parts_of, processors, spread
from verify.report.wholeness import Asked, verify_history
from verify.run.asking import Asking
from verify.run.heads import unsealing
from verify.run.judging import Judged, Standards, at, context_of, damaged, document_of, doubts, examine, standards_of
from verify.run.memory import Memory, remembering
from verify.run.policies import gate_policy, waivers
from verify.spec.advisories import read_advisories

WRITTEN = (".md", ".markdown", ".txt")
PART = 25
# Below, a second process takes longer to start than it saves; to judge a report takes as long as to read so many.
MANY = 5000
JUDGING = 20

# Told how many reports of how many were looked at.
Told = Callable[[int, int], None]


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
    standards = standards_of(root)
    looked = [_looked(standards, path) for path in _files(paths)]
    documents = [one.document for one in looked if one.document]
    known = Known(standards.policy.hardware, tuple(read_advisories(root)))
    found = [finding for one in looked for finding in one.findings]
    for document in documents:
        before = earlier_than(document, documents)
        found += audit_document(document, Known(known.hardware, known.advisories, before))
    return Audited(
        looked_at=_by_kind(looked),
        findings=sorted(found, key=lambda one: (one.place.file, one.place.line)),
        unread={document.file: [each.place.line for each in document.unread] for document in documents},
    )


@dataclass(frozen=True, slots=True)
class How:
    """How a history is audited.

    Attributes:
        heads: Heads of it that were kept elsewhere.
        moment: Now, with its zone, where the attestations are to be looked at too; None leaves them out.
        today: The day that waivers have to last until, as ``2026-01-02``; empty leaves them out.
        memory: The file that remembers what was found; None for none.
        told: Progress.
        processes: The most that work side by side.
    """

    heads: Sequence[Path] = ()
    moment: datetime | None = None
    today: str = ""
    memory: Path | None = None
    told: Told = lambda _done, _of: None
    processes: int = processors()


def audited_history(root: Path, how: How) -> Audited:
    """What is wrong with the history of a project: its bytes, its chains, what its reports say, and the pages beside.

    Every byte is read, every time. What the rules made of the same bytes by the same rules is remembered.

    Raises:
        UsageError: A policy file is wrong.
        StorageError: A file cannot be read.
        IntegrityError: A head that was kept elsewhere is none.
    """
    unseal = unsealing(root)
    kept = [read_head(path.absolute(), path.absolute().parent, unseal) for path in how.heads]
    standards = standards_of(root)
    with remembering(how.memory, context_of(standards)) as memory:
        reading = _Reading(standards, memory, how)
        whole = verify_history(root, Asked(elsewhere=kept, unseal=unseal, look=reading.look))
    found = [at(finding, FOLDER) for finding in whole]
    damaged = {finding.subject for finding in whole if finding.rule == "history.damaged"}
    # What the history's own proof calls damaged is told once.
    found += [one for one in reading.findings if one.rule != "integrity.damaged" or one.subject not in damaged]
    if how.today:
        found += [at(finding, FOLDER) for finding in gone(reading.asked.successions(), waivers(root), how.today)]
    if how.moment is not None:
        # What looks at signatures brings cryptography along, which takes longer than most audits.
        from verify.run.signatures import audit_signatures

        found += [at(finding, finding.subject) for finding in audit_signatures(root, how.moment)]
    names = reading.names.group()
    return Audited({"report": names} if names else {"history": [FOLDER]}, found)


@dataclass(slots=True)
class _Reading:
    """A history as it is read, and what is gathered of its reports: their names, what they asked, what was found."""

    standards: Standards
    memory: Memory
    how: How
    names: Shelf[str] = field(default_factory=lambda: Shelf(lambda name: [name], str))
    findings: list[AuditFinding] = field(default_factory=list)
    asked: Asking = field(default_factory=Asking)

    def look(self, root: Path, paths: Sequence[Path]) -> Iterator[wholeness.Looked]:
        """Look at the reports of an environment, and judge them on the way: each is read once."""
        work = len(paths) + JUDGING * max(0, len(paths) - self.memory.size())
        parts = (self.memory.recalled(root, part) for part in parts_of(paths, PART))
        several = self.how.processes if work > MANY else 1
        done = 0
        for part in spread(partial(examine, self.standards), parts, several):
            self.memory.keep(root, part)
            for path, one in zip(paths[done : done + len(part)], part, strict=True):
                self.names.put([], 0, "", named(path, root))
                self._gather(one.judged)
                yield one.looked
            done += len(part)
            self.how.told(done, len(paths))

    def _gather(self, judged: Judged | None) -> None:
        if judged:
            self.findings += judged.findings
        if judged and judged.asked:
            self.asked.put(judged.asked)


def _by_kind(looked: Iterable[Looked]) -> dict[Kind, list[str]]:
    names: dict[Kind, list[str]] = defaultdict(list)
    for one in looked:
        names[one.kind].append(one.name)
    return names


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(each for each in path.iterdir() if each.suffix in (".json", *WRITTEN) and each.is_file())
        else:
            yield path


def _looked(standards: Standards, path: Path) -> Looked:
    """One file; that it is damaged is a finding like any other."""
    root = standards.root
    whole, name = path.absolute(), named(path.absolute(), root)
    if not os.path.lexists(whole):
        raise StorageError(f"{name} does not exist", "name a file or a folder that is there")
    try:
        if path.suffix == ".json":
            return _of_ours(standards, whole, name)
        if path.suffix not in WRITTEN:
            raise UsageError(f"{name} is neither JSON nor Markdown", f"name a file that ends in {', '.join(WRITTEN)}")
        data = read_regular(whole, whole.parent, LARGEST_FILE)
        return Looked(name, "document", read_markdown(data, name))
    except IntegrityError as said:
        return Looked(name, "report" if path.suffix == ".json" else "document", None, [damaged(name, said)])


def _of_ours(standards: Standards, path: Path, name: str) -> Looked:
    root = standards.root
    if path.is_relative_to(root / GATES):
        return Looked(name, "gate", None, list(_gate(standards, path, name)))
    stored = path.is_relative_to(root / FOLDER)
    report = read_stored(path, root) if stored else read_report(path, path.parent)
    found = [at(finding, name) for finding in doubts(report, standards)]
    return Looked(name, "report", document_of(report, name), found)


def _gate(standards: Standards, path: Path, name: str) -> Iterator[AuditFinding]:
    """A verdict is given again only by the rules and the policy of then."""
    report, policy = read_gate(path, standards.root), gate_policy(standards.root)
    again, same = verdict(report, policy), report.suite.digest == standards.suite
    if same and report.policy == digest(policy) and report.verdict != again:
        message = f"the gate says {report.verdict and report.verdict.value}, the rules say {again.value}"
        yield at(error("verdict.differs", "verdict", message), name)
