"""Which claims belong together: those of a line, of a section, of a setting."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from verify.claims.claim import Claim, Document, Enumeration, Logged, Quantity, Statement, Topic

Sectioned = Claim | Statement | Enumeration
Section = tuple[str, ...]


def claims_of(document: Document, *topics: Topic) -> list[Claim]:
    """The claims of these topics, in the order of the text."""
    return [claim for claim in document.claims if claim.topic in topics]


def number(claim: Claim, name: str) -> float | None:
    """A setting that is a number; None where it is missing or a word."""
    value = claim.settings.get(name)
    return float(value) if isinstance(value, int | float) else None


def word(claim: Claim | Statement, name: str) -> str:
    """A setting that is a word; nothing where it is missing or a number."""
    value = claim.settings.get(name)
    return value if isinstance(value, str) else ""


def shared(one: Sequence[str], other: Sequence[str]) -> int:
    """How many headings two places have in common, from the outermost on."""
    depth = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        depth += 1
    return depth


def within(one: Sectioned, other: Sectioned) -> bool:
    """Whether two things stand in one section, or one in a part of the other's."""
    return shared(one.section, other.section) == min(len(one.section), len(other.section))


def beside(one: Sectioned, other: Sectioned) -> bool:
    """Whether two things stand in one section, or in two of the same part."""
    return shared(one.section, other.section) >= max(len(one.section), len(other.section)) - 1


def nearest(to: Sectioned, candidates: Iterable[Claim], *, anywhere: bool = False) -> Claim | None:
    """The candidate that belongs most to something: of its line, of its section, of what its headings share.

    Args:
        to: What it is to belong to.
        candidates: Of which one is wanted.
        anywhere: Take one of another section too.
    """

    def distance(claim: Claim) -> tuple[int, int]:
        return -shared(to.section, claim.section), abs(claim.place.line - to.place.line)

    reachable = [claim for claim in candidates if anywhere or within(to, claim)]
    return min(reachable, key=distance, default=None)


def standing(claims: Iterable[Claim]) -> "Standing":
    """Where claims stand, for whoever asks often which of them is the nearest."""
    parts: dict[Section, _Numbered] = {}
    alone: dict[Section, _Numbered] = {}
    for number, claim in enumerate(claims):
        alone.setdefault(claim.section, {}).setdefault(claim.place.line, (number, claim))
        for depth in range(len(claim.section) + 1):
            parts.setdefault(claim.section[:depth], {}).setdefault(claim.place.line, (number, claim))
    by_lines = ({section: _Lines(sorted(of), of) for section, of in some.items()} for some in (parts, alone))
    return Standing(*by_lines)


def alike(one: Claim, other: Claim, *names: str) -> bool:
    """Whether no setting of these names, where both tell it, differs."""
    return all(
        name not in one.settings or name not in other.settings or one.settings[name] == other.settings[name]
        for name in names
    )


def by_section(claims: Iterable[Claim]) -> Iterator[list[Claim]]:
    """The claims of each section, in the order of the text."""
    grouped: dict[tuple[str, ...], list[Claim]] = {}
    for claim in claims:
        grouped.setdefault(claim.section, []).append(claim)
    yield from grouped.values()


def runs(document: Document) -> dict[str, list[Logged]]:
    """The log of each run, in the order of its steps."""
    logs: dict[str, list[Logged]] = {}
    for entry in document.logged:
        logs.setdefault(entry.run, []).append(entry)
    return {run: sorted(log, key=lambda entry: entry.step) for run, log in logs.items()}


def section_at(document: Document, line: int) -> tuple[str, ...]:
    """The section that a line stands in: that of what is said nearest to it."""
    said: list[Claim | Statement] = [*document.claims, *document.statements]
    return min(said, key=lambda item: abs(item.place.line - line)).section if said else ()


def as_claim(document: Document, entry: Logged, topic: Topic, figure: float, step: float) -> Claim:
    """A figure of a log as the claim that it is.

    Args:
        document: Where it stands.
        entry: Its line.
        topic: What it is.
        figure: In the canonical unit.
        step: The worth of one unit in its last digit.
    """
    quantity = Quantity(figure, figure, "1", f"{figure:g}", approximate=False, step=step)
    section = section_at(document, entry.place.line)
    words = document.lines[entry.place.line - 1] if 0 < entry.place.line <= len(document.lines) else ""
    return Claim(entry.place, section, topic, quantity, {"run": entry.run, "step": entry.step}, entry.run, words)


# By line the first claim that stands on it, with its number among all.
_Numbered = dict[int, tuple[int, Claim]]


@dataclass(frozen=True, slots=True)
class _Lines:
    lines: Sequence[int]
    claims: _Numbered

    def nearest(self, line: int) -> Claim:
        after = bisect_left(self.lines, line)
        around = self.lines[max(after - 1, 0) : after + 1]
        return min((abs(other - line), *self.claims[other]) for other in around)[-1]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where claims stand: the nearest is found without a look at each of them.

    Attributes:
        parts: What stands in a section or in a part of it, by the section.
        alone: What stands in a section and in no part of it.
    """

    parts: Mapping[Section, _Lines]
    alone: Mapping[Section, _Lines]

    def nearest(self, to: Sectioned) -> Claim | None:
        """The claim that belongs most to something, as `nearest` finds it among them all."""
        above = (self.alone.get(to.section[:depth]) for depth in reversed(range(len(to.section))))
        shares_most = next((lines for lines in (self.parts.get(to.section), *above) if lines), None)
        return shares_most.nearest(to.place.line) if shares_most else None
