"""One process, one question: reads a request, asks, and leaves the answer in a file.

The answer goes to a temporary name and is renamed, so that it is whole or absent; absent means crashed.
"""

import contextlib
import faulthandler
import json
import os
import random
import signal
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from verify.probe import discover, facts, forkserver
from verify.probe.context import Context, Failed, Skipped
from verify.probe.imports import import_for_good
from verify.probe.memory import device_peak_memory_bytes, peak_memory_bytes

# How frameworks say that memory ran out, where they do not raise MemoryError.
OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "unable to allocate", "insufficient memory")
# What Linux adds to a process's share of memory, in thousandths, when it chooses whom to end; see proc(5).
OOM_SCORE = Path("/proc/self/oom_score_adj")
SAID: dict[type[Exception], str] = {Failed: "failed", Skipped: "skipped"}

Answer = dict[str, Any]


def main(words: Sequence[str]) -> None:
    """Answer the request in the file named first; the second word is the lifeline's descriptor.

    A fork server has none: what is open there is its channel, and those who come out of it are its children.
    """
    request, lifeline = _read(words[0]), int(words[1])
    _die_before_the_supervisor()
    if request["ask"] == "fork":
        path, lifeline = forkserver.serve(lifeline, request["modules"])
        request = _read(path)
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    _die_with_the_supervisor(lifeline)
    asked = {"facts": lambda _: facts.collect(), "checks": checks_in, "check": answer_to}
    _leave(asked[request["ask"]](request), Path(request["answer"]))


def _read(path: str) -> dict[str, Any]:
    request: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return request


def _die_before_the_supervisor() -> None:
    """Where a control group runs out of memory, have the kernel end this process: somebody must be left to tell."""
    with contextlib.suppress(OSError):
        OOM_SCORE.write_text("1000", encoding="ascii")


def checks_in(request: dict[str, Any]) -> Answer:
    """The checks that files and folders define, or why one of them cannot be read."""
    try:
        found = discover.find_checks([Path(place) for place in request["places"]], suite=False)
    except discover.Unreadable as unreadable:
        return {"checks": [], "problem": str(unreadable)}
    return {"checks": [asdict(check) for check in found], "problem": None}


def answer_to(request: dict[str, Any]) -> Answer:
    """Ask one check and describe what came of it."""
    context = Context(
        device=request["device"],
        seed=request["seed"],
        threads=request["threads"],
        root=Path(request["root"]),
        lock=Path(request["lock"]),
        scratch=Path(request["scratch"]),
        cache=Path(request["cache"]),
        settings=request["settings"],
    )
    random.seed(context.seed)
    start = time.perf_counter()
    outcome, reason = _ask(request, context)
    return {
        "outcome": outcome,
        "reason": reason,
        "seconds": time.perf_counter() - start,
        "peak_memory_bytes": peak_memory_bytes(),
        "device_peak_memory_bytes": device_peak_memory_bytes(context.device),
        "measurements": context.measurements,
        "notes": context.notes,
    }


def _ask(request: dict[str, Any], context: Context) -> tuple[str, str | None]:
    try:
        import_for_good(request["modules"])
        discover.question(Path(request["source"]), request["claim"])(context)
    except (Failed, Skipped) as told:
        return SAID[type(told)], str(told)
    except Exception as error:  # noqa: BLE001 - a check may raise anything; this process exists to find out
        traceback.print_exc()
        return _raised(error)
    if context.broken:
        return "failed", "; ".join(context.broken)
    if not context.assertions:
        return "errored", "the check asserted nothing, so its passing would mean nothing"
    return "passed", None


def _raised(error: Exception) -> tuple[str, str]:
    reason = ": ".join(part for part in (type(error).__name__, str(error)) if part)
    spent = isinstance(error, MemoryError) or any(words in reason.lower() for words in OUT_OF_MEMORY)
    return ("out_of_memory" if spent else "errored"), reason


def _leave(answer: Answer, path: Path) -> None:
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps(answer), encoding="utf-8")
    temporary.replace(path)


def _die_with_the_supervisor(lifeline: int) -> None:
    """End this process and all it started when the supervisor's end of the pipe closes.

    A blocked read costs nothing while something is measured, and works on every system, where a
    parent-death signal is Linux's alone.
    """

    def wait() -> None:
        with contextlib.suppress(OSError):
            os.read(lifeline, 1)
        os.killpg(0, signal.SIGKILL)

    os.set_inheritable(lifeline, False)
    threading.Thread(target=wait, name="lifeline", daemon=True).start()


if __name__ == "__main__":
    main(sys.argv[1:])
