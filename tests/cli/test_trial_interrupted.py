import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from verify.errors import Exit

ROOT = Path(__file__).resolve().parents[2]


def interrupted(running: subprocess.Popen[str]) -> tuple[str, str]:
    """What a program says to an interrupt. Python loses one that comes while a finaliser runs; people press again."""
    for _ in range(4):
        running.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return running.communicate(timeout=20)
    running.kill()
    return running.communicate()


def test_an_interrupt_keeps_what_was_done_and_says_so(tmp_path: Path) -> None:
    program = """
import argparse, os, sys
from pathlib import Path
from tests.cli.test_trial import LOCK, MOODS
from verify.cli import trial
from verify.cli.stream import declare_progress
from verify.probe.discover import find_checks
from verify.run.plan import plan
from verify.run.supervise import Bench

folder = Path(sys.argv[1])
(folder / "moods.py").write_text(MOODS)
checks = [check for check in find_checks([folder], suite=False) if check.id in ("moods.steady", "moods.slow")]
jobs = plan(checks, level="quick", environment="cpu", promised=[], locked=[])
bench = Bench(Path(sys.executable), {}, folder, folder / "lock", folder / "cache", folder / "scratch", 2, 1)
parser = argparse.ArgumentParser()
trial.declare(parser)
declare_progress(parser)
arguments = parser.parse_args(["--repeat", "2"])
arguments.json, arguments.verbose = False, False
sys.exit(trial.attempt(jobs, bench, LOCK, None, arguments))
"""
    running = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
    )
    assert running.stderr is not None
    first = [running.stderr.readline() for _ in range(2)]
    out, err = interrupted(running)
    assert running.returncode == Exit.INTERRUPTED, (first, err)
    assert "[1/4]" in first[1]
    assert "moods.steady  passed 1" in out
    assert err.splitlines()[-2:] == [
        "error: interrupted after 1 of 4 answers",
        "hint: what they say is printed; nothing was left running",
    ]
