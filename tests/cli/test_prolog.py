import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Verify
from tests.fleet.certificates import certify, facts_here
from tests.fleet.pretended import pretend
from verify.errors import Exit

Ask = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def slurm(tmp_path: Path) -> Path:
    return tmp_path / "slurm"


@pytest.fixture
def facts(furnished: Path, tmp_path: Path) -> dict[str, Any]:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return facts_here(furnished, scratch)


@pytest.fixture
def ask(furnished: Path, verify: Verify, slurm: Path) -> Ask:
    """``verify prolog`` on the node n1, of which Slurm says something."""

    def asked(*words: str, node: str = "State=IDLE") -> "subprocess.CompletedProcess[str]":
        known = pretend(slurm, {"n1": "idle"})
        (slurm / "state-n1").write_text(f"NodeName=n1 {node}\n")
        return verify("prolog", "--environment=cpu", *words, SLURMD_NODENAME="n1", **known)

    return asked


def updates(slurm: Path) -> str:
    path = slurm / "updates"
    return path.read_text() if path.exists() else ""


pytestmark = pytest.mark.environment


def test_a_node_without_a_certificate_takes_no_jobs_and_is_drained_with_the_reason(ask: Ask, slurm: Path) -> None:
    ended = ask("--drain")
    assert ended.returncode == Exit.REFUSED
    assert ended.stderr == "does not hold: reports/cpu/ holds no certificate of this machine\n"
    assert updates(slurm) == (
        "nodename=n1 state=drain reason=verify: reports/cpu/ holds no certificate of this machine\n"
    )


def test_a_fresh_certificate_of_this_machine_lets_it_take_jobs(
    ask: Ask, furnished: Path, slurm: Path, facts: dict[str, Any]
) -> None:
    certify(furnished, facts, 1)
    ended = ask("--drain", "--resume")
    assert (ended.returncode, ended.stdout) == (Exit.HOLDS, "holds\n"), ended.stderr
    assert updates(slurm) == ""


def test_only_what_we_drained_is_given_back(ask: Ask, furnished: Path, slurm: Path, facts: dict[str, Any]) -> None:
    certify(furnished, facts, 1)
    assert ask("--resume", node="State=IDLE+DRAIN Reason=a disk [root@2026-01-01]").returncode == Exit.HOLDS
    assert updates(slurm) == ""
    ended = ask("--resume", node="State=IDLE+DRAIN Reason=verify: too old [root@2026-01-01]")
    assert "n1 takes jobs again: it was drained for: too old" in ended.stdout
    assert updates(slurm) == "nodename=n1 state=resume\n"


def test_anothers_reason_is_not_written_over(ask: Ask, slurm: Path) -> None:
    assert ask("--drain", node="State=IDLE+DRAIN Reason=a disk [root@2026-01-01]").returncode == Exit.REFUSED
    assert updates(slurm) == ""


def test_a_machine_with_less_memory_than_was_certified_takes_no_jobs(
    ask: Ask, furnished: Path, facts: dict[str, Any]
) -> None:
    certify(furnished, facts | {"memory_bytes": 2 * facts["memory_bytes"]}, 1)
    ended = ask()
    assert ended.returncode == Exit.REFUSED
    assert "the memory was" in ended.stderr


def test_gpus_are_counted(ask: Ask, furnished: Path, facts: dict[str, Any]) -> None:
    certify(furnished, facts, 1)
    assert "of 999 GPUs answer the driver" in ask("--gpus=999").stderr


def test_quick_checks_are_asked_and_named_when_they_fail(ask: Ask, furnished: Path, facts: dict[str, Any]) -> None:
    certify(furnished, facts, 1)
    assert ask("--quick", "--select=devices.*").returncode == Exit.HOLDS
    ended = ask("--quick", "--select=nothing.like.this")
    assert ended.returncode == Exit.REFUSED
    assert "nothing.like.this" in ended.stderr


def test_what_takes_too_long_is_a_reason(ask: Ask, furnished: Path, facts: dict[str, Any], slurm: Path) -> None:
    certify(furnished, facts, 1)
    ended = ask("--seconds=1", "--drain")
    assert ended.returncode == Exit.COULD_NOT_RUN
    assert "did not tell within 1 s" in ended.stderr
    assert "reason=verify: the node did not tell within 1 s" in updates(slurm)
