"""The same weights and data through both sides: what one leaves, the other reads and holds against its own."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from verify.gate.arms import Arm, Ask
from verify.probe.check import Check
from verify.probe.discover import find_checks
from verify.run.answer import Answer

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
        rows += _rows(ask(jobs, arm.bench, title), reader)
    return rows


def _rows(answers: Sequence[Answer], reader: Reader | None) -> Iterator[Mapping[str, Any]]:
    for answer in answers:
        if answer.job.skip and not answer.job.required:
            continue
        # What cannot even be left behind shows when it is read.
        if reader is not None:
            yield {
                "id": answer.job.id,
                "reader": reader,
                "outcome": answer.outcome,
                "reason": answer.reason,
                "measurements": answer.measured.get("measurements", []),
            }
