"""The index over the history, brought up to date before a question."""

import shutil
import sys
import time
from pathlib import Path

from verify.cli.progress import duration
from verify.language.speech import say
from verify.language.width import cut
from verify.report.index import FILE, refresh
from verify.spec.builds import state_directory

# What takes no longer than that needs no progress.
QUIET_SECONDS = 2.0
EVERY_SECONDS = 1.0


def fresh_index(root: Path) -> Path:
    """The index of a project's history, up to date; how far it is goes to stderr.

    Raises:
        IntegrityError: A report was changed.
        StorageError: A report cannot be read, or the index not be written.
    """
    index = state_directory(root) / FILE
    began = said = time.monotonic()
    phases: dict[str, float] = {}

    def tell(what: str, done: int, count: int) -> None:
        nonlocal said
        now = time.monotonic()
        since = phases.setdefault(what, now)
        if now - began > QUIET_SECONDS and now - said > EVERY_SECONDS:
            said = now
            left = duration((now - since) / done * (count - done))
            _say(say("{} reports: {} of {}, about {} left", what, f"{done:,}", f"{count:,}", left))

    came = refresh(root, index, tell)
    if said > began:
        _say(say("read {} reports in {}", f"{came.read:,}", duration(time.monotonic() - began)) + "\n")
    return index


def _say(line: str) -> None:
    """One line that is written over in a terminal, and stands for itself elsewhere."""
    live = sys.stderr.isatty()
    start = "\r\x1b[K" if live else ""
    ending = "" if live or line.endswith("\n") else "\n"
    print(start + cut(line, shutil.get_terminal_size().columns), end=ending, file=sys.stderr, flush=True)
