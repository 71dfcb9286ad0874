"""Runs the command inside of this process, and looks at what it left: streams, files, memory, time."""

import contextlib
import hashlib
import io
import os
import re
import resource
import signal
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from verify.cli import main
from verify.errors import Exit

# What nothing here comes near to: only what waits for ever is ended by it.
LONGEST_SECONDS = 20
# A report may have 16 MB, and takes several times as much while it is read.
MOST_BYTES = 400 * 1024 * 1024
# What reads /dev/zero to its end is stopped before the machine is.
HARD_LIMIT_BYTES = 2 * 1024**3
EXITS = frozenset(Exit)
# What a terminal obeys, what turns the direction of reading, and what nobody sees. Lines end, and that is all.
_OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")
# Locks, caches, and where a run of a user's own puts what it makes.
PASSED_OVER = frozenset({".lock", ".environments", "__pycache__", "adapters"})
_KILOBYTE = 1024 if sys.platform != "darwin" else 1


@dataclass(frozen=True, slots=True)
class Ended:
    """How the command ended, and what it wrote."""

    code: int
    out: bytes
    err: bytes

    @property
    def told(self) -> str:
        """What it wrote to stdout, as text."""
        return self.out.decode("utf-8", "replace")

    @property
    def said(self) -> list[str]:
        """The lines that it wrote to stderr."""
        return self.err.decode("utf-8", "replace").splitlines()


def ended(*words: str, encoding: str = "utf-8") -> Ended:
    """Run the command; a traceback, an endless wait and a gluttony are failures of the test.

    Args:
        words: The command line.
        encoding: Of both streams.
    """
    out, err = io.BytesIO(), io.BytesIO()
    before = _peak()
    with _in_time(words), _within(HARD_LIMIT_BYTES), _streams(out, err, encoding), _signals_kept():
        try:
            code = main.main(list(words))
        except SystemExit as stop:
            # argparse ends so, for a word that it does not know.
            code = int(stop.code or 0)
        sys.stdout.flush()
    grown = _peak() - before
    assert grown < MOST_BYTES, f"{words} took {grown:,} bytes more"
    assert code in EXITS, f"{words} ended with {code}"
    return Ended(code, out.getvalue(), err.getvalue())


def obeyed(text: str) -> set[str]:
    """The characters of a text that a terminal would obey, or that nobody would see."""
    return set(_OBEYED.findall(text))


def is_plain(end: Ended, *, exact: bool = False) -> None:
    """Require of an ending what holds of all: no character that is obeyed; an error is two lines, and the last.

    Args:
        end: How the command ended.
        exact: Whether stdout is the bytes of a report, which are none but those that were kept.
    """
    assert exact or obeyed(end.told) == set(), end
    assert obeyed(end.err.decode("utf-8", "replace")) == set(), end
    assert b"Traceback" not in end.err + end.out
    if any(line.startswith("error: ") for line in end.said):
        assert [line.partition(": ")[0] for line in end.said[-2:]] == ["error", "hint"], end.said
        assert sum(line.startswith("error: ") for line in end.said) == 1


def tree(folder: Path) -> dict[str, str]:
    """What lies in a folder and below, each with what tells whether it was touched.

    Nothing is followed, or opened that is no plain file.
    """
    found = {}
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in PASSED_OVER]
        for name in (*folders, *files):
            path = Path(place) / name
            if name not in PASSED_OVER:
                found[str(path.relative_to(folder))] = _state(path)
    return found


def _state(path: Path) -> str:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return f"link to {path.readlink()!a}"
    small = 1024 * 1024
    if stat.S_ISREG(status.st_mode) and status.st_size <= small:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    told = "" if stat.S_ISDIR(status.st_mode) else f" {status.st_size} {status.st_mtime_ns}"
    return f"{stat.filemode(status.st_mode)}{told}"


def _peak() -> int:
    """The most memory that this process ever had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KILOBYTE


@contextlib.contextmanager
def _in_time(words: tuple[str, ...]) -> Iterator[None]:
    def too_long(_number: int, _frame: FrameType | None) -> None:
        # No error that the command takes for one of its own.
        raise AssertionError(f"{words} waits for ever")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(LONGEST_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _within(limit: int) -> Iterator[None]:
    """Addresses for so many bytes more than this process has."""
    kept = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if sys.platform == "linux" else 0
    if pages:
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + limit, kept[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, kept)


@contextlib.contextmanager
def _streams(out: io.BytesIO, err: io.BytesIO, encoding: str) -> Iterator[None]:
    # Not redirect_stdout, whose stream would close the buffer when it is collected.
    kept = sys.stdout, sys.stderr
    streams = [io.TextIOWrapper(buffer, encoding=encoding, write_through=True) for buffer in (out, err)]
    sys.stdout, sys.stderr = streams
    try:
        yield
    finally:
        sys.stdout, sys.stderr = kept
        for stream in streams:
            stream.flush()
            stream.detach()


@contextlib.contextmanager
def _signals_kept() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
