"""Short commands of others, such as uv; the processes of checks are `verify.run.child`'s."""

import os
import pty
import select
import shutil
import subprocess
import time
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
        late: Whether it was ended because its time was over.
    """

    status: int
    out: str
    err: str
    late: bool = False


def run(
    words: Sequence[str], *, env: Mapping[str, str], cwd: Path, show: bool = False, seconds: float | None = None
) -> Finished:
    """Run a short command to its end.

    Args:
        words: The program and its arguments; never a shell string.
        env: The whole environment of the child.
        cwd: Where it runs.
        show: Also copy its error stream to ours while it runs; a terminal is offered to it where we have one,
            so that progress bars are drawn.
        seconds: What it may take, after which it is ended; None for as long as it likes. Of those that are shown.

    Returns:
        The exit status and what it wrote. What was shown is kept to its last 64 KiB.

    Raises:
        VerifyError: When the program cannot be started.
    """
    return _run_shown(words, env, cwd, seconds) if show else _run_captured(words, env, cwd)


def _run_captured(words: Sequence[str], env: Mapping[str, str], cwd: Path) -> Finished:
    child = _started(words, env, cwd, subprocess.PIPE)
    try:
        out, err = child.communicate()
        return Finished(child.returncode, _text(out), _text(err))
    finally:
        _end(child)


def _run_shown(words: Sequence[str], env: Mapping[str, str], cwd: Path, seconds: float | None) -> Finished:
    ends = None if seconds is None else time.monotonic() + seconds
    ours, theirs = _stream()
    try:
        try:
            child = _started(words, env, cwd, theirs)
        finally:
            os.close(theirs)
        try:
            return _shown(child, ours, ends)
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


def _shown(child: subprocess.Popen[bytes], ours: int, ends: float | None) -> Finished:
    tail = b""
    while in_time := _waited(ours, ends):
        chunk = _read(ours)
        if not chunk:
            break
        with suppress(OSError):
            os.write(2, chunk)
        tail = (tail + chunk)[-_TAIL_BYTES:]
    if not in_time:
        _end(child)
    return Finished(child.wait(), "", _text(tail), late=not in_time)


def _waited(stream: int, ends: float | None) -> bool:
    """Wait for something to read, or for an end; whether that came before the time was over."""
    left = None if ends is None else max(0.0, ends - time.monotonic())
    return bool(select.select([stream], [], [], left)[0])


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
