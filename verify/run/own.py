"""A user's own checks, found by a process of their own: what their files do when imported stays there."""

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from verify.errors import UsageError
from verify.probe.check import Check, Terms
from verify.run.child import Children, supervise
from verify.run.supervise import LAUNCH

TIMEOUT_SECONDS = 30.0


def own_checks(folders: Sequence[Path]) -> list[Check]:
    """The checks that the folders' files define.

    Raises:
        UsageError: A file cannot be imported, or says nothing in time; or two checks share an id.
    """
    with tempfile.TemporaryDirectory(prefix="verify-") as name:
        here = Path(name)
        request = {"ask": "checks", "folders": [str(folder.absolute()) for folder in folders]}
        (here / "request.json").write_text(json.dumps({**request, "answer": str(here / "answer.json")}))
        words = [sys.executable, "-P", str(LAUNCH), str(here / "request.json")]
        ending = supervise(words, environment={}, cwd=here, timeout_seconds=TIMEOUT_SECONDS, children=Children())
        if ending.code or not (here / "answer.json").exists():
            last = (ending.log.strip().splitlines() or ["it ended without a word"])[-1]
            raise _refused(f"{', '.join(map(str, folders))}: a file of checks ended its process: {last}")
        answer = json.loads((here / "answer.json").read_bytes())
    if answer["problem"]:
        raise _refused(answer["problem"])
    return [_check(found) for found in answer["checks"]]


def _check(found: dict[str, Any]) -> Check:
    terms = found.pop("terms")
    lists = {name: tuple(terms[name]) for name in ("needs", "devices")}
    return Check(**found, terms=Terms(**{**terms, **lists}))


def _refused(what: str) -> UsageError:
    return UsageError(what, "mend that file, or leave its folder out of --checks")
