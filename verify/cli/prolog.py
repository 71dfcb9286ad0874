"""``verify prolog``: may this node take jobs? For Slurm's Prolog and HealthCheckProgram, in seconds.

Slurm drains a node whose Prolog fails, with a reason of its own; what a HealthCheckProgram ends with it ignores. So
``--drain`` drains with our reason, and ``--resume`` gives back what was drained so, and nothing that others drained.
"""

import argparse
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from verify.cli.bench import declare_environment
from verify.cli.certificate import UncertifiedError, certificate_here
from verify.cli.options import count, given
from verify.cli.surroundings import project_root
from verify.errors import Exit, VerifyError
from verify.fleet.slurm import Slurm
from verify.judge.prolog import reasons, too_few
from verify.language.speech import say
from verify.render import words
from verify.render.words import visible

# Slurm kills a HealthCheckProgram after 60 s: https://slurm.schedmd.com/slurm.conf.html#OPT_HealthCheckProgram
SECONDS = 50
PREFIX = "verify: "
LONGEST_REASON = 200
# What of the quick level is asked with --quick: does everything that computes still compute?
QUICK = "devices.*"


class LateError(VerifyError):
    """The node did not say in time what it is, which is itself a reason."""


def declare(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    declare_environment(parser)
    parser.add_argument("--quick", action="store_true", help=f"also ask `{QUICK}` of the quick level")
    parser.add_argument("--select", type=given, default=QUICK, metavar="GLOB", help="with --quick: ask these")
    parser.add_argument("--gpus", type=count, metavar="N", help="as many NVIDIA GPUs must answer the driver")
    parser.add_argument(
        "--seconds", type=count, default=SECONDS, metavar="S", help=f"the deadline (default: {SECONDS}; Slurm's is 60)"
    )
    parser.add_argument("--drain", action="store_true", help="drain the node, with the reason, when it does not hold")
    parser.add_argument("--resume", action="store_true", help="give it back when it holds, if we had drained it")
    parser.add_argument("--node", type=given, metavar="NAME", help="default: $SLURMD_NODENAME, or the host's name")
    parser.add_argument("--json", action="store_true", help="for machines")


def run(arguments: argparse.Namespace) -> int:
    """Say in one line whether the node holds; 0 when it does, 1 when not, 3 when that cannot be told."""
    code, why = _looked(arguments)
    english = visible("; ".join(why))
    told = words.told("; ".join(why))
    if arguments.json:
        print(json.dumps({"holds": not why, "reasons": why}, indent=2))
    else:
        print(say("does not hold: {}", told) if why else say("holds"), file=sys.stderr if why else sys.stdout)
    if why and arguments.drain:
        _drain(_node(arguments.node), english)
    elif not why and arguments.resume:
        _resume(_node(arguments.node))
    return code


def _looked(arguments: argparse.Namespace) -> tuple[int, list[str]]:
    """What cannot be told is no reason to give a node jobs."""
    try:
        with _deadline(arguments.seconds):
            why = _reasons(arguments)
    except LateError as error:
        return Exit.COULD_NOT_RUN, [error.message]
    except VerifyError as error:
        return error.exit, [error.message]
    except OSError as error:
        return Exit.INPUT_OUTPUT, [str(error)]
    return (Exit.REFUSED if why else Exit.HOLDS), why


def _reasons(arguments: argparse.Namespace) -> list[str]:
    root = project_root(arguments)
    try:
        last, present = certificate_here(root, arguments.environment, all_proven=False)
    except UncertifiedError as error:
        return [error.message]
    found = reasons(last, present)
    found += too_few(nvidia_gpus(), arguments.gpus) if arguments.gpus else []
    return found or (_quick(root, last.environment.name, arguments.select) if arguments.quick else [])


def _quick(root: Path, environment: str, select: str) -> list[str]:
    """What of a trial did not pass, asked in a process of its own, which ends with the deadline."""
    what = ["run", "--environment", environment, "--level", "quick", "--select", select, "--json"]
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "verify", "--lang", "en", "--root", str(root), *what],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as child:
        try:
            out, err = child.communicate()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
    if child.returncode == Exit.HOLDS:
        return []
    with suppress(ValueError):
        failed = [one for one in json.loads(out) if one["outcome"] not in ("passed", "skipped")]
        return [f"{one['id']} {one['outcome'].replace('_', ' ')}: {one['reason']}" for one in failed]
    return [(err.strip().splitlines() or [f"verify run ended with {child.returncode}"])[0].removeprefix("error: ")]


@contextmanager
def _deadline(seconds: int) -> Iterator[None]:
    """Raise in time to say why, before Slurm kills without a word.

    Raises:
        LateError: The time is over.
    """

    def late(_number: int, _frame: FrameType | None) -> None:
        raise LateError(f"the node did not tell within {seconds} s what it is", "look at its disks and drivers")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def nvidia_gpus() -> int:
    """How many NVIDIA GPUs answer the driver; 0 without one."""
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return 0
    number = ctypes.c_uint()
    if nvml.nvmlInit_v2() or nvml.nvmlDeviceGetCount_v2(ctypes.byref(number)):
        return 0
    handle = ctypes.c_void_p()
    # One that fell off the bus is counted, and gives no handle.
    return sum(not nvml.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle)) for index in range(number.value))


def _node(name: str | None) -> str:
    return name or os.environ.get("SLURMD_NODENAME") or socket.gethostname().partition(".")[0]


def _drain(node: str, told: str) -> None:
    """Drain the node, unless somebody has: his reason is not to be lost."""
    slurm = Slurm(os.environ)
    state, reason = slurm.state_of(node)
    if "DRAIN" not in state or reason.startswith(PREFIX):
        slurm.drain(node, f"{PREFIX}{told}"[:LONGEST_REASON])


def _resume(node: str) -> None:
    slurm = Slurm(os.environ)
    state, reason = slurm.state_of(node)
    if "DRAIN" in state and reason.startswith(PREFIX):
        slurm.resume(node)
        print(say("{} takes jobs again: it was drained for: {}", node, reason.removeprefix(PREFIX)))
