"""The policy files of a project, read and put in the hands of the rules."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from verify.errors import UsageError
from verify.judge.gate_policy import GatePolicy
from verify.judge.hardware import Hardware
from verify.judge.known_issues import Entry, KnownIssues
from verify.judge.policy import Policy, Requirements
from verify.judge.status import Terms
from verify.judge.waivers import Waiver, Waivers
from verify.spec.environment import Environment, environment_names
from verify.spec.toml import read_toml, validated

FOLDER = "policy"
GIGABYTE = 1_000_000_000

M = TypeVar("M", bound=BaseModel)


def policy_for(
    root: Path,
    environment: Environment | None,
    *,
    lock_digest: str | None = None,
    expected: Collection[str] | None = None,
    secrets: Mapping[str, str] | None = None,
) -> Policy:
    """What the rules hold a report of this environment against.

    Args:
        root: The project.
        environment: Its requirements count; None for none.
        lock_digest: Of the lock as it is now; None when that does not matter.
        expected: Ids that a complete plan has; None when that does not matter.
        secrets: Texts that no report may hold, and what stands for each.

    Raises:
        UsageError: A policy file is wrong.
    """
    wanted = requirements(environment) if environment else Requirements()
    complete = None if expected is None else frozenset(expected)
    return Policy(_read(root, "hardware", Hardware), wanted, lock_digest, complete, secrets or {})


def requirements(environment: Environment) -> Requirements:
    """What a machine must be to belong to an environment's class."""
    limits = environment.machine
    return Requirements(
        system=limits.system,
        architecture=limits.arch,
        memory_bytes=limits.memory_gb_at_least * GIGABYTE,
        chips=limits.chips,
        devices=environment.devices,
    )


def known_issues(root: Path) -> tuple[Entry, ...]:
    """The known issues of a project.

    Raises:
        UsageError: The file is wrong, or names an environment that there is not.
    """
    issues, known = _read(root, "known-issues", KnownIssues).issues, environment_names(root)
    for issue in issues:
        unknown = [name for name in issue.environments if name not in known]
        if unknown:
            what = f"{FOLDER}/known-issues.toml: {issue.id}: there is no environment `{unknown[0]}`"
            raise UsageError(what, f"the environments are {', '.join(known)}")
    return issues


def waivers(root: Path) -> tuple[Waiver, ...]:
    """Why checks are not asked any more.

    Raises:
        UsageError: The file is wrong.
    """
    return _read(root, "waivers", Waivers).waivers


def gate_policy(root: Path) -> GatePolicy:
    """What an upgrade is held against.

    Raises:
        UsageError: The file is wrong.
    """
    return _read(root, "gate", GatePolicy)


def terms(root: Path) -> Terms:
    """How long a certificate lasts.

    Raises:
        UsageError: The file is wrong.
    """
    return _read(root, "certificate", Terms)


def _read(root: Path, name: str, model: type[M]) -> M:
    return validated(model, read_toml(root, root / FOLDER / f"{name}.toml"))
