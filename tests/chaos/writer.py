"""Appends some reports to a history, one after the other, and says of each that it was kept once it was.

The words are: the project, how many, the first number, the machine, seconds that the clock is wrong by, and the most
bytes that a file may have.
"""

import hashlib
import resource
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import verify
from tests import examples
from verify.errors import VerifyError
from verify.render import markdown
from verify.report import history
from verify.report.versions import AnyReport
from verify.run.assemble import sources_digest

# The page beside a report is held against it by the code that made both.
SUITE = {"version": verify.__version__, "digest": sources_digest(Path(verify.__file__).parent)}
FORM = "%Y-%m-%dT%H:%M:%SZ"


def report(number: int, machine: str, wrong: int) -> AnyReport:
    """A small report of a machine whose clock is wrong by so many seconds."""
    now = datetime.now(UTC) + timedelta(seconds=wrong)
    begun, ended = now.strftime(FORM), (now + timedelta(seconds=1)).strftime(FORM)
    results, id_ = examples.results()[:1], f"{number:012x}"
    draft = examples.draft(results=results, id=id_, machine=machine, suite=SUITE, created=begun, finished=ended)
    return examples.with_verdict(draft)


def main(words: list[str]) -> int:
    """Append; the exit code of the first that was refused."""
    root, most = Path(words[0]), int(words[5])
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
    for number in range(int(words[1])):
        made = report(int(words[2]) + number, words[3], int(words[4]))
        try:
            path = history.append(root, made, render=markdown.render, audit=lambda _: [])
        except VerifyError as error:
            # What is said of it goes to a file too.
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            print(f"error: {error.message}\nhint: {error.hint}", file=sys.stderr)
            return error.exit
        print("kept", path.relative_to(root), hashlib.sha256(path.read_bytes()).hexdigest(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
