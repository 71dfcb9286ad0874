"""An audit for people: what each file claims, and what the sum gives; as plain text and as Markdown."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby, starmap

from verify.claims.finding import Audited, AuditFinding
from verify.language.speech import each, later, say
from verify.render import words
from verify.render.kept import word
from verify.render.markup import code, escaped, table, told
from verify.render.text import painted

MARKS = {"error": "✗", "warning": "!", "note": "·"}
COLOURS = {"error": "failed", "warning": "conditional", "note": "skipped"}
COUNTED = {
    "report": (later("{} report"), later("{} reports")),
    "document": (later("{} document"), later("{} documents")),
    "history": (later("{} history"), later("{} histories")),
    "gate": (later("{} gate"), later("{} gates")),
}
SHOWN_CLAIM = 160
SHOWN_LINES = 20


def text(audited: Audited, *, colour: bool = False) -> str:
    """The audit as plain text: one block a file, its findings as one reads it."""
    blocks = [_block(file, list(found), colour) for file, found in _by_file(audited)]
    return "\n\n".join([*blocks, *_unread(audited), summary(audited)]) + "\n"


def markdown(audited: Audited) -> str:
    """The audit as Markdown, for a pull request or a job's summary."""
    parts = ["# " + say("Audit: {}", summary(audited))]
    for file, found in _by_file(audited):
        rows = [
            (
                str(one.place.line or ""),
                f"{MARKS[one.severity]} {word(one.grade)}",
                f"`{one.rule}`",
                f"`{code(words.visible(one.claim, SHOWN_CLAIM))}`" if one.claim else "",
                told(one.message),
                escaped(sum_of(one)),
            )
            for one in found
        ]
        parts += [f"## `{code(file)}`", table([each("line", "", "rule", "it says", "but", "the sum"), *rows])]
    parts += [f"{escaped(line)}" for line in _unread(audited)]
    return "\n\n".join(parts) + "\n"


def summary(audited: Audited) -> str:
    """How much was looked at, and what was found."""
    counts = Counter(finding.severity for finding in audited.findings)
    certain = sum(finding.grade == "certain" and finding.severity != "note" for finding in audited.findings)
    numbers = ((kind, len(names)) for kind, names in audited.looked_at.items())
    kinds = ", ".join(say(COUNTED[kind][number != 1], number) for kind, number in numbers)
    said = say(
        "{} wrong, {} doubtful ({} for certain), {} noted", counts["error"], counts["warning"], certain, counts["note"]
    )
    return say("{} looked at: {}", kinds or say("nothing"), said)


def sum_of(finding: AuditFinding) -> str:
    """The sum that a reader can redo: ``parameters / (1000 * seconds) = 13,366 with parameters = 124,439,808, …``."""
    if finding.formula is None or finding.recomputed is None:
        return ""
    inputs = ", ".join(starmap(lambda name, value: f"{name} = {words.number(value)}", finding.inputs.items()))
    value = f"{words.number(finding.recomputed)} {'' if finding.unit == '1' else finding.unit}".strip()
    return f"{finding.formula} = {value}" + ((" " + say("with {}", inputs)) if inputs else "")


def _by_file(audited: Audited) -> Iterator[tuple[str, Iterator[AuditFinding]]]:
    return groupby(sorted(audited.findings, key=lambda one: one.place.file), key=lambda one: one.place.file)


def _block(file: str, findings: Sequence[AuditFinding], colour: bool) -> str:
    return "\n".join([words.visible(file), *(line for one in findings for line in _lines(one, colour))])


def _lines(finding: AuditFinding, colour: bool) -> Iterator[str]:
    place = f"{finding.place.line:>5}" if finding.place.line else "     "
    mark = painted(MARKS[finding.severity], COLOURS[finding.severity], colour)
    likely = (" " + say("(likely)")) if finding.grade == "likely" else ""
    yield f"{place} {mark} {finding.rule}{likely}: {words.told(finding.message)}"
    if finding.claim and finding.place.line:
        yield "          " + say("it says: {}", words.visible(finding.claim, SHOWN_CLAIM))
    if sum_of(finding):
        yield "          " + say("the sum: {}", words.visible(sum_of(finding)))


def _unread(audited: Audited) -> Iterator[str]:
    """What no rule could look at is listed, never dropped."""
    for file, lines in audited.unread.items():
        if lines:
            some = ", ".join(map(str, lines[:SHOWN_LINES])) + (" …" if len(lines) > SHOWN_LINES else "")
            yield say("{}: {} lines were not understood: {}", words.visible(file), len(lines), some)
