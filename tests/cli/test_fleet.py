import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Verify
from tests.fleet.pretended import pretend
from verify.errors import Exit
from verify.report.fleet import Fleet
from verify.spec.environment import load_environment
from verify.spec.lock import read_lock

Ask = Callable[..., "subprocess.CompletedProcess[str]"]
# What a node runs here: a certificate at once, but for nodes whose name says what they do.
STAND_IN = """
import os, signal, sys, time
from pathlib import Path
from tests.examples import report, result
from tests.fleet.stand_in import now
from verify.report.canonical import stored_text

node, lock = os.environ["SLURMD_NODENAME"], sys.argv[1]
if node.startswith("crash"):
    os.kill(os.getpid(), signal.SIGSEGV)
refused = result("sums.are_right", outcome="failed", reason="3 is not 4", advice="look")
made = report(
    "v3",
    id=f"{int(node[-1]):012x}",
    created=now(),
    finished=now(),
    environment={"name": "cpu", "digest": "e" * 64},
    lock={"name": "the-lock.txt", "digest": lock, "packages": 61},
    machine=f"{int(node[-1]):032x}",
    results=[refused if node.startswith("bad") else result("sums.are_right")],
    known_issues=[],
)
(Path(os.environ["VERIFY_FLEET_OUT"]) / "report.json").write_text(stored_text(made))
"""


@pytest.fixture
def slurm(tmp_path: Path) -> Path:
    return tmp_path / "slurm"


@pytest.fixture
def lock(project: Path) -> str:
    return read_lock(project, load_environment(project, "cpu").platform).digest


@pytest.fixture
def ask(verify: Verify, slurm: Path, tmp_path: Path, lock: str) -> Ask:
    """``verify fleet`` among nodes of which each has a state."""

    def asked(action: str, *words: str, nodes: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
        known = pretend(slurm, nodes or {"n1": "idle"})
        if action == "run":
            words = (*words, "--partition=gpu", "--environment=cpu", "--", sys.executable, "-c", STAND_IN, lock)
        return verify("fleet", action, f"--folder={tmp_path / 'runs'}", *words, **known)

    return asked


def page(ended: "subprocess.CompletedProcess[str]") -> Fleet:
    return Fleet.model_validate_json(ended.stdout)


def test_a_fleet_that_holds_ends_with_0_and_its_reports_are_in_the_history(ask: Ask, verify: Verify) -> None:
    ended = ask("run", "--json", nodes={"n1": "idle", "n2": "mixed"})
    assert ended.returncode == Exit.HOLDS, ended.stderr
    assert page(ended).counts == {"certified": 2}
    assert "2 of 2, done" in ended.stderr
    assert "reports looked at: 2; findings: 0" in verify("history", "prove").stdout
    assert page(ask("report", "--json")).counts == {"certified": 2}


@pytest.mark.parametrize(
    ("nodes", "counts", "code"),
    [
        ({"n1": "idle", "bad2": "idle"}, {"certified": 1, "refused": 1}, Exit.REFUSED),
        ({"n1": "idle", "crash2": "idle"}, {"certified": 1, "crashed": 1}, Exit.REFUSED),
        ({"n1": "idle", "n2": "down*|a fan"}, {"certified": 1, "not_run": 1}, Exit.REFUSED),
        ({"n1": "drained|x", "n2": "down|y"}, {"not_run": 2}, Exit.COULD_NOT_RUN),
    ],
)
def test_who_does_not_hold_stays_in_the_denominator(
    ask: Ask, nodes: dict[str, str], counts: dict[str, int], code: int
) -> None:
    ended = ask("run", "--json", nodes=nodes)
    assert page(ended).counts == counts
    assert ended.returncode == code


def test_the_page_is_kept_beside_the_run_in_every_form(ask: Ask, tmp_path: Path) -> None:
    ask("run", nodes={"n1": "idle", "bad2": "idle"})
    (folder,) = (tmp_path / "runs").iterdir()
    assert (folder / "fleet.md").read_text().startswith("# Fleet gpu: 1 of 2 nodes hold")
    assert Fleet.model_validate_json((folder / "fleet.json").read_bytes()).counts == {"certified": 1, "refused": 1}
    assert ask("report", "--format=markdown").stdout.startswith("# Fleet gpu: 1 of 2")
    assert ask("report", folder.name).stdout.startswith("1 of 2 nodes hold")
    assert folder.name in ask("list").stdout


def test_a_report_is_told_where_slurm_is_not(ask: Ask, verify: Verify, tmp_path: Path) -> None:
    ask("run")
    ended = verify("fleet", "report", f"--folder={tmp_path / 'runs'}", "--json", PATH=str(tmp_path))
    assert page(ended).counts == {"certified": 1}


def test_what_was_detached_is_gathered(ask: Ask, project: Path) -> None:
    ended = ask("run", "--detach")
    assert ended.returncode == Exit.HOLDS
    assert "then: verify fleet gather " in ended.stdout
    for _ in range(2):
        assert page(ask("gather", "--json")).counts == {"certified": 1}
    assert len(list(project.glob("reports/cpu/*.json"))) == 1


def test_what_waits_is_not_told_as_over(ask: Ask) -> None:
    assert ask("run", "--detach", nodes={"late1": "idle"}).returncode == Exit.HOLDS
    ended = ask("gather", "--no-wait", "--json", nodes={"late1": "idle"})
    assert page(ended).counts == {"waiting": 1}
    assert ended.returncode == Exit.COULD_NOT_RUN


def test_an_interrupt_leaves_the_jobs_and_says_how_to_go_on(
    project: Path, slurm: Path, tmp_path: Path, lock: str
) -> None:
    words = ["fleet", "run", f"--folder={tmp_path / 'runs'}", "--partition=gpu", "--environment=cpu", "--", "true"]
    known = pretend(slurm, {"late1": "idle"})
    run = subprocess.Popen(
        [sys.executable, "-m", "verify", "--root", str(project), *words],
        env={**known, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (slurm / "job-1").exists():
        time.sleep(0.1)
    time.sleep(1)
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=60)
    assert run.returncode == Exit.INTERRUPTED
    assert "the jobs go on by themselves" in err
    assert "verify fleet cancel" in err
    assert not (slurm / "cancelled").exists()


def test_jobs_are_ended_by_their_name(ask: Ask, slurm: Path) -> None:
    ask("run", "--detach", nodes={"late1": "idle"})
    assert ask("cancel").returncode == Exit.HOLDS
    assert (slurm / "cancelled").read_text().startswith("--name=verify-")


def test_strictly_a_conditional_node_is_inconclusive(ask: Ask) -> None:
    assert ask("run", "--strict").returncode == Exit.HOLDS


def test_without_slurm_or_a_run_it_says_so(verify: Verify, tmp_path: Path) -> None:
    ended = verify("fleet", "run", "--partition=gpu", "--environment=cpu", PATH=str(tmp_path))
    assert ended.returncode == Exit.COULD_NOT_RUN
    assert "Slurm's commands are not on this machine's PATH" in ended.stderr
    ended = verify("fleet", "report")
    assert ended.returncode == Exit.USAGE
    assert "holds no run of a fleet" in ended.stderr


def test_a_manifest_names_its_image_by_digest(verify: Verify) -> None:
    words = ("fleet", "manifest", "--kubernetes", "--nodes=2", "--environment=cpu")
    ended = verify(*words, f"--image=registry.example/verify@sha256:{'a' * 64}")
    assert json.loads(ended.stdout)["spec"]["completions"] == 2
    for image in ("registry.example/verify:latest", "x@sha256:abc", "../x@sha256:" + "a" * 64):
        ended = verify(*words, f"--image={image}")
        assert (ended.returncode, ended.stdout) == (Exit.USAGE, "")


def test_an_answer_wants_a_place(verify: Verify) -> None:
    ended = verify("fleet", "answer")
    assert ended.returncode == Exit.USAGE
    assert "$VERIFY_FLEET_OUT is not set" in ended.stderr
