"""Configurations that are compared, and where their names are used."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from verify.claims.capabilities import factor_of
from verify.claims.claim import Arm
from verify.claims.figures import Context
from verify.claims.naming import split_key
from verify.claims.narrowing import narrowed
from verify.claims.terms import terms_in

_CASE = re.IGNORECASE
_CONFIGURED = re.compile(r"配置|设置|config(?:uration)?|setup|settings", _CASE)
_NUMBERED = re.compile(r"^[\d.]+\s+")
_OF_TEST = re.compile(r"^\W*(?:测试|实验|test|experiment|case)\s*\d+\s*[:.)]?\s*(?P<name>.+)$", _CASE)
_MARK = re.compile(r"[^\w\s()/+.,:&'\"-]+|\b(?:PASSED|FAILED)\b")
_SIDE = r"([\w.]+)\s*\(([\w. ]+)\)"
_VERSUS = re.compile(rf"{_SIDE}\s*(?:vs\.?|versus|对比|和)\s*{_SIDE}", _CASE)


def arms(text: str, context: Context) -> Iterator[Arm]:
    """The configurations that a line tells of: by its parts, or two of them by what they differ in."""
    key, value = split_key(text)
    parts = [part.strip() for part in value.split("+")]
    if _CONFIGURED.fullmatch(key) and len(parts) > 1 and context.spot.section:
        yield Arm(context.place, name_of(context.spot.section[-1]), dict(factor_of(part) for part in parts))
    elif key and (versus := _VERSUS.search(value)):
        for value_of, name in ((versus[1], versus[2]), (versus[3], versus[4])):
            yield Arm(context.place, name, _named_factors(key, value_of, name))


def name_of(heading: str) -> str:
    """A heading's own name: without its number, its marks, what it calls itself, and what stands in parentheses."""
    text = _NUMBERED.sub("", heading)
    found = _OF_TEST.match(text)
    # What stands behind a mark is a remark: "Quantization ⚠️ limits of MPS".
    parts = [part for part in map(str.strip, _MARK.split(found["name"] if found else text)) if part]
    return _CONFIGURED.sub("", re.sub(r"\([^)]*\)", "", parts[0] if parts else "")).strip(" :")


def run_of(section: tuple[str, ...], names: frozenset[str]) -> str:
    """The arm, or the numbered test, that a section is of; "" where it is of neither."""
    for heading in reversed(section):
        inside = named_in(heading, names)
        if len(inside) == 1:
            return inside[0]
        if _OF_TEST.match(_NUMBERED.sub("", heading)):
            return name_of(heading)
    return ""


def named_in(text: str, names: frozenset[str]) -> list[str]:
    """The arms that a text names, in its order; of two that begin at one place, the longer first."""
    some, each = _patterns(names)
    if not names or not some.search(text):
        return []
    places = {name: found.start() for name, whole in each.items() if (found := whole.search(text))}
    return sorted(places, key=lambda name: (places[name], -len(name), name))


def test_number(heading: str) -> int | None:
    """The number of a heading such as ``Test 4: ...`` or ``4. ...``."""
    found = re.match(r"^\W*(?:(?:测试|实验|test|experiment|case)\s*)?(\d{1,6})(?:\s*[:.)]\s*|\s+)\D", heading, _CASE)
    return int(found[1]) if found else None


def _named_factors(key: str, value: str, name: str) -> dict[str, str]:
    device = narrowed(name).get("device")
    of_name = {"device": str(device)} if device else {"name": name}
    named = terms_in(key)
    return {named[0].topic if named else key.lower(): value, **of_name}


@lru_cache(maxsize=8)
def _patterns(names: frozenset[str]) -> tuple[re.Pattern[str], Mapping[str, re.Pattern[str]]]:
    """What finds any of the names, and what finds each; a file asks for them at each of its lines."""
    each = {name: re.compile(rf"(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])", _CASE) for name in names}
    return re.compile("|".join(map(re.escape, names)), _CASE), each
