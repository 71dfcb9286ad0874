"""Totals are those of what is listed, and nothing that failed earlier has silently gone."""

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from verify.claims.claim import Claim, Document, Topic
from verify.judge.audit.arithmetic import middle, reach, redo, same
from verify.judge.audit.finding import AuditFinding, found, line_at
from verify.judge.audit.known import Known
from verify.judge.audit.nearby import Standing, claims_of, standing, within, word

# What claims of a topic count, in the words of an enumeration.
_COUNTED: dict[Topic, str] = {"layers": "layers", "modules": "modules"}
_ANY = "test"
# What a list is of where nobody says so: a number before it may be of anything.
_ITEMS = "items"
_OUTCOMES: dict[str, Topic] = {"passed": "tests_passed", "failed": "tests_failed"}


def listed(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """As many are listed as are stated."""
    sizes: dict[str, dict[int, None]] = {}
    for enumeration in document.enumerations:
        sizes.setdefault(enumeration.what, {})[len(enumeration.items)] = None
        told = enumeration.what != _ITEMS and enumeration.stated is not None
        if told and enumeration.stated != len(enumeration.items):
            message = f"{enumeration.stated} stated, {len(enumeration.items)} listed"
            yield found("counts.listed", enumeration.what, line_at(document, enumeration.place.line), message)
    for claim in claims_of(document, "tests_total", *_COUNTED):
        what = _COUNTED.get(claim.topic, _kind(claim) or _ANY)
        counted = dict.fromkeys(_sizes(document, claim, what)) if claim.topic in _COUNTED else sizes.get(what, {})
        if counted and middle(claim.quantity) not in counted:
            message = f"{middle(claim.quantity):g} stated, {next(iter(counted))} listed"
            yield found("counts.listed", what, claim, message)


def outcomes(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """What passed, what failed and what was left out make up the total."""
    totals = claims_of(document, "tests_total")
    kinds = {_kind(total) for total in totals}
    told = {name: _by_kind(document, topic, kinds) for name, topic in _OUTCOMES.items()}
    left_out = {kind: _left_out(document, kind) for kind in kinds}
    for total in totals:
        kind = _kind(total)
        parts = {name: of_kinds[kind].nearest(total) for name, of_kinds in told.items()}
        given = {name: claim.quantity for name, claim in parts.items() if claim is not None}
        redone = redo("passed + failed + left_out", {**given, "left_out": left_out[kind]})
        if len(given) == len(parts) and redone and not redone.low <= middle(total.quantity) <= redone.high:
            message = f"{total.quantity.text} tests in all, but {redone.value:g} passed, failed or were left out"
            yield found("counts.outcomes", "tests", total, message, redone=redone)


def rates(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """A rate of passing is that of the tests."""
    told = claims_of(document, "pass_rate")
    kinds = {_kind(rate) for rate in told}
    passing, counted = (_by_kind(document, topic, kinds, "") for topic in ("tests_passed", "tests_total"))
    with_list = {entry.what for entry in document.enumerations}
    for rate in told:
        kind = _kind(rate)
        passed, total = passing[kind].nearest(rate), counted[kind].nearest(rate)
        if passed is None or total is None or kind in with_list:
            continue
        redone = redo("100 * passed / total", {"passed": passed.quantity, "total": total.quantity}, "%")
        low, high = reach(rate.quantity)
        if redone and not low <= redone.value <= high:
            message = f"{rate.quantity.text} passed, of the tests that are told of {redone.value:.3g}%"
            yield found("counts.rate", kind or "tests", rate, message, redone=redone)


def everything(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """Who says "all" names all."""
    most = max(document.arms, key=lambda arm: len(arm.factors), default=None)
    if most is None:
        return
    lines: dict[int, set[str]] = {}
    for statement in document.statements:
        if statement.every and statement.about and not statement.denied:
            lines.setdefault(statement.place.line, set()).add(statement.about)
    set_by_it = {about for factor in most.factors.items() for about in factor}
    for line, named in lines.items():
        if len(named & set_by_it) > 1 and len(named) < len(most.factors):
            message = f"all, it says, and names {len(named)}; {most.name} has {len(most.factors)}"
            yield found("counts.everything", most.name, line_at(document, line), message)


def dropped(document: Document, known: Known) -> Iterator[AuditFinding]:
    """What failed earlier is still asked."""
    now = list(_passing(document))
    for earlier in known.earlier[:1]:
        before = [pair for pair in _passing(earlier) if not same(pair[0].quantity, pair[1].quantity)]
        rising = {kind: _rising(before, kind) for kind in {_kind(total) for total, _ in now}}
        for total, passed in now:
            worse = rising[_kind(total)]
            more = bisect_right(worse, middle(total.quantity), key=_asked)
            if same(total.quantity, passed.quantity) and more < len(worse):
                asked, held = worse[more]
                message = f"{_of(passed, total)} passed here, {_of(held, asked)} in {earlier.file}: what failed is gone"
                yield found("counts.dropped", _kind(total) or "tests", total, message)


def shrunk(document: Document, known: Known) -> Iterator[AuditFinding]:
    """The list of versions has what an earlier one had."""
    here = {pin.package.casefold() for pin in document.pinned}
    for earlier in known.earlier[:1]:
        gone = sorted({pin.package for pin in earlier.pinned if pin.package.casefold() not in here})
        if here and gone:
            some = len({pin.package.casefold() for pin in earlier.pinned})
            message = f"{len(here)} versions here, {some} in {earlier.file}: {', '.join(gone)} are not told any more"
            yield found("counts.versions", "packages", line_at(document, document.pinned[0].place.line), message)
        if _python(earlier) and not _python(document):
            message = f"{earlier.file} told of Python {_python(earlier)}, this one of none"
            yield found("counts.versions", "python", line_at(document, 1), message)


def _sizes(document: Document, claim: Claim, what: str) -> Iterator[int]:
    """How much is listed of what a claim counts, where it counts all of it."""
    for entry in document.enumerations:
        if entry.what == what and entry.stated is None and not word(claim, "of") and within(claim, entry):
            yield len(entry.items)


def _kind(claim: Claim) -> str:
    """The kind of tests that are counted; nothing for tests of all kinds."""
    kind = word(claim, "kind")
    return "" if kind == _ANY else kind


def _by_kind(document: Document, topic: Topic, kinds: Iterable[str], *too: str) -> dict[str, Standing]:
    """Where the claims of a topic stand, for each of these kinds of tests; with those of kinds that count for all."""
    told = claims_of(document, topic)
    return {kind: standing(claim for claim in told if _kind(claim) in {kind, *too}) for kind in kinds}


def _left_out(document: Document, kind: str) -> float:
    """How many tests are listed of which it is not told whether they passed."""
    lists = [entry for entry in document.enumerations if entry.what == (kind or _ANY) or (entry.every and not kind)]
    return sum(item.passed is None for entry in lists for item in entry.items)


def _passing(document: Document) -> Iterator[tuple[Claim, Claim]]:
    totals = claims_of(document, "tests_total")
    passed = _by_kind(document, "tests_passed", {_kind(total) for total in totals})
    for total in totals:
        held = passed[_kind(total)].nearest(total)
        if held is not None:
            yield total, held


def _rising(pairs: Iterable[tuple[Claim, Claim]], kind: str) -> list[tuple[Claim, Claim]]:
    """Of the pairs that a kind of tests is compared with those that ask for more than each before them.

    The first of all pairs that asks for more than some number is one of these, and they are sorted.
    """
    rising: list[tuple[Claim, Claim]] = []
    most = -math.inf
    for pair in pairs:
        if _comparable(pair[0], kind) and _asked(pair) > most:
            rising.append(pair)
            most = _asked(pair)
    return rising


def _asked(pair: tuple[Claim, Claim]) -> float:
    return middle(pair[0].quantity)


def _comparable(earlier: Claim, kind: str) -> bool:
    return _kind(earlier) == kind or (not _kind(earlier) and kind != "benchmark")


def _of(passed: Claim, total: Claim) -> str:
    return f"{middle(passed.quantity):g} of {middle(total.quantity):g}"


def _python(document: Document) -> str:
    return next((machine.python for machine in document.machines if machine.python), "")
