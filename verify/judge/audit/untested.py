"""What is claimed of a capability has a test that ran."""

from collections.abc import Iterator

from verify.claims.claim import Document, Enumeration, Statement
from verify.judge.audit.arithmetic import middle
from verify.judge.audit.finding import AuditFinding, found
from verify.judge.audit.known import Known
from verify.judge.audit.nearby import claims_of, word

CLAIMED = frozenset(
    {
        "available",
        "supported",
        "works",
        "integrated",
        "compatible",
        "ready",
        "complete",
        "efficient",
        "memory_efficient",
    }
)
# What no check can show, or every document may say of itself.
NO_CAPABILITY = frozenset(
    {"", "loss", "speed", "training", "memory", "environment", "model", "documentation", "fallback", "power_efficiency"}
)
# A capability that contains others: who ran it has run them.
CONTAINS = {
    "qlora": ("lora", "peft", "quantization"),
    "lora": ("peft", "transformers"),
    "mlx_training": ("mlx",),
    "mixed_precision": ("fp16", "bf16"),
}
# What prose says of anything, that it works, that there is some: a claim only where it is ticked.
_PROSE = frozenset({"works", "available", "efficient", "memory_efficient"})
# Enumerations of what there is, not of what was asked.
_NO_TESTS = frozenset({"features", "layers", "modules"})
_DEVICES = frozenset({"cpu", "cuda", "mps", "mlx"})


def capabilities(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """A capability that is ticked, or said to be there, has been tried."""
    tried = tried_in(document)
    told: set[tuple[int, str]] = set()
    for statement in _claimed(document):
        key = statement.place.line, statement.about
        if statement.about not in tried and key not in told:
            told.add(key)
            message = f"{_name(statement.about)} is said to be {_how(statement)}, and no test of it is told of"
            yield found("untested.capability", statement.about, statement, message)


def still_to_do(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """What is still to be tried is not claimed already."""
    tried = tried_in(document)
    for later in _planned(document):
        claimed = next((statement for statement in _claimed(document) if statement.about == later.about), None)
        if claimed and later.about not in tried:
            before = f"said to be {_how(claimed)} in line {claimed.place.line}"
            yield found("untested.still_to_do", later.about, later, f"{before}, and still to be tried here")


def still_to_measure(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """How fast a device is, is not told before it is measured."""
    ratios = [claim for claim in claims_of(document, "speedup") if word(claim, "device") in _DEVICES]
    for later in _planned(document):
        told = next((claim for claim in ratios if word(claim, "device") == later.about), None)
        if told:
            before = f"{told.quantity.text} is told of it in line {told.place.line}"
            yield found("untested.still_to_measure", later.about, later, f"{before}, and it is still to be tried here")


def any_size(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """Models of any size are not claimed after one or two small ones."""
    sizes = [
        claim
        for claim in claims_of(document, "parameters", "total_parameters")
        if claim.stated_as == "measured" and claim.quantity.low == claim.quantity.high
    ]
    largest = max(sizes, key=lambda claim: middle(claim.quantity), default=None)
    for statement in document.statements:
        if statement.says == "any_size" and not statement.denied and _is_report(document):
            tried = (
                f"the largest tried has {middle(largest.quantity):,.0f} parameters"
                if largest
                else "of none that was tried the size is told"
            )
            yield found("untested.any_size", "model", statement, f"any size is claimed, {tried}")


def efficiency(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """Who claims efficiency has measured power or energy."""
    measured = [
        claim
        for claim in claims_of(document, "power", "energy")
        if claim.stated_as == "measured" and not claim.quantity.approximate
    ]
    for statement in document.statements:
        if statement.says == "power_efficient" and not statement.denied and not measured:
            message = "efficiency is claimed, and neither power nor energy was measured"
            yield found("untested.efficiency", "power_efficiency", statement, message)


def fallbacks(document: Document, _known: Known) -> Iterator[AuditFinding]:
    """A failure that is said to be worked around was tried again."""
    told: set[tuple[str, ...]] = set()
    for statement in document.statements if _is_report(document) else ():
        if statement.says != "fallback" or statement.denied or statement.section in told:
            continue
        others = [other for other in document.statements if other.section == statement.section]
        failed = [other for other in others if other.says != "fallback" and (other.mark is False or other.denied)]
        again = [other for other in others if other.says == "tested" and not other.denied and other.mark is not False]
        if failed and not again:
            told.add(statement.section)
            message = "a way around the failure is given, the test was not run again with it"
            yield found("untested.fallback", statement.about or "fallback", statement, message)


def tried_in(document: Document) -> frozenset[str]:
    """The capabilities that some test, run or figure of a document is of, and those that they contain."""
    tried = {*_listed(document), *_measured(document), *_ran(document), *_observed(document)} - NO_CAPABILITY
    return frozenset(tried | {part for whole in tried for part in CONTAINS.get(whole, ())})


def tests_of(document: Document) -> list[Enumeration]:
    """The enumerations of what was asked."""
    return [entry for entry in document.enumerations if entry.what not in _NO_TESTS]


def _listed(document: Document) -> Iterator[str]:
    for entry in tests_of(document):
        yield from (item.about for item in entry.items if item.passed is not None)


def _measured(document: Document) -> Iterator[str]:
    """What figures are of: those that tell of work, not of what a run was told to do."""
    for claim in document.claims:
        if claim.stated_as == "measured" and claim.quantity.unit != "1":
            yield from (word(claim, name) for name in ("technique", "device", "model"))


def _ran(document: Document) -> Iterator[str]:
    """What the arms of a run set, where its log is there."""
    if document.logged:
        yield from (word for arm in document.arms for pair in arm.factors.items() for word in pair)
        yield from ("cuda" for machine in document.machines if machine.gpu)


def _observed(document: Document) -> Iterator[str]:
    """What is ticked in the line of a test, or in the section that is one."""
    lines = {item.place.line for entry in tests_of(document) for item in entry.items if item.passed is not None}
    titles = {heading.text for heading in document.headings if heading.place.line in lines}
    for statement in document.statements:
        in_a_test = statement.place.line in lines or not titles.isdisjoint(statement.section)
        fine = statement.mark is True and not statement.denied
        if fine and (in_a_test or statement.says == "tested"):
            yield statement.about


def _planned(document: Document) -> Iterator[Statement]:
    for statement in document.statements:
        if statement.says == "planned" and statement.mark is None and statement.about not in NO_CAPABILITY:
            yield statement


def _claimed(document: Document) -> Iterator[Statement]:
    """What a report of tests or of a run claims. A text that is neither may tell of anything."""
    for statement in document.statements if _is_report(document) else ():
        there = statement.mark is not False and not statement.denied and statement.about not in NO_CAPABILITY
        if there and statement.says in CLAIMED and (statement.mark or statement.says not in _PROSE):
            yield statement


def _is_report(document: Document) -> bool:
    tests = (item for entry in tests_of(document) for item in entry.items)
    return bool(document.logged) or any(item.passed is not None for item in tests)


def _name(about: str) -> str:
    return about.replace("_", " ")


def _how(statement: Statement) -> str:
    return "ticked" if statement.mark else statement.says
