"""Checks that misbehave, each in its own way; the supervisor must give each its own outcome."""

import ctypes
import os
import re
import subprocess
import sys
import time

from verify.probe.check import check
from verify.probe.context import Context


@check(level="quick")
def passes(ctx: Context) -> None:
    """A check that behaves.

    It stands among the others to show that they do not disturb it.
    """
    ctx.require(1 + 1 == 2, "arithmetic is broken")


@check(level="quick")
def segfaults(ctx: Context) -> None:
    """Reads address zero.

    Nothing to be done.
    """
    ctx.require(True, "unreached")
    ctypes.string_at(0)


@check(level="quick", timeout_seconds=1)
def hangs_in_c(ctx: Context) -> None:
    """Matches a pattern for longer than the universe will last, in C.

    Nothing to be done.
    """
    ctx.require(True, "unreached")
    re.match("(a+)+$", "a" * 64 + "b")  # exponential, and holds the interpreter's lock all the while


@check(level="quick", timeout_seconds=1)
def spins(ctx: Context) -> None:
    """Never ends, and listens to nobody.

    Nothing to be done.
    """
    import signal

    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        ctx.note(still="here")


@check(level="quick")
def exits_with_zero(ctx: Context) -> None:
    """Leaves without an answer, saying that all is well.

    Nothing to be done.
    """
    ctx.require(True, "unreached")
    os._exit(0)


@check(level="quick")
def exits_politely(ctx: Context) -> None:
    """Leaves by SystemExit without an answer.

    Nothing to be done.
    """
    ctx.require(True, "unreached")
    sys.exit(0)


@check(level="quick")
def prints_a_gigabyte(ctx: Context) -> None:
    """Prints a gigabyte, some of it not text.

    Nothing to be done.
    """
    line = b"\xff\x00 a line that nobody will read\n" * 32768
    for _ in range(1024**3 // len(line)):
        os.write(1, line)
    ctx.require(True, "unreached")


@check(level="quick")
def leaves_a_grandchild(ctx: Context) -> None:
    """Starts a process that would outlive it.

    Nothing to be done.
    """
    grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    ctx.note(grandchild=grandchild.pid)
    ctx.require(True, "unreached")


@check(level="quick")
def leaves_half_an_answer(ctx: Context) -> None:
    """Writes the answer file itself, half of it, and leaves.

    Nothing to be done.
    """
    (ctx.scratch.parent / "answer.json").write_text('{"outcome": "pas')
    os._exit(0)


@check(level="quick")
def answers_then_crashes(ctx: Context) -> None:
    """Writes a passing answer, then dies.

    Nothing to be done.
    """
    (ctx.scratch.parent / "answer.json").write_text('{"outcome": "passed", "reason": null}')
    os.abort()


@check(level="quick")
def eats_all_memory(ctx: Context) -> None:
    """Asks for more memory than its limit.

    Nothing to be done.
    """
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    ctx.require(len(bytearray(8 << 30)) > 0, "unreached")


@check(level="quick")
def asserts_nothing(ctx: Context) -> None:
    """Passes without having asserted anything.

    Nothing to be done.
    """
    time.sleep(0)


@check(level="quick")
def raises(ctx: Context) -> None:
    """Raises what nobody expects.

    Nothing to be done.
    """
    raise ZeroDivisionError("by design")


@check(level="quick")
def measures_nothing_finite(ctx: Context) -> None:
    """Measures a figure that is no number.

    Nothing to be done.
    """
    ctx.measure("loss", float("nan"), unit="1", at_most=1)


@check(level="quick")
def breaks_a_limit(ctx: Context) -> None:
    """Measures a figure beyond its limit.

    Nothing to be done.
    """
    ctx.measure("gap", [1.0, 3.0, 2.0], unit="1", at_most=1)


@check(level="quick")
def skips(ctx: Context) -> None:
    """Says that it cannot be asked.

    Nothing to be done.
    """
    ctx.skip("by design")
