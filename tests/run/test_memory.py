"""What is remembered is what was kept, of the same context, and nothing else."""

from pathlib import Path

import pytest

from verify.claims.finding import AuditFinding
from verify.judge.finding import error
from verify.report.wholeness import Looked
from verify.run.judging import Examined, Judged, at
from verify.run.memory import FILE, Memory, remembering

ROOT = Path("/project")
PATHS = [ROOT / f"reports/m2/{number}.json" for number in range(3)]


def judged(number: int, *findings: AuditFinding) -> Examined:
    """A report that was judged anew."""
    return Examined(Looked(PATHS[number], None, ()), Judged(f"content {number}", findings), anew=True)


def wrong(number: int) -> AuditFinding:
    """Something that is wrong with a report, in words that need care."""
    return at(error("physics.no_time", "é'\";--\u202e\0", "\U0001f600"), f"reports/m2/{number}.json")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where it lies."""
    return tmp_path / "not yet there" / FILE


def recalled(memory: Memory) -> list[Judged | None]:
    """What is remembered of each of three reports."""
    known = memory.recalled(ROOT, PATHS)
    assert [path for path, _ in known] == PATHS
    return [judged for _, judged in known]


def test_what_was_kept_is_recalled_by_the_next(file: Path) -> None:
    one, other = judged(0), judged(2, wrong(2), wrong(2))
    with remembering(file, "a") as memory:
        assert (memory.size(), recalled(memory)) == (0, [None] * 3)
        memory.keep(ROOT, [one, other])
        assert memory.size() == 2
    with remembering(file, "a") as memory:
        assert (memory.size(), recalled(memory)) == (2, [one.judged, None, other.judged])


def test_what_was_only_remembered_or_not_judged_is_not_kept(file: Path) -> None:
    with remembering(file, "a") as memory:
        known = Judged("content", ())
        looked = judged(0).looked
        memory.keep(ROOT, [Examined(looked, known, anew=False), Examined(looked, None, anew=False)])
        assert memory.size() == 0


def test_another_context_recalls_nothing_even_while_both_are_at_work(file: Path) -> None:
    with remembering(file, "a") as one, remembering(file, "b") as other:
        one.keep(ROOT, [judged(0, wrong(0))])
        assert (other.size(), recalled(other)) == (0, [None] * 3)
        other.keep(ROOT, [judged(0)])
        assert recalled(one) == [None] * 3
        one.keep(ROOT, [judged(1)])
        assert [entry is not None for entry in recalled(other)] == [True, False, False]


def test_without_a_file_nothing_is_remembered() -> None:
    with remembering(None, "a") as memory:
        memory.keep(ROOT, [judged(0)])
        assert (memory.size(), recalled(memory)) == (0, [None] * 3)


def test_a_memory_that_breaks_while_it_is_open_is_given_up(file: Path) -> None:
    with remembering(file, "a") as memory:
        memory.keep(ROOT, [judged(0)])
        file.write_bytes(b"something else" * 1000)
        memory.keep(ROOT, [judged(1)])
        assert recalled(memory) == [None] * 3
