"""Certificates of this very machine, as prologs want them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.cli.conftest import keep
from tests.examples import draft, result
from verify.cli.bench import bench_for
from verify.report.v2 import Verdict
from verify.run.identity import machine_id
from verify.run.supervise import collect_facts
from verify.spec.builds import state_directory
from verify.spec.environment import load_environment
from verify.spec.lock import read_lock


def facts_here(project: Path, scratch: Path) -> dict[str, Any]:
    """What this machine and its environment ``cpu`` are."""
    bench, _ = bench_for(project, "cpu", scratch)
    return collect_facts(bench)


def certify(project: Path, facts: dict[str, Any], number: int, days_ago: int = 0) -> Path:
    """Keep a certificate of this machine."""
    environment = load_environment(project, "cpu")
    lock = read_lock(project, environment.platform)
    moment = (datetime.now(UTC) - timedelta(days=days_ago)).strftime("%Y-%m-%dT%H:%M:%SZ")
    made = draft(
        "v3",
        id=f"{number:012x}",
        created=moment,
        finished=moment,
        environment={"name": "cpu", "digest": environment.digest},
        lock={"name": "linux-x86_64-cpu.txt", "digest": lock.digest, "packages": len(lock.packages)},
        machine=machine_id(state_directory(project) / "machine"),
        facts=facts,
        results=[result("sums.numbers_are_summed")],
        known_issues=[],
    )
    return keep(project, made.model_copy(update={"verdict": Verdict(value="certified", findings=())}))
