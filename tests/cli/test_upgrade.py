"""An upgrade that cannot be compared says so, and is never a pass."""

import io
import platform
from pathlib import Path

import pytest

from tests.cli.conftest import Verify
from tests.gates import gate_policy
from verify.cli.duelling import Duelling
from verify.cli.sides import Subject
from verify.cli.upgrade import _promote
from verify.errors import VerifyError
from verify.gate.duel import Measured
from verify.judge.sequential import Judgement
from verify.spec.candidate import read_foreign
from verify.spec.environment import load_environment
from verify.spec.platform import load_platform

pytestmark = pytest.mark.skipif(
    (platform.system(), platform.machine()) != ("Linux", "x86_64"), reason="compares locks of Linux on x86-64"
)


def refused(verify: Verify, *words: str) -> tuple[int, str]:
    finished = verify("upgrade", *words)
    assert finished.stdout == ""
    assert "Traceback" not in finished.stderr
    return finished.returncode, finished.stderr


def test_locks_of_two_platforms_cannot_be_compared(project: Path, verify: Verify) -> None:
    code, said = refused(verify, "--candidate", str(project / "lockfiles" / "macos-arm64.txt"))
    assert code == 3
    assert "error: cannot compare: lockfiles/macos-arm64.txt is the lock of macos-arm64" in said


def test_without_a_lock_to_start_from_nothing_can_be_compared(project: Path, verify: Verify) -> None:
    candidate = project / "candidate.txt"
    (project / "lockfiles" / "linux-x86_64-cpu.txt").rename(candidate)
    code, said = refused(verify, "--environment", "cpu", "--candidate", str(candidate))
    assert code == 3
    assert "error: cannot compare: there is no lock to start from" in said


@pytest.mark.parametrize("environment", ["m2", "m4"])
def test_figures_of_another_machine_cannot_be_compared(verify: Verify, environment: str) -> None:
    code, said = refused(verify, "--environment", environment)
    assert code == 3
    assert f"error: cannot compare: `{environment}` does not fit this machine" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--candidate", "there-is-none.txt"], "does not exist"),
        (["--candidate", "x.txt", "peft"], "both --candidate and packages"),
        (["--environment", "m3"], "there is no environment `m3`"),
        (["peft=="], "is no package with an optional version"),
        (["pefd"], "did you mean `peft`?"),
        (["--groups", "0"], "--groups"),
        (["--only", "speed"], "--only"),
    ],
)
def test_what_is_asked_wrongly_is_said_before_anything_is_installed(
    verify: Verify, project: Path, words: list[str], said: str
) -> None:
    code, told = refused(verify, *words)
    assert code in (2, 3)
    assert said in told
    assert not (project / ".environments").exists()
    assert not (project / "reports").exists()


def test_a_damaged_candidate_is_an_error_of_integrity(project: Path, verify: Verify) -> None:
    lock = project / "lockfiles" / "linux-x86_64-cpu.txt"
    damaged = project / "damaged.txt"
    damaged.write_bytes(lock.read_bytes() + b"--extra-index-url https://example.org/simple\n")
    code, said = refused(verify, "--environment", "cpu", "--candidate", str(damaged))
    assert code == 4
    assert "damaged.txt" in said


def test_progress_tells_what_is_known_and_how_long_it_takes_at_most() -> None:
    stream, clock = io.StringIO(), iter((100.0, 130.0, 160.0))
    duelling = Duelling(stream, lambda: next(clock))
    known = {
        Measured("forward", "cpu", "ratio", "s"): Judgement("held", 0.01, 0.0, 0.02, 6, 0.03),
        Measured("memory_growth", "cpu", "difference", "B/round"): Judgement("undecided", 9e9, 0.0, 1.0, 6, 0.03),
    }
    for group in (1, 2, 3):
        duelling.told(group, 13, known)
    first, second, third = stream.getvalue().splitlines()
    assert first == "[group  1/13] 1 undecided, 1 held; most: forward[cpu] +1.0%"
    assert second.endswith("at most 5 min 30 s left")
    assert third.endswith("at most 5 min 00 s left")


def subject_of(project: Path) -> Subject:
    """The project's lock against a candidate that lacks nothing."""
    platform_file = load_platform(project, "linux-x86_64-cpu")
    candidate = project / "lockfiles" / "linux-x86_64-cpu.candidate.txt"
    lock = project / "lockfiles" / "linux-x86_64-cpu.txt"
    candidate.write_bytes(lock.read_bytes())
    return Subject(
        root=project,
        environment=load_environment(project, "cpu"),
        platform=platform_file,
        current=read_foreign(project, lock, platform_file.name),
        candidate=read_foreign(project, candidate, platform_file.name),
        changes=(),
        advisories=(),
        policy=gate_policy(),
    )


def test_a_candidate_replaces_the_lock_that_it_was_compared_with(project: Path) -> None:
    subject = subject_of(project)
    before = subject.current.path.read_bytes()
    _promote(subject)
    assert subject.current.path.read_bytes() == before


def test_a_candidate_replaces_no_other_lock(project: Path) -> None:
    subject = subject_of(project)
    lock = subject.current.path
    lock.write_text(lock.read_text(encoding="utf-8").replace("peft==0.21.2", "peft==0.21.1"), encoding="utf-8")
    before = lock.read_bytes()
    with pytest.raises(VerifyError, match="is not the lock that the candidate was compared with"):
        _promote(subject)
    assert lock.read_bytes() == before


def test_progress_of_a_leak_alone_has_no_percentage() -> None:
    stream = io.StringIO()
    leak = {Measured("memory_growth", "cpu", "difference", "B/round"): Judgement("regressed", 7e4, 6e4, 8e4, 9, 1e4)}
    Duelling(stream, lambda: 0.0).told(1, 25, leak)
    assert stream.getvalue() == "[group  1/25] 1 regressed\n"
