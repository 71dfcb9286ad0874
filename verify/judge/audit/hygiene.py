"""What a report tells of a person, and what it leaves out that a repetition needs."""

import re
from collections.abc import Iterator

from verify.claims.claim import Claim, Document, Place, Topic
from verify.judge.audit.finding import AuditFinding, Line, found, line_at
from verify.judge.audit.known import Known
from verify.judge.audit.nearby import claims_of
from verify.report.hygiene import leaks, scrub

# Words that go with secrets, in both languages; tokens by the prefixes that their makers give them.
_CREDENTIALS = re.compile(
    r"(?:login|log in|登录|密码|password|passwd|账号)\W{0,3}\s*[(\uff08:\uff1a=]\s{0,3}[^\s/]{1,50}/\S"
    r"|(?:password|passwd|密码|api[_-]?key|secret)\s*[:\uff1a=]\s*['\"]?[^\s'\"<$*]{4,}"
    r"|\b(?:hf_|sk-|ghp_)[A-Za-z0-9]{16,}",
    re.IGNORECASE,
)
# A date in a file's name tells runs of two days apart, and not two of one day.
_DATED = re.compile(
    r"(?<![\w/.-])[\w/.-]{0,200}[_-](?:19|20)\d{2}-?[01]\d-?[0-3]\d(?![-_T]?\d)\.(?:md|json|html|txt|csv)\b"
)
_DIGEST = re.compile(r"\b[0-9a-f]{40}\b|\b[0-9a-f]{64}\b|sha-?256", re.IGNORECASE)
_EXACT = re.compile(r"^v?\d+(\.\d+)+")
_TRAINED: tuple[Topic, ...] = ("loss", "loss_initial", "loss_final", "loss_mean")


def homes(document: Document, known: Known) -> Iterator[AuditFinding]:
    """No line tells of anybody's home folder, name or host."""
    for number, text in enumerate(document.lines, 1):
        for leak in dict.fromkeys(leaks(text, known.secrets)):
            line = Line(Place(document.file, number), scrub(text, known.secrets))
            yield found("hygiene.leak", "secrets", line, f"the line tells {leak}")


def credentials(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """No line tells of a name with its password, or of a token."""
    for number, text in enumerate(document.lines, 1):
        if _CREDENTIALS.search(text):
            # A finding is shown to others: it does not repeat what it warns of.
            line = Line(Place(document.file, number), _CREDENTIALS.sub("…", text))
            yield found("hygiene.credentials", "secrets", line, "the line tells of a credential")


def overwritten(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """No file's name is that of the next report of the day."""
    for number, text in enumerate(document.lines, 1):
        for name in dict.fromkeys(match[0] for match in _DATED.finditer(text)):
            message = f"{name} has a date and no time: a second one of the day overwrites it"
            yield found("hygiene.overwritten", "files", line_at(document, number), message, severity="warning")


def repeatable(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """Who trained tells the seed; who measured tells the versions and the day. A stored report has fields for them."""
    if not document.lines:
        return
    trained = claims_of(document, *_TRAINED) or document.logged or _timed_trainings(document)
    if trained and not claims_of(document, "seed"):
        line = line_at(document, trained[0].place.line)
        yield found("hygiene.seed", "seed", line, "a training is told of, and no seed", severity="warning")
    if trained and not _DIGEST.search("\n".join(document.lines)):
        line = line_at(document, trained[0].place.line)
        yield found(
            "hygiene.dataset", "dataset", line, "a training is told of, and no digest of the data", severity="warning"
        )
    if document.claims and not document.moments:
        yield found("hygiene.date", "date", line_at(document, 1), "no day or time is told", severity="warning")
    yield from _versions(document)


def _timed_trainings(document: Document) -> list[Claim]:
    """Times of what went over the data so many times."""
    return [claim for claim in claims_of(document, "duration", "epoch_time") if "epochs" in claim.settings]


def _versions(document: Document) -> Iterator[AuditFinding]:
    if document.claims and not document.pinned:
        yield found(
            "hygiene.versions",
            "packages",
            line_at(document, 1),
            "no version of any package is told",
            severity="warning",
        )
    for pin in document.pinned:
        if not _EXACT.match(pin.version) or re.search(r"\.[xX*]", pin.version):
            message = f"which {pin.package} it was is not told: {pin.version or 'no version'}"
            yield found("hygiene.versions", pin.package, line_at(document, pin.place.line), message, severity="warning")
