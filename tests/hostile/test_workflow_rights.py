"""What a workflow may do: read, with actions that are named by their commit, and keep no credentials."""

import re
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml", reason="PyYAML has no wheel for this Python yet")

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github").rglob("*.yml"))
BY_COMMIT = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}|\./.*")
# What anybody's pull request would run with the rights of the branch.
TRUSTING = {"pull_request_target", "workflow_run", "issue_comment", "issues"}


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def jobs() -> list[Any]:
    """Each job of each workflow, with its name."""
    return [
        pytest.param(job, id=f"{path.name} {name}")
        for path in WORKFLOWS
        for name, job in (read(path).get("jobs") or {}).items()
    ]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_no_right_that_no_job_asked_for(path: Path) -> None:
    workflow = read(path)
    if "jobs" in workflow:
        assert workflow["permissions"] == {}
        # YAML 1.1 reads the key `on` as a truth.
        assert not TRUSTING & set(workflow[True])


@pytest.mark.parametrize("job", jobs())
def test_a_job_reads_and_nothing_else(job: Any) -> None:
    assert set(job.get("permissions", {}).items()) <= {("contents", "read")}
    assert "secrets." not in str(job)


@pytest.mark.parametrize("job", jobs())
def test_every_action_is_named_by_its_commit_and_keeps_no_credentials(job: Any) -> None:
    used = [step for step in job.get("steps", []) if "uses" in step]
    assert [step["uses"] for step in used if not BY_COMMIT.fullmatch(step["uses"])] == []
    for step in used:
        if step["uses"].startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("job", jobs())
def test_nothing_that_others_write_becomes_part_of_a_command(job: Any) -> None:
    commands = " ".join(step.get("run", "") for step in job.get("steps", []))
    assert re.findall(r"\$\{\{\s*(?:github\.event|github\.head_ref|inputs)\b", commands) == []
