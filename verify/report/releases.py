"""Releases of packages, and ranges of them such as ``>=2.9,<2.12``."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from verify.probe.package_name import normalised

_BOUND = r"(<=|>=|==|<|>)\s*[0-9]+(\.[0-9]+)*"

Range = Annotated[str, Field(pattern=rf"^\s*{_BOUND}(\s*,\s*{_BOUND})*\s*$")]


def within(version: str, span: str) -> bool:
    """Whether a release lies in a range such as ``>=2.9,<2.12``. Pre-releases count as their release."""
    return all(_holds(version, bound.strip()) for bound in span.split(","))


def all_within(versions: Mapping[str, str], spans: Mapping[str, str]) -> bool:
    """Whether all of these packages are there, each in its range; their names are compared as indexes do."""
    known = {normalised(name): version for name, version in versions.items()}
    return all(normalised(name) in known and within(known[normalised(name)], span) for name, span in spans.items())


def _holds(version: str, bound: str) -> bool:
    comparison = bound.rstrip("0123456789. ")
    left, right = _release(version), _release(bound[len(comparison) :])
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right, "==": left == right}[
        comparison
    ]


def _release(version: str) -> tuple[int, ...]:
    found = re.match(r"\s*v?([0-9]+(?:\.[0-9]+)*)", version)
    numbers = [int(part) for part in found[1].split(".")] if found else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
