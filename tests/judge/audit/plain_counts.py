"""The rules of counting as one would write them down: each claim is held against every other."""

from collections.abc import Iterator

from verify.claims.claim import Claim, Document, Enumeration, Topic
from verify.judge.audit.arithmetic import middle, reach, redo, same
from verify.judge.audit.finding import AuditFinding, found, line_at
from verify.judge.audit.known import Known
from verify.judge.audit.nearby import claims_of, nearest, within, word

# What claims of a topic count, in the words of an enumeration.
_COUNTED: dict[Topic, str] = {"layers": "layers", "modules": "modules"}
_ANY = "test"
# What a list is of where nobody says so: a number before it may be of anything.
_ITEMS = "items"
_OUTCOMES: dict[str, Topic] = {"passed": "tests_passed", "failed": "tests_failed"}


def listed(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """As many are listed as are stated."""
    for enumeration in document.enumerations:
        told = enumeration.what != _ITEMS and enumeration.stated is not None
        if told and enumeration.stated != len(enumeration.items):
            message = f"{enumeration.stated} stated, {len(enumeration.items)} listed"
            yield found("counts.listed", enumeration.what, line_at(document, enumeration.place.line), message)
    for claim in claims_of(document, "tests_total", *_COUNTED):
        lists = [entry for entry in document.enumerations if _counts(claim, entry)]
        if lists and all(len(entry.items) != middle(claim.quantity) for entry in lists):
            message = f"{middle(claim.quantity):g} stated, {len(lists[0].items)} listed"
            yield found("counts.listed", lists[0].what, claim, message)


def outcomes(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """What passed, what failed and what was left out make up the total."""
    for total in claims_of(document, "tests_total"):
        parts = {
            name: nearest(total, (claim for claim in claims_of(document, topic) if _kind(claim) == _kind(total)))
            for name, topic in _OUTCOMES.items()
        }
        given = {name: claim.quantity for name, claim in parts.items() if claim is not None}
        redone = redo("passed + failed + left_out", {**given, "left_out": _left_out(document, total)})
        if len(given) == len(parts) and redone and not redone.low <= middle(total.quantity) <= redone.high:
            message = f"{total.quantity.text} tests in all, but {redone.value:g} passed, failed or were left out"
            yield found("counts.outcomes", "tests", total, message, redone=redone)


def rates(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """A rate of passing is that of the tests."""
    for rate in claims_of(document, "pass_rate"):
        passed, total = (
            nearest(rate, (claim for claim in claims_of(document, topic) if _kind(claim) in {_kind(rate), ""}))
            for topic in ("tests_passed", "tests_total")
        )
        if passed is None or total is None or _has_list(document, _kind(rate)):
            continue
        redone = redo("100 * passed / total", {"passed": passed.quantity, "total": total.quantity}, "%")
        low, high = reach(rate.quantity)
        if redone and not low <= redone.value <= high:
            message = f"{rate.quantity.text} passed, of the tests that are told of {redone.value:.3g}%"
            yield found("counts.rate", _kind(rate) or "tests", rate, message, redone=redone)


def dropped(document: Document, known: Known) -> Iterator[AuditFinding]:
    """What failed earlier is still asked."""
    for total, passed in _passing(document):
        for earlier in known.earlier[:1]:
            before = [pair for pair in _passing(earlier) if _comparable(pair[0], total)]
            worse = [
                pair
                for pair in before
                if middle(pair[0].quantity) > middle(total.quantity) and not same(pair[0].quantity, pair[1].quantity)
            ]
            if same(total.quantity, passed.quantity) and worse:
                asked, held = worse[0]
                message = f"{_of(passed, total)} passed here, {_of(held, asked)} in {earlier.file}: what failed is gone"
                yield found("counts.dropped", _kind(total) or "tests", total, message)


def _counts(claim: Claim, entry: Enumeration) -> bool:
    if claim.topic == "tests_total":
        return entry.what == (_kind(claim) or _ANY)
    of_all = not word(claim, "of") and entry.stated is None
    return of_all and entry.what == _COUNTED[claim.topic] and within(claim, entry)


def _kind(claim: Claim) -> str:
    """The kind of tests that are counted; nothing for tests of all kinds."""
    kind = word(claim, "kind")
    return "" if kind == _ANY else kind


def _left_out(document: Document, total: Claim) -> float:
    """How many tests are listed of which it is not told whether they passed."""
    lists = [
        entry
        for entry in document.enumerations
        if entry.what == (_kind(total) or _ANY) or (entry.every and not _kind(total))
    ]
    return sum(item.passed is None for entry in lists for item in entry.items)


def _has_list(document: Document, kind: str) -> bool:
    return any(entry.what == kind for entry in document.enumerations)


def _passing(document: Document) -> Iterator[tuple[Claim, Claim]]:
    for total in claims_of(document, "tests_total"):
        same_kind = (claim for claim in claims_of(document, "tests_passed") if _kind(claim) == _kind(total))
        passed = nearest(total, same_kind)
        if passed is not None:
            yield total, passed


def _comparable(earlier: Claim, now: Claim) -> bool:
    return _kind(earlier) == _kind(now) or (not _kind(earlier) and _kind(now) != "benchmark")


def _of(passed: Claim, total: Claim) -> str:
    return f"{middle(passed.quantity):g} of {middle(total.quantity):g}"
