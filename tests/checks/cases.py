"""The faults that are put into frameworks, and what the checks say to them."""

import functools
import importlib.util
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FAULTS = Path(__file__).resolve().parent / "faults"
DRIVER = FAULTS / "driver.py"
# For all the faults of one file, one after the other.
LONGEST_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Case:
    """One fault.

    Attributes:
        file: Where it is defined.
        fault: The name of its context manager.
        check: Id of the check that it must make fail, without device.
        device: Where that check is asked; empty for none.
        words: What the reason of the failure must contain.
    """

    file: Path
    fault: str
    check: str
    device: str
    words: str

    def is_seen_in(self, answer: Mapping[str, Any]) -> bool:
        """Whether the check failed, and for this reason."""
        return answer["outcome"] == "failed" and self.words in answer["reason"]


def every_case() -> Iterator[Case]:
    """All faults, by file."""
    for file in sorted(FAULTS.glob("*.py")):
        if file != DRIVER:
            yield from cases_of(file)


@functools.cache
def cases_of(file: Path) -> tuple[Case, ...]:
    """The faults that one file lists."""
    spec = importlib.util.spec_from_file_location(f"{file.stem}_faults", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return tuple(
        Case(file, fault, check.partition("/")[2], device, words) for fault, check, device, words in module.CASES
    )


def answers_to(
    cases: Sequence[Case], *, python: Path, variables: Mapping[str, str], cache: Path, scratch: Path
) -> dict[str, Any]:
    """What the checks say to the faults of one file, tried in one process; by the name of the fault."""
    (file,) = {case.file for case in cases}
    found = scratch / f"{file.stem}.json"
    words = [python, "-P", DRIVER, file, ",".join(case.fault for case in cases), cache, found]
    ended = subprocess.run(
        list(map(str, words)), env=variables, check=False, capture_output=True, text=True, timeout=LONGEST_SECONDS
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    told: dict[str, Any] = json.loads(found.read_text(encoding="utf-8"))
    return told
