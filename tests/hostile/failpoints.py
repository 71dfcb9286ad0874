"""Lets one call of the kernel fail, or be the last, in a copy of this process: strace can tamper with calls.

What is asked runs in a fork, so that nothing but itself is counted: modules are loaded already.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from verify.errors import Exit, VerifyError

# What changes what lies on a disk, or promises that it lies there.
CALLS = (
    *("openat", "write", "pwrite64", "fsync", "fdatasync", "rename", "renameat", "renameat2", "link", "linkat"),
    *("unlink", "unlinkat", "rmdir", "mkdir", "mkdirat", "symlink", "symlinkat", "ftruncate"),
)
# What disks and systems answer, in turn: full, broken, read-only, another device, over quota.
ERRORS = ("ENOSPC", "EIO", "EROFS", "EXDEV", "EDQUOT")
# What a process of ours ends with by itself, whatever happens: the exit codes are all below.
TRACEBACK = 99
LONGEST_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the kernel.

    Attributes:
        name: Which.
        number: The how manieth of its name it is, from 1.
        reads: Whether it opens something that is only read.
        arguments: As strace writes them, with the path of each descriptor.
    """

    name: str
    number: int
    reads: bool
    arguments: str


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one try.

    Attributes:
        code: The exit code; negative for the signal that ended it.
        said: What it wrote to stderr.
        calls: Which calls it made, in order.
    """

    code: int
    said: str
    calls: tuple["Call", ...]


def require_strace() -> None:
    """Skip the test where strace is missing, or may not look into processes."""
    if sys.platform != "linux" or not shutil.which("strace"):
        pytest.skip("needs strace, which tampers with calls of the kernel")
    probe = subprocess.run(["strace", "-qq", "-e", "trace=none", "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("strace may not look into processes here")


def tried(ask: Callable[[], int], log: Path, tamper: str | None = None) -> Tried:
    """Ask something in a fork of this process, with one call tampered with.

    Args:
        ask: What ends with an exit code.
        log: Where the streams and the calls are written, and nothing else.
        tamper: What strace does to which call: ``fsync:error=EIO:when=2``, ``rename:signal=KILL:when=1``.
    """
    log.mkdir(exist_ok=True)
    child = os.fork()
    if child == 0:
        _run(ask, log)
    os.waitpid(child, os.WUNTRACED)
    with traced(child, log / "calls", tamper):
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return Tried(status, (log / "err").read_text(errors="replace"), calls_in(log / "calls"))


@contextmanager
def traced(child: int, calls: Path, tamper: str | None) -> Iterator[None]:
    """Have a process that stopped itself go on under strace, to its end.

    Args:
        child: Its number.
        calls: The file that its calls are written to.
        tamper: What strace does to which call.
    """
    words = ["strace", "-qq", "-y", "-o", str(calls), "-e", f"trace={','.join(CALLS)}", "-p", str(child)]
    with subprocess.Popen([*words, *(("-e", f"inject={tamper}") if tamper else ())], stderr=subprocess.PIPE) as tracer:
        _go_on_once_traced(child)
        yield
        tracer.communicate(timeout=LONGEST_SECONDS)


def calls_in(written: Path) -> tuple[Call, ...]:
    """What strace wrote down."""
    return tuple(_calls(written.read_text(errors="replace")))


def _calls(written: str) -> Iterator[Call]:
    count: Counter[str] = Counter()
    for found in re.finditer(r"^([a-z0-9]+)\((.*)", written, re.MULTILINE):
        count[found[1]] += 1
        yield Call(found[1], count[found[1]], found[1] == "openat" and "O_CREAT" not in found[2], found[2])


def _go_on_once_traced(child: int) -> None:
    status = Path(f"/proc/{child}/status")
    while "TracerPid:\t0\n" in status.read_text():
        os.sched_yield()
    os.kill(child, signal.SIGCONT)


def _run(ask: Callable[[], int], log: Path) -> None:
    """Ask with streams of its own, and leave without what pytest would do at an exit."""
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(log / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), number)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
    signal.alarm(LONGEST_SECONDS)
    os.kill(os.getpid(), signal.SIGSTOP)
    code = TRACEBACK
    try:
        code = ask()
    except BaseException:  # noqa: BLE001 - whatever it is, it is what a user would see as a traceback
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(code)


def in_words(do: Callable[[], object]) -> int:
    """Do something, and end as the command line ends: what is no traceback there is none here."""
    try:
        do()
    except VerifyError as error:
        sys.stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return error.exit
    except OSError as error:
        sys.stderr.write(f"error: {error.strerror or error}\nhint: look at the disk\n")
        return Exit.INPUT_OUTPUT
    return Exit.HOLDS
