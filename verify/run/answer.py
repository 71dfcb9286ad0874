"""What came of one job, from how its process ended and what it left behind."""

import signal
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from verify.errors import IntegrityError
from verify.report import strict_json
from verify.report.fields import OUTCOMES
from verify.run.child import Ending
from verify.run.plan import Job

LARGEST_ANSWER = 16 * 1024 * 1024
KEPT_LOG_LINES = 40


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one job, before it is a result in a report.

    Attributes:
        job: What was asked.
        outcome: One of the seven outcomes.
        reason: Why, for every outcome but passed.
        seconds: Inside the check; for a process that died, of the process.
        wall_seconds: Of the process, start-up and end included.
        ended: When its process ended, on the monotonic clock.
        measured: The worker's other findings: memory, measurements, notes.
        log: The end of what it printed, kept when it did not pass.
    """

    job: Job
    outcome: str
    reason: str | None
    seconds: float = 0.0
    wall_seconds: float = 0.0
    ended: float = 0.0
    measured: dict[str, Any] = field(default_factory=dict)
    log: str | None = None


def answer_from(job: Job, ending: Ending, path: Path, *, interrupted: bool) -> Answer:
    """Read the ending first: a bad exit outranks whatever the check has left."""
    outcome, reason = _fatal(job, ending, interrupted)
    found: dict[str, Any] = {}
    if not outcome:
        found, reason = _left_behind(path, ending)
        outcome = found.pop("outcome", "crashed" if not path.exists() else "errored")
        reason = found.pop("reason", reason)
    log = None if outcome in ("passed", "skipped") else _tail(ending.log)
    seconds = float(found.pop("seconds", ending.seconds))
    return Answer(job, outcome, reason, seconds, ending.seconds, ending.ended, found, log)


def seconds_inside(answers: Iterable[Answer]) -> float:
    """Wall time during which at least one check was at work, process start-up left out."""
    spans = sorted((answer.ended - answer.seconds, answer.ended) for answer in answers if answer.wall_seconds)
    inside, reached = 0.0, float("-inf")
    for start, end in spans:
        inside += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return inside


def _fatal(job: Job, ending: Ending, interrupted: bool) -> tuple[str, str | None]:
    """The outcome that the ending alone decides, or an empty one."""
    if interrupted:
        return "skipped", "the run was interrupted"
    if ending.timed_out:
        return "timed_out", f"no answer within {job.check.terms.timeout_seconds:g} s; its process group was killed"
    if ending.code == -signal.SIGKILL and ending.memory_killed:
        return "out_of_memory", "the kernel killed it for want of memory"
    if ending.code < 0:
        return "crashed", f"killed by signal {-ending.code} ({_signal_name(-ending.code)})"
    if ending.code > 0:
        return "crashed", f"its process exited with code {ending.code}"
    return "", None


def _left_behind(path: Path, ending: Ending) -> tuple[dict[str, Any], str | None]:
    if not path.exists():
        return {}, f"its process exited with code {ending.code} and left no answer"
    if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST_ANSWER:
        return {}, "what it left as its answer is no regular file of a sensible size"
    try:
        found = strict_json.parse(path.read_bytes(), "its answer")
    except IntegrityError as error:
        return {}, error.message
    if not isinstance(found, dict) or found.get("outcome") not in OUTCOMES:
        return {}, "its answer names no outcome"
    seconds = found.get("seconds", ending.seconds)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= ending.seconds:
        return {}, f"its answer says that it took {str(seconds)[:40]} s, of {ending.seconds:.1f} in all"
    return found, None


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"


def _tail(log: str) -> str | None:
    return "\n".join(log.rstrip().splitlines()[-KEPT_LOG_LINES:]) or None
