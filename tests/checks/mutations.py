"""Put every fault into the environment that was set up last, and write down what the checks said: docs/mutations.md."""

import itertools
import os
import re
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.checks.cases import Case, answers_to, every_case
from verify.spec.builds import environments_directory
from verify.spec.interpreter import interpreter_of

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "mutations.md"
TOGETHER = 2
MOST_WORDS = 110
# Where something lay is another place each time.
PLACE = re.compile(r"(?<![\w.])/[^\s'\",;:)]+")

ABOVE = """# What makes each check fail

A check that nothing can break proves nothing. Here each one was asked while a fault was put into the framework
under it: an optimiser that does nothing, a gradient that is a hundredth too large, a tokenizer that is empty.
`./noxw -s mutations` writes this page from what the checks said in the environment that is set up; the tests demand
the same of each fault, and at least one fault of each check. Devices are those of the machine at hand: what is
broken here is the framework, never a GPU.

{killed} of {all} faults were seen, {checks} checks, environment `{environment}`.

| check | the fault | outcome | in the check's words |
|---|---|---|---|
"""


def main() -> int:
    """Write the table; 1 when a fault survived."""
    interpreter = interpreter_of(ROOT, None, environ=os.environ)
    cache = environments_directory(ROOT) / "cache"
    cases, start = list(every_case()), time.monotonic()
    groups = [list(group) for _, group in itertools.groupby(cases, key=lambda case: case.file)]
    told: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(TOGETHER) as pool:

        def answers(group: Sequence[Case]) -> dict[str, Any]:
            variables = dict(interpreter.environment_variables)
            return answers_to(group, python=interpreter.python, variables=variables, cache=cache, scratch=Path(scratch))

        for group, found in zip(groups, pool.map(answers, groups), strict=True):
            told.update({name_of(case): found[case.fault] for case in group})
            left = (time.monotonic() - start) / len(told) * (len(cases) - len(told))
            print(f"{len(told)} of {len(cases)} faults, about {left:.0f} s left", file=sys.stderr, flush=True)
    TABLE.write_text(page(cases, told, interpreter.environment), encoding="utf-8")
    survivors = [case for case in cases if not case.is_seen_in(told[name_of(case)])]
    for case in survivors:
        print(f"survived: {name_of(case)}: {told[name_of(case)]}", file=sys.stderr)
    print(f"{len(cases) - len(survivors)} of {len(cases)} faults were seen; {TABLE.relative_to(ROOT)}")
    return 1 if survivors else 0


def name_of(case: Case) -> str:
    """One fault, among those of all files."""
    return f"{case.file.stem}.{case.fault}"


def page(cases: Sequence[Case], told: Mapping[str, Any], environment: str) -> str:
    """The table, in Markdown, by check."""
    killed = sum(case.is_seen_in(told[name_of(case)]) for case in cases)
    checks = len({case.check for case in cases})
    rows = [row(case, told[name_of(case)]) for case in sorted(cases, key=lambda case: (case.check, case.fault))]
    above = ABOVE.format(killed=killed, all=len(cases), checks=checks, environment=environment)
    return above + "\n".join(rows) + "\n"


def row(case: Case, answer: Mapping[str, Any]) -> str:
    """One fault and what came of it."""
    device = f" on {case.device}" if case.device else ""
    outcome = answer["outcome"] if case.is_seen_in(answer) else f"**survived** ({answer['outcome']})"
    return f"| `{case.check}`{device} | {case.fault.replace('_', ' ')} | {outcome} | {quoted(answer['reason'] or '')} |"


def quoted(reason: str) -> str:
    """A reason in one cell: without places, and cut where it is long."""
    words = PLACE.sub("…", " ".join(reason.split())).replace("|", "\\|")
    return words if len(words) <= MOST_WORDS else f"{words[:MOST_WORDS].rstrip()} …"


if __name__ == "__main__":
    sys.exit(main())
