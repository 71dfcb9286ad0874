"""The whole of it, against a real Slurm on loopback."""

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fleet import stand_in
from tests.fleet.certificates import certify, facts_here
from tests.fleet.loopback import SEARCHED, Loopback, free_ports
from verify.checks.ranks import all_reduce
from verify.fleet.collectives import Sums, found, words
from verify.report.fleet import Fleet
from verify.spec.environment import load_environment
from verify.spec.interpreter import interpreter_of
from verify.spec.lock import read_lock

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slurm
HEALTHY = [f"n{number}" for number in range(1, 13)]
SLOW, HANGING, CRASHING, DOWN = "n13", "n14", "n15", "n16"


def command(project: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "verify", "--root", str(project), *words]


def seeing(loopback: Loopback) -> dict[str, str]:
    return {**loopback.environment, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}


def standing_in(project: Path, shared: Path) -> list[str]:
    """What the nodes run in the suite's place."""
    lock = read_lock(project, load_environment(project, "cpu").platform).digest
    script = str(Path(stand_in.__file__))
    return [sys.executable, script, "cpu", lock, str(shared / "turns"), f"{HANGING},{CRASHING},{SLOW}"]


def ended(loopback: Loopback, project: Path, *words: str, seconds: float = 200) -> "subprocess.CompletedProcess[str]":
    """The command, to its end."""
    return subprocess.run(
        command(project, *words), env=seeing(loopback), capture_output=True, text=True, timeout=seconds, check=False
    )


def begin(project: Path, shared: Path, loopback: Loopback, *words: str) -> "subprocess.Popen[str]":
    """A run of the fleet by stand-ins."""
    asked = ["fleet", "run", "--partition=loop", "--environment=cpu", "--time=2", "--wait=5", *words]
    whole = command(project, *asked, f"--folder={shared}", "--json", "--", *standing_in(project, shared))
    return subprocess.Popen(
        whole, env=seeing(loopback), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=shared
    )


def page_of(out: str) -> Fleet:
    return Fleet.model_validate_json(out)


def states(page: Fleet) -> Mapping[str, str]:
    return {node.name: node.state for node in page.nodes}


def reasons(page: Fleet) -> Mapping[str, str]:
    return {node.name: node.reason or "" for node in page.nodes}


def test_the_report_names_who_hangs_crashes_is_slow_and_is_down_though_the_controller_is_killed(
    project: Path, shared: Path, loopbacks: list[Loopback]
) -> None:
    loopback = Loopback(16, down=[DOWN])
    loopbacks.append(loopback)
    loopback.start()
    run = begin(project, shared, loopback)
    loopback.wait_for(lambda: any(shared.glob("*/nodes/*/1/ended")), "no node answered")
    loopback.kill_controller()
    time.sleep(15)
    loopback.start_controller()
    out, err = run.communicate(timeout=600)
    page = page_of(out)
    assert run.returncode == 1, err
    assert states(page) == {
        **dict.fromkeys([*HEALTHY, SLOW], "certified"),
        HANGING: "timed_out",
        CRASHING: "crashed",
        DOWN: "not_run",
    }, err
    assert "signal 11, SIGSEGV" in reasons(page)[CRASHING]
    assert "waiting for what never comes" in reasons(page)[HANGING]
    assert "Slurm has it as" in reasons(page)[DOWN]
    # Whoever else works on this machine may slow another node for real, but not by as much.
    assert [one.node for one in page.outliers][:1] == [SLOW], page.figures
    assert "does not answer" in err
    proven = ended(loopback, project, "history", "prove")
    assert "reports looked at: 13; findings: 0" in proven.stdout, proven.stdout + proven.stderr


def test_a_run_that_is_killed_goes_on_from_its_folder(project: Path, shared: Path, loopbacks: list[Loopback]) -> None:
    loopback = Loopback(3)
    loopbacks.append(loopback)
    loopback.start()
    run = begin(project, shared, loopback)
    loopback.wait_for(lambda: any(shared.glob("*/journal")), "nothing was handed over")
    run.kill()
    run.communicate()
    gathered = ended(loopback, project, "fleet", "gather", f"--folder={shared}", "--json")
    assert states(page_of(gathered.stdout)) == dict.fromkeys(("n1", "n2", "n3"), "certified"), gathered.stderr
    assert gathered.returncode == 0
    again = ended(loopback, project, "fleet", "gather", f"--folder={shared}", "--json")
    assert states(page_of(again.stdout)) == states(page_of(gathered.stdout))
    assert len(list(project.glob("reports/cpu/*.json"))) == 3


@pytest.mark.environment
def test_the_suite_itself_runs_on_every_node_at_once(furnished: Path, shared: Path, loopbacks: list[Loopback]) -> None:
    loopback = Loopback(4)
    loopbacks.append(loopback)
    loopback.start()
    words = ["fleet", "run", "--partition=loop", "--environment=cpu", "--level=quick", "--time=9", f"--folder={shared}"]
    run = ended(loopback, furnished, *words, "--json", seconds=900)
    page = page_of(run.stdout)
    assert states(page) == dict.fromkeys(("n1", "n2", "n3", "n4"), "passed"), reasons(page)
    assert run.returncode == 0
    assert any("4 nodes are one machine" in note for note in page.notes)
    assert len(list(furnished.glob("reports/cpu/*.json"))) == 4


@pytest.mark.environment
def test_nodes_sum_alike_and_a_hung_rank_is_named(furnished: Path, shared: Path, loopbacks: list[Loopback]) -> None:
    loopback = Loopback(4, down=["n4"])
    loopbacks.append(loopback)
    loopback.start()
    words = ["fleet", "collectives", "--partition=loop", "--environment=cpu", f"--folder={shared}", "--interface=lo"]
    run = ended(loopback, furnished, *words, "--json", "--seconds=100", seconds=400)
    told = came(run)
    assert {node: one["came"] for node, one in told.items()} == {
        **dict.fromkeys(("n1", "n2", "n3"), "agrees"),
        "n4": "not_run",
    }
    assert run.returncode == 1
    assert sorted(rank for one in told.values() for rank in one["ranks"]) == [0, 1, 2]


def came(run: "subprocess.CompletedProcess[str]") -> dict[str, dict[str, Any]]:
    assert run.stdout, run.stderr
    return {one["node"]: one for one in json.loads(run.stdout)}


@pytest.mark.environment
def test_a_rank_that_hangs_is_named_and_the_others_end_too(
    furnished: Path, shared: Path, loopbacks: list[Loopback]
) -> None:
    loopback = Loopback(3)
    loopbacks.append(loopback)
    loopback.start()
    interpreter = interpreter_of(furnished, "cpu", environ=os.environ)
    script = shared / "hanging.py"
    whole = Path(all_reduce.__file__).read_text(encoding="utf-8")
    planted = "    if os.environ['SLURMD_NODENAME'] == 'n2':\n        time.sleep(3600)\n    distributed.barrier()\n"
    assert whole.count("    distributed.barrier()\n    distributed.destroy") == 1
    script.write_text(
        whole.replace("    distributed.barrier()\n    distributed.destroy", f"{planted}    distributed.destroy")
    )
    sums = Sums("loop", ["n1", "n2", "n3"], shared, interpreter.python, script, "cpu", 1, 60, free_ports(1)[0], 60)
    environment = {"GLOO_SOCKET_IFNAME": "lo", **loopback.environment}
    subprocess.run(words(sums), env=environment, capture_output=True, check=False, timeout=300)
    told = found(sums)
    assert [one.came for one in told][1] == "hung", told
    assert "0 of its 1 ranks answered within 60 s" in told[1].reason
    assert "agrees" not in {one.came for one in told}


def asking(project: Path, path: Path, loopback: Loopback, options: str) -> Path:
    """A script that asks whether the node may take jobs; slurmd gives it next to nothing of an environment."""
    words_ = " ".join(shlex.quote(word) for word in command(project, "prolog", "--environment=cpu"))
    conf = loopback.folder / "slurm.conf"
    path.write_text(
        f'#!/bin/sh\nexport PATH={SEARCHED} PYTHONPATH={ROOT} SLURM_CONF={conf}\nexec {words_} {options} "$@"\n'
    )
    path.chmod(0o755)
    return path


@pytest.mark.environment
def test_a_failing_prolog_drains_its_node_and_a_passing_one_brings_it_back(
    furnished: Path, shared: Path, loopbacks: list[Loopback]
) -> None:
    facts = facts_here(furnished, shared)
    certify(furnished, facts, 1, days_ago=4000)
    loopback = Loopback(2)
    prolog = asking(furnished, shared / "prolog.sh", loopback, "--drain")
    loopback.more = f"Prolog={prolog}\nPrologFlags=Alloc"
    loopbacks.append(loopback)
    loopback.start()
    loopback.run("sbatch", "--nodelist=n1", "--time=1", "--output=/dev/null", "--wrap=true")
    loopback.wait_for(lambda: "DRAIN" in loopback.node("n1"), "the failing prolog did not drain its node", 120)
    assert "Reason=verify: it is 4000 days old" in loopback.node("n1"), loopback.node("n1")
    assert "DRAIN" not in loopback.node("n2")
    health = [str(prolog), "--resume", "--node=n1"]
    assert loopback.run(*health, check=False).returncode == 1
    assert "DRAIN" in loopback.node("n1")
    certify(furnished, facts, 2)
    assert loopback.run(*health).returncode == 0
    loopback.wait_for(lambda: "State=IDLE " in loopback.node("n1"), "the passing prolog did not bring its node back")
    loopback.run("scontrol", "update", "nodename=n1", "state=drain", "reason=a disk is being replaced")
    assert loopback.run(*health).returncode == 0
    assert "DRAIN" in loopback.node("n1")
    assert "Reason=a disk is being replaced" in loopback.node("n1")


@pytest.mark.environment
def test_a_health_check_drains_its_node_and_brings_it_back_by_itself(
    furnished: Path, shared: Path, loopbacks: list[Loopback]
) -> None:
    facts = facts_here(furnished, shared)
    certify(furnished, facts, 1, days_ago=4000)
    loopback = Loopback(1)
    health = asking(furnished, shared / "health.sh", loopback, "--drain --resume")
    loopback.more = f"HealthCheckProgram={health}\nHealthCheckInterval=20"
    loopbacks.append(loopback)
    loopback.start()
    loopback.wait_for(lambda: "Reason=verify: it is 4000 days old" in loopback.node("n1"), "it was not drained", 200)
    certify(furnished, facts, 2)
    loopback.wait_for(lambda: "State=IDLE " in loopback.node("n1"), "it was not brought back", 200)
