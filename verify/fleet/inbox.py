"""What a node left, believed only as far as it proves itself: whole, valid, and of this node's job."""

import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from verify.errors import IntegrityError, StorageError
from verify.fleet.plan import Plan
from verify.fleet.script import BEGAN, ENDED, LOG, REPORT, SLURM_LOG
from verify.report.disk import read_regular
from verify.report.fields import moment
from verify.report.fleet import State
from verify.report.read import LARGEST_FILE, parse_report
from verify.report.upgrade import newest
from verify.report.v2 import Finding
from verify.report.versions import AnyReport

SMALL = 4096
TAIL_BYTES = 8192
# A shell reports so a program that a signal ended.
BY_SIGNAL = 128
# What a shell writes for a signal that ended its program, which is told otherwise.
SHELLS = ("Aborted", "Killed", "Segmentation fault", "Terminated")
# Clocks of nodes may differ by so much.
SKEW_SECONDS = 300

Doubts = Callable[[AnyReport], list[Finding]]


@dataclass(frozen=True, slots=True)
class Began:
    """Which job began, on which node, and when by its clock, in seconds since 1970."""

    job: int
    node: str
    at: int


@dataclass(frozen=True, slots=True)
class Ended:
    """What a node's command ended with, and when by the node's clock, in seconds since 1970."""

    status: int
    at: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a node's answer comes to; the report is there where it can be believed."""

    state: State
    reason: str | None
    report: AnyReport | None = None


def began(place: Path) -> Began | None:
    """That a node's job began; None when it did not, or cannot be read yet."""
    match _words(place / BEGAN):
        case [job, node, at] if job.isdecimal() and at.isdecimal():
            return Began(int(job), node, int(at))
    return None


def ended(place: Path) -> Ended | None:
    """How a node's command ended; None when it did not, or cannot be read yet."""
    match _words(place / ENDED):
        case [status, at] if status.isdecimal() and at.isdecimal():
            return Ended(int(status), int(at))
    return None


def answer(place: Path, plan: Plan, expected: Began, status: int, doubts: Doubts) -> Answer:
    """What came of a command that ended.

    Args:
        place: The attempt's folder.
        plan: What was asked.
        expected: The job and node that should have answered.
        status: What the command ended with.
        doubts: What contradicts a report, in itself and in the claims that its figures are.
    """
    # How a process ended outranks what it wrote.
    if status > BY_SIGNAL:
        return Answer("crashed", f"{signal_name(status - BY_SIGNAL)}; the log ends: {last_line(place)}")
    if not (place / REPORT).exists():
        return Answer("not_run", f"it ended with {status} and left no report: {last_line(place)}")
    try:
        data = read_regular(place / REPORT, place, LARGEST_FILE)
        report = parse_report(data, f"the report of {expected.node}")
    except (IntegrityError, StorageError) as error:
        return Answer("damaged", error.message)
    wrong = _of_another(report, plan, began(place), expected) or _contradiction(report, doubts)
    return Answer("damaged", wrong) if wrong else _judged(report)


def last_line(place: Path) -> str:
    """The last line of what the command wrote, or of what Slurm did."""
    for name in (LOG, SLURM_LOG):
        try:
            with (place / name).open("rb") as file:
                file.seek(max(0, file.seek(0, 2) - TAIL_BYTES))
                lines = file.read(TAIL_BYTES).decode("utf-8", "replace").split("\n")
        except OSError:
            continue
        told = [line.strip() for line in lines if line.strip()]
        # The second of our own two lines says what to do, the first what went wrong.
        told = [line for line in told if not line.startswith("hint: ") and line not in SHELLS] or told
        if told:
            return told[-1][:300]
    return "it wrote nothing"


def signal_name(number: int) -> str:
    """``signal 11, SIGSEGV``."""
    known = {one.value: one.name for one in signal.Signals}
    return f"signal {number}" + (f", {known[number]}" if number in known else "")


def _words(path: Path) -> list[str]:
    try:
        return read_regular(path, path.parent, SMALL).decode("ascii").split()
    except (IntegrityError, StorageError, UnicodeDecodeError):
        return []


def _of_another(report: AnyReport, plan: Plan, told: Began | None, expected: Began) -> str | None:
    """Why a report is not what this node's job was to answer; None when it is."""
    if told is None or (told.job, told.node) != (expected.job, expected.node):
        by = f"job {told.job} on {told.node}" if told else "nobody"
        return f"its folder was written by {by}, not by job {expected.job} on {expected.node}"
    pairs = (
        ("environment", plan.environment, report.environment.name),
        ("level", plan.level, report.level),
        ("lock", plan.lock[:12], report.lock.digest[:12]),
    )
    wrong = [f"the {name} {has}, not {wanted}" for name, wanted, has in pairs if wanted != has]
    if wrong:
        return f"its report is of {', '.join(wrong)}"
    seconds = moment(report.created).timestamp()
    if abs(seconds - told.at) > SKEW_SECONDS + 60 * plan.minutes or report.finished < report.created:
        began_at = datetime.fromtimestamp(told.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return f"its report was made at {report.created}, its job began at {began_at}: it is not of this job"
    return None


def _contradiction(report: AnyReport, doubts: Doubts) -> str | None:
    errors = [finding for finding in doubts(report) if finding.severity == "error"]
    return f"it contradicts itself: {errors[0].rule}: {errors[0].subject}: {errors[0].message}" if errors else None


def _judged(report: AnyReport) -> Answer:
    verdict = newest(report).verdict
    if verdict is None:
        missed = [one for one in report.results if one.outcome != "passed" and one.required]
        if not missed and not report.interrupted:
            return Answer("passed", None, report)
        first = f"{missed[0].id} {missed[0].outcome.replace('_', ' ')}" if missed else "it was interrupted"
        more = f" and {len(missed) - 1} more" if len(missed) > 1 else ""
        return Answer("refused", first + more, report)
    reasons = [f"{one.subject}: {one.message}" for one in verdict.findings if one.severity != "note"]
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    why = reasons[0] + more if reasons else None
    return Answer(verdict.value, why if verdict.value != "certified" else None, report)
