"""Change the code that judges and reports at random places, and count what the tests notice: docs/mutation-score.md.

mutmut is in an environment of its own, and works in a copy of the project: ./noxw -s mutants -- --minutes 20
"""

import argparse
import os
import random
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from tests.mutants.score import PAGE, ROOT, Draw, change_of, equivalents, page

# Of a start of mutmut, most is spent on reading the tests; of too many together, the time is up long before their end.
TOGETHER: Final = 100
# No test needs them: places of tools, and what these left.
LEFT_OUT: Final = (".*", "__pycache__", "build", "dist")
# What is shown of a program that failed: pytest tells at the end what it was.
SHOWN: Final = 4000
LISTED: Final = re.compile(r"^ +(\S+): (.+)$", re.MULTILINE)


def main() -> None:
    """Draw until the time is up, write the page, and name what nobody noticed and is not known to be the same."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0, help="how long to draw (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="draws the same again")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="mutants-") as scratch:
        copy = Path(scratch) / "project"
        shutil.copytree(ROOT, copy, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT))
        asked(copy, sys.executable, "-m", "tests.mutants.generate")
        draw = drawn(partial(mutmut, copy), arguments.seed, time.monotonic() + 60 * arguments.minutes)
    known = equivalents()
    PAGE.write_text(page(draw, known), encoding="utf-8")
    for change in draw.survivors:
        if change not in known:
            print(f"not noticed: {change.file} {change.function}: {change.before} -> {change.after}")


def drawn(ask: Callable[..., str], seed: int, until: float) -> Draw:
    """Draw mutants and run what reaches them, some at a time, until a moment of the monotonic clock.

    Args:
        ask: Gives words to mutmut, and returns what it prints.
        seed: What the draw begins with: the same mutants in the same order for the same code.
        until: When no more are begun; the first are run in any case.
    """
    names = sorted(fates(ask))
    order, told = random.Random(seed).sample(names, len(names)), dict[str, str]()
    while order and (not told or time.monotonic() < until):
        some, order = order[:TOGETHER], order[TOGETHER:]
        ask("run", "--max-children=1", *some)
        found = fates(ask)
        told |= {name: found[name] for name in some}
        print(f"{len(told)} of {len(names)} drawn, {list(told.values()).count('survived')} survived", flush=True)
    return Draw(
        seed=seed,
        date=datetime.now(UTC).date().isoformat(),
        version=ask("--version").split()[-1],
        mutants=len(names),
        files=len({name.rpartition(".")[0] for name in names}),
        fates=told,
        survivors=tuple(change_of(name, ask("show", name)) for name, fate in told.items() if fate == "survived"),
    )


def fates(ask: Callable[..., str]) -> Mapping[str, str]:
    """What became of each mutant so far, in mutmut's words."""
    return dict(LISTED.findall(ask("results", "--all", "true")))


def mutmut(copy: Path, *words: str) -> str:
    """Ask mutmut."""
    return asked(copy, str(Path(sys.executable).with_name("mutmut")), *words)


def asked(copy: Path, *words: str) -> str:
    """Start a program in the copy, where nothing of the project itself is found, and return what it says.

    Raises:
        SystemExit: When it fails, with what it said.
    """
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ended = subprocess.run(words, cwd=copy, env=environ, capture_output=True, text=True, check=False)
    if ended.returncode:
        said = (ended.stdout + ended.stderr)[-SHOWN:]
        raise SystemExit(f"{' '.join(words[:3])} ended with {ended.returncode}: {said}")
    return ended.stdout


if __name__ == "__main__":
    main()
