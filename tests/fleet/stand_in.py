"""What a node of a test runs in the suite's place: it measures one thing for real, and leaves a report of it.

By the node's name it hangs, ends by a signal, or is slowed by busy loops on its processor. All nodes of a loopback are
one machine, so they measure in turns.
"""

import fcntl
import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.examples import measured, report, result
from verify.report.canonical import stored_text

SAMPLES = 3
# Each sample is the best of several: others may work on this machine for a while, busy loops never pause. One takes
# longer than a processor gives to any of them in turn.
TRIES = 4
NUMBERS = 600_000
# Enough that nobody else who works on this machine slows a node as much.
LOOPS = 40


def main(environment: str, lock: str, turns: str, faults: str) -> None:
    """Do what this node does.

    Args:
        environment: Whose report it is.
        lock: Digest of the lock that it says it is of.
        turns: A file that nodes lock while they measure.
        faults: The nodes that hang, that a signal ends, and that are slowed, with commas between.
    """
    node = os.environ["SLURMD_NODENAME"]
    hanging, crashing, slow = faults.split(",")
    if node == hanging:
        sys.stderr.write("waiting for what never comes\n")
        time.sleep(3600)
    if node == crashing:
        os.kill(os.getpid(), signal.SIGSEGV)
    created = now()
    with Path(turns).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        samples = _slowed() if node == slow else _samples(TRIES)
    made = report(
        "v3",
        id=f"{random.SystemRandom().getrandbits(48):012x}",
        created=created,
        finished=now(),
        environment={"name": environment, "digest": "e" * 64},
        lock={"name": "the-lock.txt", "digest": lock, "packages": 61},
        results=[result("sums.numbers_are_summed", measurements=[measured("time", samples, "s", direction="lower")])],
        known_issues=[],
    )
    out = Path(os.environ["VERIFY_FLEET_OUT"]) / "report.json"
    out.with_suffix(".part").write_text(stored_text(made))
    out.with_suffix(".part").replace(out)


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _slowed() -> list[float]:
    _alone()
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(LOOPS)]
    try:
        return _samples(1)
    finally:
        for one in busy:
            one.kill()
            one.wait()


def _samples(tries: int) -> list[float]:
    _alone()
    return [min(_seconds() for _ in range(tries)) for _ in range(SAMPLES)]


def _seconds() -> float:
    begin = time.perf_counter()
    sum(number * number for number in range(NUMBERS))
    return time.perf_counter() - begin


def _alone() -> None:
    """On one processor, the last, so that busy loops take turns with what is measured, and before all other work."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    os.setpriority(os.PRIO_PROCESS, 0, -15)


if __name__ == "__main__":
    main(*sys.argv[1:])
