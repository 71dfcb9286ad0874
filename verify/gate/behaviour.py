"""The same weights and data through both sides: what one leaves, the other reads and holds against its own."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from verify.gate.arms import Arm, Ask
from verify.probe.check import Check
from verify.probe.discover import find_checks
from verify.run.answer import Answer
from verify.run.assemble import result_of

CHECKS = Path(__file__).resolve().parents[1] / "checks" / "behaviour"

Reader = Literal["candidate", "current", "control"]


def behaviours() -> list[Check]:
    """Every check of behaviour."""
    return find_checks([CHECKS], suite=False)


def compared(current: Arm, candidate: Arm, folder: Path, ask: Ask) -> list[Mapping[str, Any]]:
    """Hold the behaviour of both sides against each other, both ways.

    The current side reads its own first: what differs there, between two processes of one set of packages, is no
    change of the packages.

    Args:
        current: The side in use.
        candidate: The side in question.
        folder: An empty one, for what they leave to each other.
        ask: Who asks.

    Returns:
        A row for each check and reader, as plain data.
    """
    left, again, other, back = (str(folder / name) for name in ("current", "control", "candidate", "back"))
    turns: Sequence[tuple[Reader | None, Arm, str, str]] = (
        (None, current, left, ""),
        ("control", current, again, left),
        ("candidate", candidate, other, left),
        ("current", current, back, other),
    )
    rows: list[Mapping[str, Any]] = []
    for reader, arm, leave, kept in turns:
        Path(leave).mkdir(parents=True)
        jobs = arm.jobs(behaviours(), "certify", {"leave": leave, "kept": kept})
        title = f"behaviour, the {arm.name} reads the other's" if kept else "behaviour, as it is now"
        answers = _again(ask(jobs, arm.bench, title), arm, Path(leave), ask)
        # What cannot even be left behind shows when it is read.
        rows += [] if reader is None else _rows(answers, reader)
    return rows


def _again(answers: Sequence[Answer], arm: Arm, leave: Path, ask: Ask) -> list[Answer]:
    """The answers; what did not pass is asked once more, alone, before it counts."""
    found: list[Answer] = []
    for answer in answers:
        if answer.outcome not in ("passed", "skipped"):
            shutil.rmtree(leave / answer.job.check.id, ignore_errors=True)
            found += ask([answer.job], arm.bench, f"{answer.job.id}, alone")
        else:
            found.append(answer)
    return found


def _rows(answers: Sequence[Answer], reader: Reader) -> Iterator[Mapping[str, Any]]:
    """Each as a result of a report has it: what no report could hold becomes an error of its check."""
    for answer in answers:
        if answer.job.required or not answer.job.skip:
            result = result_of(answer, {})
            yield {
                "id": result.id,
                "reader": reader,
                "outcome": result.outcome,
                "reason": result.reason,
                "measurements": [figure.model_dump(mode="json") for figure in result.measurements],
            }
