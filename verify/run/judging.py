"""What is wrong with a stored report: it contradicts itself, its figures, the rules of today, or the page beside it."""

import hashlib
import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

from verify.claims.claim import Document, Place
from verify.claims.finding import AuditFinding
from verify.claims.of_report import claims_of
from verify.errors import IntegrityError
from verify.judge.audit.audit import audit_document
from verify.judge.audit.known import Known
from verify.judge.finding import error, warning
from verify.judge.policy import Policy
from verify.judge.verdict import audit
from verify.judge.waivers import Questions, questions_of
from verify.language.speech import LANGUAGES, speaking
from verify.render import markdown
from verify.report.disk import read_regular
from verify.report.history import parse_stored
from verify.report.read import LARGEST_FILE, named
from verify.report.upgrade import newest
from verify.report.v2 import Finding
from verify.report.validate import FOLDERS
from verify.report.versions import AnyReport
from verify.report.wholeness import Looked, look_at
from verify.run.assemble import sources_digest
from verify.run.policies import FOLDER, policy_for, requirements
from verify.spec.environment import Environment, environment_names, load_environment
from verify.spec.files import read_bytes

PACKAGE = Path(__file__).resolve().parents[1]
# What reads reports beside our own sources.
LIBRARIES = ("jsonschema", "jsonschema-rs", "pydantic", "rfc8785")


@dataclass(frozen=True, slots=True)
class Standards:
    """What the reports of a project are held against: read once, and taken along to other processes.

    Attributes:
        root: The project.
        suite: Digest of the rules and renderers at hand, which is that of our sources.
        policy: Without what an environment requires.
        environments: Those that were asked for until now; None where there is none of that name.
    """

    root: Path
    suite: str
    policy: Policy
    environments: dict[str, Environment | None] = field(default_factory=dict)

    def environment(self, name: str) -> Environment | None:
        """The environment of a name.

        Raises:
            UsageError: Its file is wrong.
        """
        if name not in self.environments:
            there = name in environment_names(self.root)
            self.environments[name] = load_environment(self.root, name) if there else None
        return self.environments[name]


def standards_of(root: Path) -> Standards:
    """What the reports of a project are held against.

    Raises:
        UsageError: A policy file is wrong.
    """
    return Standards(root, sources_digest(PACKAGE), policy_for(root, None))


def context_of(standards: Standards) -> str:
    """Digest of all that a judgement depends on, but for the report and its page.

    That is the policies, environments and schemas, our sources, the libraries that read, and Python.
    """
    places = (standards.root / FOLDER, standards.root / "envs", *FOLDERS)
    told = [standards.suite, platform.python_version(), *(f"{name} {version(name)}" for name in LIBRARIES)]
    files = sorted(path for folder in places for path in folder.glob("*.*") if path.is_file())
    told += [f"{path.name} {hashlib.sha256(read_bytes(path, path.name, LARGEST_FILE)).hexdigest()}" for path in files]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of judging a stored report.

    Attributes:
        content: Digest of the report's bytes and of its page's.
        findings: What was found.
        asked: What the report asked; None where it is none.
    """

    content: str
    findings: tuple[AuditFinding, ...]
    asked: Questions | None = None


@dataclass(frozen=True, slots=True)
class Examined:
    """A stored report that was looked at, and judged.

    Attributes:
        looked: What the look told; every byte was read.
        judged: What was found; None where there is nothing to judge, or to judge by.
        anew: Whether the rules were asked, for nothing was known of these bytes.
    """

    looked: Looked
    judged: Judged | None
    anew: bool


def examine(standards: Standards, part: Sequence[tuple[Path, Judged | None]]) -> list[Examined]:
    """Read each of some stored reports, and judge those of which other bytes are remembered, or nothing.

    Raises:
        StorageError: One cannot be read.
        UsageError: An environment's file is wrong.
    """
    return [_examined(standards, path, remembered) for path, remembered in part]


def _examined(standards: Standards, path: Path, remembered: Judged | None) -> Examined:
    looked, data = look_at(path, standards.root)
    if looked.place is None:
        return Examined(looked, None, anew=False)
    page = _page(path, standards.root)
    told = "" if page is None else hashlib.sha256(page).hexdigest()
    content = hashlib.sha256(f"{looked.place.sha256} {told}".encode()).hexdigest()
    if remembered and remembered.content == content:
        return Examined(looked, remembered, anew=False)
    return Examined(looked, _judged(standards, path, data, page, content), anew=True)


def _judged(standards: Standards, path: Path, data: bytes, page: bytes | None, content: str) -> Judged:
    try:
        report = parse_stored(data, path, standards.root)
    except IntegrityError as said:
        return Judged(content, (damaged(named(path, standards.root), said),))
    return Judged(content, tuple(_contradictions(standards, path, report, page)), questions_of(report))


def _contradictions(standards: Standards, path: Path, report: AnyReport, page: bytes | None) -> Iterator[AuditFinding]:
    name = named(path, standards.root)
    told = audit_document(document_of(report, name), Known(standards.policy.hardware))
    yield from (at(finding, name) for finding in doubts(report, standards, told))
    yield from told
    yield from (at(finding, name) for finding in _page_doubts(path, report, page, standards))


def doubts(report: AnyReport, standards: Standards, told: Sequence[Finding] | None = None) -> list[Finding]:
    """What contradicts a report: in itself, and in the claims that its figures are.

    A verdict is made again only where environment and rules are still those of then.

    Args:
        report: Of any version.
        standards: What it is held against.
        told: What the rules for claims find in it, where that is known already.

    Raises:
        UsageError: The environment's file is wrong.
    """
    policy = policy_of_then(report, standards)
    if policy:
        return audit(report, policy, told)
    return [finding for finding in audit(report, standards.policy, told) if finding.rule != "verdict.differs"]


def policy_of_then(report: AnyReport, standards: Standards) -> Policy | None:
    """What a report was judged by, with what its environment requires; None where that is no longer at hand.

    Raises:
        UsageError: The environment's file is wrong.
    """
    known = standards.environment(report.environment.name)
    if known and _of_today(report, standards) and known.digest == report.environment.digest:
        return replace(standards.policy, requirements=requirements(known))
    return None


def page_doubts(path: Path, report: AnyReport, standards: Standards) -> list[Finding]:
    """What is wrong with the page beside a stored report; it is made again only by the renderers of then.

    Raises:
        StorageError: It cannot be read.
    """
    return _page_doubts(path, report, _page(path, standards.root), standards)


def document_of(report: AnyReport, file: str) -> Document:
    """What a report of ours claims, as of its file."""
    return replace(claims_of(newest(report)), file=file)


def at(finding: Finding, file: str) -> AuditFinding:
    """A finding about a file as a whole."""
    return AuditFinding(**finding.model_dump(), place=Place(file, 0), claim="")


def damaged(file: str, said: IntegrityError) -> AuditFinding:
    """What is not what was written."""
    return at(error("integrity.damaged", file, said.message), file)


def _of_today(report: AnyReport, standards: Standards) -> bool:
    """Whether the rules and renderers that a report was made by are those at hand."""
    return report.suite.digest == standards.suite


def _page(path: Path, root: Path) -> bytes | None:
    """The page beside a report; nothing stands on what is no file of its own, and None is where there is none."""
    page = path.with_suffix(".md")
    if not os.path.lexists(page):
        return None
    try:
        return read_regular(page, root, LARGEST_FILE)
    except IntegrityError:
        return b""


def _says_it(page: bytes, report: AnyReport) -> bool:
    """Whether a page is the report's, in a language that we speak."""
    for language in LANGUAGES:
        with speaking(language):
            if page == markdown.render(report).encode():
                return True
    return False


def _page_doubts(path: Path, report: AnyReport, page: bytes | None, standards: Standards) -> list[Finding]:
    name = path.with_suffix(".md").name
    if page is None:
        return [warning("history.missing", name, "`verify report show --format markdown` makes it anew")]
    if _of_today(report, standards) and not _says_it(page, report):
        return [error("history.page", name, "does not say what its report says")]
    return []
