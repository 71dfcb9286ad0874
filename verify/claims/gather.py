"""Putting what was read together: settings that a section shares, and every line accounted for."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from verify.claims.claim import (
    Arm,
    Claim,
    Document,
    Enumeration,
    Heading,
    Logged,
    Machine,
    Moment,
    Named,
    Pinned,
    Place,
    Snippet,
    Statement,
    Topic,
    Unread,
)
from verify.claims.narrowing import narrowed
from verify.claims.terms import CONFIGURED

Item = Claim | Statement | Enumeration | Logged | Pinned | Machine | Snippet | Moment | Arm | Heading | Named

# What a section says once holds for each of its figures.
_SHARED: tuple[Topic, ...] = ("batch", "steps", "epochs", "layers", "hidden", "samples", "sequence_length")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]+")


def gathered(file: str, lines: tuple[str, ...], items: Iterable[Item], structure: frozenset[int]) -> Document:
    """The document that these items make; what no item and no structure accounts for is unread.

    Args:
        file: Its name.
        lines: The text.
        items: What was read, in any order.
        structure: Lines that say nothing by themselves.
    """
    told = sorted(with_neighbours(list(items)), key=lambda item: item.place.line)
    headings = tuple(item for item in told if isinstance(item, Heading))
    read = {line for item in told for line in _lines_of(item)} | structure
    unread = (number for number, text in enumerate(lines, 1) if text.strip() and number not in read)
    return Document(
        file=file,
        title=headings[0].text if headings else next((text.strip() for text in lines if text.strip()), ""),
        language=_language(lines),
        claims=tuple(item for item in told if isinstance(item, Claim)),
        statements=tuple(item for item in told if isinstance(item, Statement)),
        enumerations=tuple(item for item in told if isinstance(item, Enumeration)),
        logged=tuple(item for item in told if isinstance(item, Logged)),
        pinned=tuple(item for item in told if isinstance(item, Pinned)),
        machines=tuple(item for item in told if isinstance(item, Machine)),
        snippets=tuple(item for item in told if isinstance(item, Snippet)),
        moments=tuple(item for item in told if isinstance(item, Moment)),
        arms=tuple(item for item in told if isinstance(item, Arm)),
        headings=headings,
        named=tuple(item for item in told if isinstance(item, Named)),
        unread=tuple(Unread(Place(file, number), lines[number - 1].strip()) for number in unread),
        structure=tuple(sorted(structure)),
        lines=lines,
    )


def with_neighbours(items: Sequence[Item]) -> list[Item]:
    """The items, where each claim has the settings that its section names once, and no more than once."""
    shared = _shared(items)
    return [
        replace(item, settings={**_without(shared[item.section], item), **item.settings})
        if isinstance(item, Claim)
        else item
        for item in items
    ]


def _shared(items: Iterable[Item]) -> Mapping[tuple[str, ...], dict[str, float | str]]:
    told: dict[tuple[str, ...], dict[str, set[float | str]]] = defaultdict(lambda: defaultdict(set))
    # "26,908 samples/s (batch 32)" says the batch of its own line only.
    busy = {item.place.line for item in items if isinstance(item, Claim) and item.topic not in CONFIGURED}
    for item in items:
        if isinstance(item, Claim) and item.topic in _SHARED and item.place.line not in busy and _single(item):
            told[item.section][item.topic].add(item.quantity.low)
        elif isinstance(item, Named) and item.what == "model" and "model" in (names := narrowed(item.value)):
            told[item.section]["model"].add(names["model"])
    once: dict[tuple[str, ...], dict[str, float | str]] = defaultdict(dict)
    for section, values in told.items():
        once[section] = {name: next(iter(found)) for name, found in values.items() if len(found) == 1}
    return once


def _single(claim: Claim) -> bool:
    return claim.quantity.low == claim.quantity.high


def _without(settings: Mapping[str, float | str], claim: Claim) -> dict[str, float | str]:
    return {name: value for name, value in settings.items() if name != claim.topic}


def _lines_of(item: Item) -> Iterable[int]:
    match item:
        case Claim(topic="other"):
            return ()
        case Snippet(language=""):
            return ()
        case Snippet():
            return range(item.place.line, item.place.line + item.code.count("\n") + 1)
        case Enumeration():
            return (item.place.line, *(listed.place.line for listed in item.items))
        case _:
            return (item.place.line,)


def _language(lines: Sequence[str]) -> Literal["zh", "en"]:
    text = "\n".join(lines)
    return "zh" if len(_HAN.findall(text)) > len(_LATIN.findall(text)) // 2 else "en"
