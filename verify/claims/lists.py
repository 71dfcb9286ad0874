"""Enumerations that counts can be held against: tests by their headings, layers of a network, counted items."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from verify.claims.arms import name_of, test_number
from verify.claims.blocks import Line
from verify.claims.capabilities import capabilities_in
from verify.claims.claim import Claim, Enumeration, Heading, Listed, Place, Quantity
from verify.claims.figures import Context, kind_of
from verify.claims.phrases import mark_in, says_every

_OF_TESTS = re.compile(r"测试|基准|benchmark|\btests?\b|experiment|实验", re.IGNORECASE)
_TEST = re.compile(r"^\W*(?:测试|实验|test|experiment|case)\s*\d+", re.IGNORECASE)
_LAYER = re.compile(
    r"^[-*\s]*(?P<name>[A-Za-z\u4e00-\u9fff][^:]{0,40}):\s*(\d{1,9})\s*(?:\u2192|->|=>)\s*(\d{1,9})\b(.*)$"
)
_LAYERS = re.compile(r"(\d{1,4})\s*-?\s*(?:层|layers?)", re.IGNORECASE)
_LISTED = re.compile(r"(?:所有|全部|\ball\b)([^()]{0,40}?)\(([^()]*)\)", re.IGNORECASE)
_SEPARATORS = re.compile(r"[、,/]|\band\b|\s和\s")
_NUMERALS = {"一": 1, "两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10} | {
    word: number
    for number, word in enumerate(("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), 1)
}
_COUNTED = re.compile(
    r"([一两二三四五六七八九十]|\d{1,3})\s*(?:个|项|种|条|大)|\b(\d{1,3}|"
    + "|".join(word for word in _NUMERALS if word.isascii())
    + r")\s+(?:\w+\s+)?\w+s\b",
    re.IGNORECASE,
)


def by_headings(headings: Sequence[Heading]) -> Iterator[Enumeration]:
    """Numbered headings below one that is of tests, or that are numbered tests themselves."""
    below: dict[tuple[str, ...], list[Heading]] = defaultdict(list)
    for heading in headings:
        below[heading.section].append(heading)
    for section, together in below.items():
        tests = [heading for heading in together if _TEST.match(heading.text)]
        numbered = tests or [heading for heading in together if test_number(heading.text) is not None]
        if tests or (len(section) > 1 and _OF_TESTS.search(section[-1])):
            yield from _of_headings(section, numbered)


def layers(lines: Sequence[tuple[int, str]], context: Context) -> Iterator[Enumeration | Claim]:
    """A network written as lines such as ``Layer 1: 128 -> 256``, and the classes that its output tells apart."""
    found = [(line, match) for line, text in lines if (match := _LAYER.match(text))]
    if len(found) < 2:  # noqa: PLR2004 - one arrow is no list
        return
    items = tuple(
        Listed(Place(context.file, line), match["name"].strip(), None, None, shape=(int(match[2]), int(match[3])))
        for line, match in found
    )
    stated = next((int(told[1]) for text in context.around if (told := _LAYERS.search(text))), None)
    yield Enumeration(context.place, context.spot.section, "layers", stated, items)
    line, last = found[-1]
    if re.search("输出|output|classifier|分类", last[0], re.IGNORECASE):
        classes = Quantity(float(last[3]), float(last[3]), "1", last[3], approximate=False, step=1.0)
        place = Place(context.file, line)
        yield Claim(
            place, context.spot.section, "classes", classes, context.settings, last["name"].strip(), last[0].strip()
        )


def modules(text: str, context: Context) -> Iterator[Enumeration]:
    """What a line lists in parentheses as all there are: ``all modules (A, B, C)``."""
    for found in _LISTED.finditer(text):
        names = [name.strip() for name in _SEPARATORS.split(found[2]) if name.strip()]
        if len(names) > 1:
            items = tuple(_listed(name, context.place) for name in names)
            yield Enumeration(context.place, context.spot.section, "modules", None, items, every=says_every(found[0]))


def counted(lines: Sequence[Line], context: Context) -> Iterator[Enumeration]:
    """Lists whose label says how many items follow: ``three experiments:``."""
    below: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Line]] = defaultdict(list)
    for line in lines:
        if line.item and line.spot.labels:
            below[line.spot.section, line.spot.labels].append(line)
    for (section, labels), items in below.items():
        told = _COUNTED.search(labels[-1])
        if told:
            word = (told[1] or told[2]).lower()
            places = tuple(_listed(item.text, Place(context.file, item.spot.line)) for item in items)
            yield Enumeration(places[0].place, section, "items", _NUMERALS.get(word) or int(word), places)


def _of_headings(section: tuple[str, ...], headings: Sequence[Heading]) -> Iterator[Enumeration]:
    if len(headings) > 1:
        items = tuple(
            Listed(
                place=heading.place,
                name=name_of(heading.text),
                passed=heading.mark,
                number=test_number(heading.text),
                about=next(iter(capabilities_in(name_of(heading.text))), ""),
            )
            for heading in headings
        )
        yield Enumeration(headings[0].place, section, kind_of(section[::-1]), None, items)


def _listed(name: str, place: Place) -> Listed:
    return Listed(place, name, mark_in(name), None, about=next(iter(capabilities_in(name)), ""))
