"""How it stands with each node, from what is known of it: its folder first, then Slurm, then the journal.

A node's own word outranks Slurm's, for Slurm forgets a job some minutes after its end, and a controller that is killed
may forget one for good. A job that Slurm has forgotten, that never told an end and that may still have had time, is
*lost*: it is handed to Slurm again. Nothing that is away for a while is taken for an end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from verify.fleet.inbox import BY_SIGNAL, Began, Ended, began, ended, last_line, signal_name
from verify.fleet.plan import Entry, Kept, Plan
from verify.fleet.slurm import Job

# A shared folder shows a file some time after it was written: acdirmax of nfs(5), and half as much again.
SETTLE_SECONDS = 90
MOST_ATTEMPTS = 2
# A shell's status for SIGTERM and SIGKILL, by which Slurm ends a command; who else does tells nobody.
FROM_OUTSIDE = (143, 137)
# What Slurm takes to end a job whose time is over.
GRACE_SECONDS = 300
SECONDS_A_MINUTE = 60

# In the journal, for a job that Slurm would not have: no word of Slurm's.
REFUSED = "NOT_ACCEPTED"

Stage = Literal["unsent", "waiting", "running", "answered", "lost", "timed_out", "crashed", "not_run"]


@dataclass(frozen=True, slots=True)
class Standing:
    """A node.

    Attributes:
        node: Its name.
        stage: How far it is; all from ``timed_out`` on are ends without an answer.
        reason: Of such an end, or why it waits.
        attempt: The last; 0 when nothing was handed to Slurm.
        began: Its job, where that began.
        ended: How its command ended, where it told.
        entry: What the journal has last of it.
    """

    node: str
    stage: Stage
    reason: str | None = None
    attempt: int = 0
    began: Began | None = None
    ended: Ended | None = None
    entry: Entry | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more is to come from it."""
        return self.stage in ("answered", "timed_out", "crashed", "not_run")

    def seconds(self, now: float) -> float | None:
        """How long it took, or takes until now; None before it began."""
        if self.began is None:
            return None
        return max(0.0, (self.ended.at if self.ended else now) - self.began.at)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known at one look.

    Attributes:
        kept: The run's folder.
        plan: What was asked.
        entries: The journal's last word of each node.
        jobs: What Slurm knows; None when it does not answer.
        now: Seconds since 1970.
    """

    kept: Kept
    plan: Plan
    entries: Mapping[str, Entry]
    jobs: Mapping[int, Job] | None
    now: float


def standings(seen: Seen) -> list[Standing]:
    """Every node of a run, in the order of the plan."""
    return [_standing(seen, node) for node in seen.plan.nodes]


def _standing(seen: Seen, node: str) -> Standing:
    entry = seen.entries.get(node)
    if node in seen.plan.absent:
        return Standing(node, "not_run", seen.plan.absent[node])
    if entry is None:
        return Standing(node, "unsent")
    place = seen.kept.place(node, entry.attempt)
    start, end = began(place), ended(place)
    if end is not None and not (end.status in FROM_OUTSIDE and _by_slurm(seen, entry)):
        return Standing(node, "answered", None, entry.attempt, start, end, entry)
    stage, reason = _without_answer(seen, entry, place, start)
    return Standing(node, stage, reason, entry.attempt, start, None, entry)


def _by_slurm(seen: Seen, entry: Entry) -> bool:
    """Whether a signal from outside was Slurm's, or may turn out to be when the job is over."""
    if entry.ended is None:
        return seen.jobs is None or entry.job in seen.jobs
    return (entry.ended, True) in _CERTAIN


def _without_answer(seen: Seen, entry: Entry, place: Path, start: Began | None) -> tuple[Stage, str | None]:
    if entry.ended is not None:
        return _end(seen, entry, place, start)
    if seen.jobs is None:
        return ("waiting" if start is None else "running"), None
    job = seen.jobs.get(entry.job)
    if job is None:
        return _forgotten(seen, entry, start)
    return ("waiting", job.reason) if job.state == "PENDING" else ("running", None)


def _forgotten(seen: Seen, entry: Entry, start: Began | None) -> tuple[Stage, str]:
    """Of a job that Slurm does not know any more, and that did not tell its end."""
    plan = seen.plan
    if start is not None and seen.now > start.at + SECONDS_A_MINUTE * plan.minutes + GRACE_SECONDS:
        return "timed_out", f"it began, and told no end within {plan.minutes} min; Slurm has forgotten its job"
    if start is None and seen.now > entry.at + plan.longest_seconds:
        return "not_run", "Slurm has forgotten its job, which never began"
    if entry.attempt >= MOST_ATTEMPTS:
        return "not_run", f"Slurm has forgotten its job {entry.attempt} times"
    return "lost", "Slurm has forgotten its job: it is handed over again"


def _end(seen: Seen, entry: Entry, place: Path, start: Began | None) -> tuple[Stage, str | None]:
    """What an end without an answer means. Slurm may tell of it before the shared folder shows the answer."""
    state = entry.ended or ""
    certain = _CERTAIN.get((state, start is not None))
    if certain is not None:
        stage, reason = certain
        log = last_line(place) if start is not None else ""
        known = {"minutes": seen.plan.minutes, "wait": seen.plan.wait_minutes, "log": log, "told": entry.reason}
        return stage, reason.format(**known)
    if seen.now - entry.at < SETTLE_SECONDS:
        return "running", None
    if entry.status > BY_SIGNAL:
        return "crashed", signal_name(entry.status - BY_SIGNAL)
    told = f"its job ended ({state.lower()}, {entry.reason})"
    if start is None:
        return "not_run", f"{told} before it could begin: {last_line(place)}"
    return "not_run", f"{told}, and no answer lies in the shared folder"


# What Slurm says of an end, and whether the job had begun.
_CERTAIN: Mapping[tuple[str, bool], tuple[Stage, str]] = {
    ("TIMEOUT", True): ("timed_out", "it was ended after {minutes} min; its log ends: {log}"),
    ("TIMEOUT", False): ("timed_out", "it was ended after {minutes} min, without a word"),
    ("DEADLINE", True): ("timed_out", "Slurm ended it at its deadline; its log ends: {log}"),
    ("DEADLINE", False): ("not_run", "it was not free within {wait} min"),
    ("NODE_FAIL", True): ("not_run", "the node failed while it ran; its log ends: {log}"),
    ("NODE_FAIL", False): ("not_run", "the node failed"),
    ("BOOT_FAIL", False): ("not_run", "the node did not start"),
    ("OUT_OF_MEMORY", True): ("crashed", "Slurm ended it: out of memory"),
    (REFUSED, False): ("not_run", "Slurm would not have its job: {told}"),
    ("CANCELLED", True): ("not_run", "its job was cancelled while it ran"),
    ("CANCELLED", False): ("not_run", "its job was cancelled before it began"),
}
