"""Numbers in a text: ranges, bounds, separators, suffixes and units, English and Chinese."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from verify.claims.claim import Quantity
from verify.claims.units import Written, bare_rate_at, unit_at

# Longer ones are no measurement, and reading them costs time that grows with the square.
LONGEST_NUMBER = 40

_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d.]*\d)|\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?")
_SUFFIX = re.compile(r"\s?(?:[kKMBT](?![A-Za-z/])|[千万亿](?!\w*年))")
_SUFFIXES = {"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12, "千": 1e3, "万": 1e4, "亿": 1e8}
_BETWEEN = re.compile(r"\s*(?:-|~|\u2014|至|到|\bto\b)\s*")
_ABOUT = re.compile(r"(?:[~≈±]|约|大约|大概|about|approx\.?|approximately|around|roughly|circa)\s*$", re.IGNORECASE)
_BELOW = re.compile(
    r"(?:[<≤]=?|不到|少于|小于|低于|不超过|less than|fewer than|under|below|up to|at most)\s*$", re.IGNORECASE
)
_ABOVE = re.compile(r"(?:[>≥]=?|超过|大于|高于|至少|不少于|more than|over|above|at least)\s*$", re.IGNORECASE)
_FROM = re.compile(r"(?:从|\bfrom)\s*$", re.IGNORECASE)
_OPEN = re.compile(r"\s?(?:\+(?!\s*\d)|以上|or more\b)")
_MONEY = {"$": "USD", "¥": "CNY", "€": "EUR"}
_BARE = Written("1", 1)
_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Found:
    """A quantity, and where in the text it stands.

    Attributes:
        suffixed: It has a K, M, B, 万, ...: how parameters are given.
        bare_rate: It is a rate whose subject is left to the words around it: ``2,330/s``.
    """

    start: int
    end: int
    quantity: Quantity
    suffixed: bool = False
    bare_rate: bool = False


@dataclass(frozen=True, slots=True)
class _Read:
    end: int
    value: float
    step: float
    suffix: float
    written: Written | None
    bare_rate: bool


def quantities(text: str, unit: Written | None = None) -> Iterator[Found]:
    """The quantities in a text, in order.

    Args:
        text: What may hold them; names that hold digits must have been masked.
        unit: What a number without a unit is given in, where the column's head says so.
    """
    position = 0
    while number := _NUMBER.search(text, position):
        found = _quantity(text, number.start(), unit)
        if found:
            found = _with_smaller(text, found)
            yield found
        position = max(number.end(), found.end if found else 0)


def _with_smaller(text: str, found: Found) -> Found:
    """The time that goes on in a smaller unit: ``2h 13min``."""
    next_number = _NUMBER.match(text, _after_space(text, found.end))
    # Nobody goes on from seconds: "1.5 s 0.2 s" are two times.
    longer = found.quantity.unit == "s" and found.quantity.step >= _MINUTE
    smaller = _quantity(text, next_number.start(), None) if next_number and longer else None
    if smaller is None or smaller.quantity.unit != "s" or smaller.quantity.step >= found.quantity.step:
        return found
    whole = replace(
        found.quantity,
        low=found.quantity.low + smaller.quantity.low,
        high=found.quantity.high + smaller.quantity.high,
        text=found.quantity.text + text[found.end : smaller.end],
        step=smaller.quantity.step,
    )
    return _with_smaller(text, replace(found, end=smaller.end, quantity=whole))


def _quantity(text: str, start: int, unit: Written | None) -> Found | None:
    first = _read(text, start)
    if first is None:
        return None
    # "From 8.1 to 7.4" is a movement, not a range.
    between = None if _FROM.search(text[max(0, start - 16) : start]) else _BETWEEN.match(text, first.end)
    second = _read(text, between.end()) if between else None
    if second is not None and (second.value <= 0 or (first.written is not None and second.written is None)):
        second = None
    return _joined(text, start, first, second, unit)


def _joined(text: str, start: int, first: _Read, second: _Read | None, unit: Written | None) -> Found:
    last = second or first
    # Of "2.5-4x" and "1-3B" the first number has the second's unit and suffix.
    written = first.written or last.written or unit or _BARE
    begin = _sign(text, start)
    suffix = first.suffix if first.suffix != 1 else last.suffix
    low = first.value * suffix * written.worth * (-1 if begin < start else 1)
    end_written = last.written or written
    high = low if second is None else second.value * second.suffix * end_written.worth
    step = max(first.step * suffix * written.worth, last.step * last.suffix * end_written.worth)
    end = last.end
    before = text[max(0, begin - 16) : begin]
    if second is None:
        if _BELOW.search(before):
            low = 0.0
        elif _ABOVE.search(before):
            high = math.inf
    if opened := _OPEN.match(text, end):
        high, end = math.inf, opened.end()
        if at := unit_at(text, _after_space(text, end)):
            # "500+ samples/s": the unit follows the plus.
            end, scaled = at
            low, step, written = low * scaled.worth, step * scaled.worth, scaled
    money = _MONEY.get(before.strip()[-1:])
    quantity = Quantity(
        low=_tidy(min(low, high)),
        high=_tidy(max(low, high)),
        unit=written.unit if money is None else money,  # type: ignore[arg-type]
        text=text[_bound(before, begin) : end],
        approximate=bool(_ABOUT.search(before)),
        step=_tidy(step),
    )
    return Found(begin, end, quantity, last.suffix != 1 or first.suffix != 1, last.bare_rate)


def _read(text: str, start: int) -> _Read | None:
    number = _NUMBER.match(text, start)
    if number is None or len(number[0]) > LONGEST_NUMBER:
        return None
    digits = number[0].replace(",", "")
    value = float(digits)
    if not math.isfinite(value):
        return None
    exponent = Decimal(digits).as_tuple().exponent
    end, suffix = number.end(), 1.0
    if marked := _SUFFIX.match(text, end):
        suffix, end = _SUFFIXES[marked[0].strip()], marked.end()
    at = unit_at(text, _after_space(text, end))
    if at:
        return _Read(at[0], value, 10.0 ** int(exponent), suffix, at[1], bare_rate=False)
    bare = bare_rate_at(text, _after_space(text, end))
    return _Read(bare or end, value, 10.0 ** int(exponent), suffix, None, bare_rate=bare is not None)


def _bound(before: str, begin: int) -> int:
    """Where the words begin that make the number approximate or a bound."""
    marks = [found for mark in (_ABOUT, _BELOW, _ABOVE) if (found := mark.search(before))]
    return begin - len(before) + min((mark.start() for mark in marks), default=len(before))


def _sign(text: str, start: int) -> int:
    """Where the number begins: a minus belongs to it where no word or number stands before."""
    if start and text[start - 1] == "-" and (start == 1 or text[start - 2] in " ([|:="):
        return start - 1
    return start


def _after_space(text: str, position: int) -> int:
    return position + 1 if text[position : position + 1] in (" ", "\u00a0", "-") else position


def _tidy(number: float) -> float:
    """The number without the dust of multiplying by a decimal prefix."""
    return float(f"{number:.15g}")
