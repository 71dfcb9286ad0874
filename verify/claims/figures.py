"""A line or a cell as figures: each number with what it is about."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from verify.claims.blocks import Spot
from verify.claims.claim import Claim, Place, Quantity, StatedAs, Topic, Unit
from verify.claims.narrowing import masked, narrowed
from verify.claims.phrases import CLAUSES, advice_in
from verify.claims.quantities import Found, quantities
from verify.claims.terms import BY_UNIT, Term, fits, noun_at, terms_in, time_of
from verify.claims.units import Written

_SENTENCE = re.compile(r"[。;!?]")
_IN_PARENTHESES = re.compile(r"\s*[\"']?\s*\(([^()]{1,60})\)")
_PARTS = re.compile(r"\s*\([^()/]{1,30}/[^()/]{1,30}\)")
_SUM = re.compile(r"(?<![\w.,])\d[\d.,]{0,20}(?:\s?[-+*/\u00d7\u00f7x]\s?\d[\d.,]{0,20}){1,9}(?=\s?=\s?\d)", re.ASCII)
_FRACTION = re.compile(
    r"(?<![\d./])(\d{1,6})\s*/\s*(\d{1,6})(?![\d./])(?=\s*(?:个|项)?(?:测试)?\s*(?:通过|pass|tests|succe))",
    re.IGNORECASE,
)
_FROM = re.compile(r"(?:从|\bfrom)\s*$", re.IGNORECASE)
_TO = re.compile(r"(?:到|至|达|为|\bto)\s*$", re.IGNORECASE)
_ESTIMATED = re.compile(
    r"估算|估计|预期|预计|estimate|expect|projected|\bshould\b|\bwould\b|\bmight\b",
    re.IGNORECASE,
)
_DATASHEET = re.compile(r"理论值|标称|规格书|datasheet|theoretical|nominal", re.IGNORECASE)
_KINDS = (
    ("functional", re.compile(r"功能测试|functional", re.IGNORECASE)),
    ("benchmark", re.compile(r"基准|benchmark", re.IGNORECASE)),
    ("core", re.compile(r"核心|\bcore\b", re.IGNORECASE)),
)
_TESTS: tuple[Topic, ...] = ("tests_total", "tests_passed", "tests_failed", "pass_rate")
# A line with more figures is data, not a claim.
MOST_FIGURES = 50
# How far behind a number the word may stand that names it: nothing but a word says what a bare count is of.
_NEAR, _NEAR_COUNT = 40, 12


@dataclass(frozen=True, slots=True)
class Context:
    """Where a text stands, and what is known of its figures beforehand.

    Attributes:
        words: What names its figures from outside, innermost first: head of the column, label of the row, of the line.
        unit: What a number without a unit is given in.
        settings: What narrows every figure in it.
    """

    file: str
    spot: Spot
    words: tuple[str, ...] = ()
    unit: Written | None = None
    settings: Mapping[str, float | str] = field(default_factory=dict)

    @property
    def place(self) -> Place:
        """Where the text is."""
        return Place(self.file, self.spot.line)

    @property
    def around(self) -> tuple[str, ...]:
        """All that stands around the text, innermost first: words, labels, headings."""
        return (*self.words, *reversed(self.spot.labels), *reversed(self.spot.section))

    @property
    def leading(self) -> tuple[str, ...]:
        """What leads to the text: words, labels and its own heading, innermost first."""
        return (*self.words, *reversed(self.spot.labels), *self.spot.section[-1:])


def kind_of(context: tuple[str, ...]) -> str:
    """Which tests a text speaks of: "functional", "benchmark", "core", or "test" where it does not say."""
    for text in context:
        for kind, pattern in _KINDS:
            if pattern.search(text):
                return kind
    return "test"


def figures(text: str, context: Context) -> Iterator[Claim]:
    """Every number of a text as a claim; one whose subject is not understood has the topic ``other``.

    Of a text with more than `MOST_FIGURES` none is read.
    """
    yield from _sums(text, context)
    yield from _fractions(text, context)
    left = _FRACTION.sub(_blot, _SUM.sub(_blot, masked(text)))
    every = list(islice(quantities(left, context.unit), MOST_FIGURES + 1))
    if len(every) > MOST_FIGURES:
        return
    begun = 0
    parts: list[Topic] = []
    for found in every:
        inside = _IN_PARENTHESES.match(text, found.end)
        claim = _claim(text, found, begun, inside, context)
        if parts and claim.quantity.unit == "1":
            claim = replace(claim, topic=parts.pop(0))
        elif "part" in claim.settings and _PARTS.match(text, found.end):
            # "0.014% (2.097M / 14770.034M)" shows what was divided by what.
            parts = ["trainable_parameters", "total_parameters"]
        yield claim
        begun = max(found.end, inside.end() if inside else 0)


def settled(context: Context) -> Mapping[str, float | str]:
    """What the surroundings of a text narrow its figures to; what is nearer overrules."""
    settings: dict[str, float | str] = {}
    for text in reversed(context.around):
        settings.update(narrowed(text))
        if text in context.spot.section[:1]:
            # A title names the project, not the model or the device of a figure.
            settings = {name: value for name, value in settings.items() if name not in ("model", "device")}
    return {**settings, **context.settings}


def _claim(text: str, found: Found, begun: int, inside: re.Match[str] | None, context: Context) -> Claim:
    topic, told = _topic(text, found, begun, (inside[1] if inside else ""), context)
    segment = text[begun : inside.end() if inside else found.end]
    of_line = {name: value for name, value in narrowed(text).items() if name != "split"}
    settings = {**settled(context), **of_line, **narrowed(segment), **told}
    settings.pop(topic, None)
    if topic in _TESTS:
        settings["kind"] = kind_of((segment, text, *context.around))
    quantity = found.quantity
    if found.bare_rate:
        quantity = replace(quantity, unit=_of_bare_rate(context.around))
    return Claim(
        place=context.place,
        section=context.spot.section,
        topic=topic,
        quantity=quantity,
        settings=settings,
        label=" / ".join(word for word in (*reversed(context.words), text[begun : found.start].strip(" :-")) if word),
        text=text,
        stated_as=_stated_as(text[: found.start], context),
    )


def _topic(
    text: str, found: Found, begun: int, inside: str, context: Context
) -> tuple[Topic, Mapping[str, float | str]]:
    unit = _of_bare_rate(context.around) if found.bare_rate else found.quantity.unit
    noun = noun_at(text, found.end) if unit == "1" else None
    if noun:
        return noun, {}
    term = _term(text, found, begun, inside, unit) or _outside(context, unit)
    if term is None:
        return _default(found, context, unit), {}
    if term.topic == "duration":
        return time_of((text, *context.around)), term.settings
    if term.topic == "loss":
        return _which_loss(text, found, context), term.settings
    return term.topic, term.settings


def _term(text: str, found: Found, begun: int, inside: str, unit: Unit) -> Term | None:
    """The word that names a number: in parentheses behind it, before it since the last number, behind, or before."""
    sentence = max((match.end() for match in _SENTENCE.finditer(text, 0, found.start)), default=0)
    begun = max(begun, sentence)
    near = text[found.end : found.end + (_NEAR_COUNT if unit == "1" else _NEAR)]
    return (
        _first(inside, unit)
        or _last(text[begun : found.start], unit)
        or _first(CLAUSES.split(near)[0], unit)
        or _last(text[sentence : found.start], unit)
    )


def _outside(context: Context, unit: Unit) -> Term | None:
    # A bare count can be anything: only what leads to its own line may name it.
    around = (*context.words, *reversed(context.spot.labels)) if unit == "1" else context.around
    return next((term for text in around if (term := _last(text, unit))), None)


def _first(text: str, unit: Unit) -> Term | None:
    return next((term for term in terms_in(text) if fits(term.topic, unit)), None)


def _last(text: str, unit: Unit) -> Term | None:
    fitting = [term for term in terms_in(text) if fits(term.topic, unit)]
    return max(fitting, key=lambda term: (term.end, term.end - term.start), default=None)


def _default(found: Found, context: Context, unit: Unit) -> Topic:
    if unit == "s":
        return time_of(context.around)
    if unit == "1" and found.suffixed:
        return "parameters"
    return BY_UNIT.get(unit, "other")


def _which_loss(text: str, found: Found, context: Context) -> Topic:
    before = text[: found.start]
    if _FROM.search(before):
        return "loss_initial"
    moved = _TO.search(before) and re.search("从|from", before)
    return "loss_final" if moved or re.search("最终|最后|final", before + "".join(context.words)) else "loss"


def _of_bare_rate(around: tuple[str, ...]) -> Unit:
    for text in around:
        term = next((term for term in terms_in(text) if term.topic in ("token_rate", "iteration_rate")), None)
        if term and not any(other.topic == "training_rate" for other in terms_in(text)):
            return "tokens/s" if term.topic == "token_rate" else "it/s"
    return "samples/s"


def _stated_as(before: str, context: Context) -> StatedAs:
    for text in (before, *context.around):
        if _ESTIMATED.search(text):
            return "estimated"
        if _DATASHEET.search(text):
            return "datasheet"
    # A figure that is advised has not been measured.
    return "estimated" if advice_in((before, *context.leading)) else "measured"


def _sums(text: str, context: Context) -> Iterator[Claim]:
    for found in _SUM.finditer(text):
        formula = found[0].replace("\u00d7", "*").replace("x", "*").replace("\u00f7", "/").replace(",", "")
        result = next(quantities(text[found.end() :]), None)
        if result:
            yield _counted(text, "sum", result.quantity, {"formula": formula}, context)


def _fractions(text: str, context: Context) -> Iterator[Claim]:
    for found in _FRACTION.finditer(text):
        settings = {"kind": kind_of((text, *context.around))}
        counts: tuple[tuple[Topic, str], ...] = (("tests_passed", found[1]), ("tests_total", found[2]))
        for topic, written in counts:
            count = Quantity(float(written), float(written), "1", found[0], approximate=False, step=1.0)
            yield _counted(text, topic, count, settings, context)


def _counted(
    text: str, topic: Topic, quantity: Quantity, settings: Mapping[str, float | str], context: Context
) -> Claim:
    known = {**settled(context), **settings}
    return Claim(
        place=context.place,
        section=context.spot.section,
        topic=topic,
        quantity=quantity,
        settings=known,
        label=" / ".join(reversed(context.words)),
        text=text,
        stated_as=_stated_as("", context),
    )


def _blot(found: re.Match[str]) -> str:
    return "\x00" * len(found[0])
