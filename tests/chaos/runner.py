"""Runs a tiny suite as `verify run` does, with a clock that may be wrong, and says which report was kept.

The words are: the project, seconds that the clock is wrong by, and the most bytes that a file may have.
"""

import hashlib
import re
import resource
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import verify.cli.run as verb
from tests.chaos.writer import FORM
from verify.cli import main as command
from verify.probe.discover import find_checks
from verify.run.own import SUITE, Found

TINY = Path(__file__).with_name("suite")


def tiny(_: Sequence[Path] = ()) -> list[Found]:
    """The tiny suite, in the place of the one that takes an hour."""
    return [Found(check, SUITE) for check in find_checks([TINY]) if check.id.startswith("tiny.")]


def main(words: list[str]) -> int:
    """Run; its exit code."""
    root, wrong = Path(words[0]), timedelta(seconds=int(words[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(words[2]), resource.RLIM_INFINITY))
    vars(verb).update(every_check=tiny, now=lambda: (datetime.now(UTC) + wrong).strftime(FORM))
    with redirect_stdout(StringIO()) as told:
        code = command.main(["--root", str(root), "run", "--level", "quick", "--environment", "cpu"])
    for kept in re.findall(r"reports/cpu/[0-9TZa-f-]+\.json", told.getvalue()):
        print("kept", kept, hashlib.sha256((root / kept).read_bytes()).hexdigest(), flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
