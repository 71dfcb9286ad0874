"""A job that only pretends: it tells what `verify run` and `verify lora` tell, as its words say, and ends."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"
CHECKS = ("devices.cpu_computes[cpu]", "training.tinynet_learns[cpu]", "lora.merging_keeps_the_logits[cpu]")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def tell(event: str, **facts: Any) -> None:
    complain(json.dumps({"event": event, **facts}))


def quick() -> int:
    """Three checks, the second of which fails with a reason that no page should obey."""
    tell("plan", jobs=[*CHECKS, HOSTILE])
    values = [{"subject": "processor", "name": "utilisation", "unit": "%", "value": 41.5}]
    tell("sample", seconds=0.0, values=values, unread=[{"what": HOSTILE, "reason": HOSTILE}])
    for check, outcome, reason in zip(CHECKS, ("passed", "failed", "passed"), (None, HOSTILE, None), strict=True):
        tell("started", job=check)
        tell("finished", job=check, outcome=outcome, reason=reason, seconds=1.5)
    tell("started", job=HOSTILE)
    tell("finished", job=HOSTILE, outcome="errored", reason="name", seconds=0.5)
    say(f"refused {HOSTILE}")
    found = sorted(Path("reports").rglob("*.json"))
    if found:
        tell("report", file=str(found[0].resolve()))
    return 1


def ended(*_: object) -> None:
    say("told to end")
    sys.exit(130)


def full() -> int:
    """Something that runs until it is told to end, and a child of it that left for a session of its own."""
    child = subprocess.Popen(["sleep", "600"], start_new_session=True)
    say(f"child {child.pid}")
    tell("plan", jobs=list(CHECKS))
    tell("started", job=CHECKS[0])
    signal.signal(signal.SIGTERM, ended)
    time.sleep(600)
    return 0


def certify() -> int:
    """Something that will not end, and says whatever it likes."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    complain('{"event": "ended", "code": 0}')
    complain('{"event": ["plan"]}')
    complain('{"event": "plan", "jobs": ')
    tell("report", file="/etc/passwd")
    say("stubborn " + "x" * 100_000)
    time.sleep(600)
    return 0


def iterations(first: int, end: int) -> None:
    for number in range(first, end):
        time.sleep(0.2)
        line = {"iterations": 1, "seconds": 0.1, "tokens": 50, "peak_memory_bytes": 400_000_000}
        tell("training", of={"event": "trained", "iteration": number, "loss": 4.0 / number, **line})


def lora() -> int:
    """Five iterations, one line each, and the words that it was given."""
    say(json.dumps(sys.argv[1:]))
    start = {"device": "cpu", "device_title": "AVX2", "dtype": "float32", "trainable": 10, "parameters": 1000}
    data = {"training_examples": 20, "held_out_examples": 2, "split": "2 drawn", "cut_examples": 0, "iterations": 5}
    tell("training", of={"event": "started", **start, **data})
    tell("training", of={"event": "validation", "iteration": 0, "loss": 4.0})
    if "--resume" in sys.argv:
        iterations(1, 4)
        tell("training", of={"event": "resumed", "iteration": 2})
        iterations(3, 6)
    else:
        iterations(1, 6)
    tell("training", of={"event": "validation", "iteration": 5, "loss": 0.5})
    tell("training", of={"event": "checkpoint", "iteration": 5, "folder": HOSTILE})
    return 0


if __name__ == "__main__":
    does = {"--level=quick": quick, "--level=full": full, "--level=certify": certify}
    sys.exit(lora() if sys.argv[1] == "lora" else does[sys.argv[2]]())
