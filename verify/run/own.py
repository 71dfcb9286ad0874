"""All checks that can be asked: the suite's, those of installed distributions, and a user's own.

What is not the suite's is found by a process of its own: what its files do when imported stays there.
"""

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verify.errors import UsageError
from verify.probe.check import Check, Terms
from verify.probe.discover import find_checks
from verify.run.distributions import brought, refused

TIMEOUT_SECONDS = 30.0
HINT = "mend that file, or leave its folder out of --checks"
SUITE = "the suite"


@dataclass(frozen=True, slots=True)
class Found:
    """A check, and where it is from.

    Attributes:
        check: The question.
        origin: The suite, a distribution with its version, or the file.
    """

    check: Check
    origin: str


def every_check(places: Sequence[Path] = ()) -> list[Found]:
    """The checks of the suite, of the installed distributions, and of a user's own files and folders.

    Raises:
        UsageError: A file cannot be imported, or says nothing in time; a distribution brings none; or two checks
            share an id.
    """
    found: dict[str, Found] = {}
    for item in _all(places):
        if item.check.id in found:
            taken = found[item.check.id].origin
            raise UsageError(f"{item.origin}: {item.check.id} is already a check of {taken}", "give yours another name")
        found[item.check.id] = item
    return list(found.values())


def _all(places: Sequence[Path]) -> Iterator[Found]:
    yield from (Found(check, SUITE) for check in find_checks())
    for distribution in brought():
        checks, problem = _listed(distribution.places)
        if problem:
            raise refused(distribution.distribution, problem)
        if not checks:
            where = ", ".join(map(str, distribution.places))
            raise refused(distribution.distribution, f"it brings no check: there is none in {where}")
        yield from (Found(check, distribution.distribution) for check in checks)
    checks, problem = _listed(places) if places else ([], None)
    if problem:
        raise UsageError(problem, HINT)
    yield from (Found(check, check.source) for check in checks)


def _listed(places: Sequence[Path]) -> tuple[list[Check], str | None]:
    """The checks that the files define, or what is wrong with them."""
    # Only where there are any: `verify checks` answers in a tenth of a second without the supervisor's libraries.
    from verify.run.child import Children, program, supervise
    from verify.run.supervise import LAUNCH

    with tempfile.TemporaryDirectory(prefix="verify-") as name:
        here = Path(name)
        request = {"ask": "checks", "places": [str(place.absolute()) for place in places]}
        (here / "request.json").write_text(json.dumps({**request, "answer": str(here / "answer.json")}))
        words = [sys.executable, "-P", str(LAUNCH), str(here / "request.json")]
        start = program(words, environment={}, cwd=here)
        ending = supervise(start, timeout_seconds=TIMEOUT_SECONDS, children=Children())
        if ending.code or not (here / "answer.json").exists():
            last = (ending.log.strip().splitlines() or ["it ended without a word"])[-1]
            return [], f"{', '.join(map(str, places))}: a file of checks ended its process: {last}"
        answer = json.loads((here / "answer.json").read_bytes())
    return [_check(found) for found in answer["checks"]], answer["problem"]


def _check(found: dict[str, Any]) -> Check:
    terms = found.pop("terms")
    lists = {name: tuple(terms[name]) for name in ("needs", "devices")}
    return Check(**found, terms=Terms(**{**terms, **lists}))
