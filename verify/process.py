"""Short commands of others, such as uv; the processes of checks are `verify.run.child`'s."""

import os
import pty
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from verify.errors import VerifyError

_TAIL_BYTES: Final = 65_536
_GRACE_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended.

    Attributes:
        status: Its exit status; negative for the signal that ended it.
        out: What it wrote to its output, where that was captured.
        err: What it wrote to its error stream.
    """

    status: int
    out: str
    err: str


def run(words: Sequence[str], *, env: Mapping[str, str], cwd: Path, show: bool = False) -> Finished:
    """Run a short command to its end.

    Args:
        words: The program and its arguments; never a shell string.
        env: The whole environment of the child.
        cwd: Where it runs.
        show: Also copy its error stream to ours while it runs; a terminal is offered to it where we have one,
            so that progress bars are drawn.

    Returns:
        The exit status and what it wrote. What was shown is kept to its last 64 KiB.

    Raises:
        VerifyError: When the program cannot be started.
    """
    return _run_shown(words, env, cwd) if show else _run_captured(words, env, cwd)


def _run_captured(words: Sequence[str], env: Mapping[str, str], cwd: Path) -> Finished:
    child = _started(words, env, cwd, subprocess.PIPE)
    try:
        out, err = child.communicate()
        return Finished(child.returncode, _text(out), _text(err))
    finally:
        _end(child)


def _run_shown(words: Sequence[str], env: Mapping[str, str], cwd: Path) -> Finished:
    ours, theirs = _stream()
    try:
        try:
            child = _started(words, env, cwd, theirs)
        finally:
            os.close(theirs)
        try:
            return _shown(child, ours)
        finally:
            _end(child)
    finally:
        os.close(ours)


def _started(words: Sequence[str], env: Mapping[str, str], cwd: Path, stream: int) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            list(words), env=dict(env), cwd=cwd, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
        )
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise VerifyError(f"{words[0]} could not be started: {reason}", "install it, or repair it") from error


def _stream() -> tuple[int, int]:
    """Return our end and the child's end of its error stream."""
    if not os.isatty(2):
        return os.pipe()
    ours, theirs = pty.openpty()
    columns, rows = shutil.get_terminal_size()
    _set_size(theirs, rows, columns)
    return ours, theirs


def _set_size(terminal: int, rows: int, columns: int) -> None:
    import fcntl
    import struct
    import termios

    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def _shown(child: subprocess.Popen[bytes], ours: int) -> Finished:
    tail = b""
    while chunk := _read(ours):
        with suppress(OSError):
            os.write(2, chunk)
        tail = (tail + chunk)[-_TAIL_BYTES:]
    return Finished(child.wait(), "", _text(tail))


def _read(stream: int) -> bytes:
    try:
        return os.read(stream, 65_536)
    except OSError:
        # Linux answers EIO, not an empty read, once the last writer of a terminal is gone.
        return b""


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _end(child: subprocess.Popen[bytes]) -> None:
    """Leave nothing behind, whatever interrupted the wait."""
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
