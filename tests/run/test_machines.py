"""What would be asked on machines that are not at hand: from their files, their locks and recorded facts."""

import os
from pathlib import Path

import pytest

from tests import examples
from verify.judge.machine import promised_devices, requirements
from verify.judge.policy import Policy
from verify.probe.check import DEVICES
from verify.probe.discover import find_checks
from verify.run.plan import Job, plan
from verify.run.policies import policy_for
from verify.spec.environment import environment_names, load_environment
from verify.spec.lock import read_lock

ROOT = Path(__file__).resolve().parents[2]
SUITE = ROOT / "tests/run/suite.txt"


def jobs(name: str) -> list[Job]:
    environment = load_environment(ROOT, name)
    locked = [package.name for package in read_lock(ROOT, environment.platform).packages]
    return plan(find_checks(), level="certify", environment=name, promised=environment.devices, locked=locked)


@pytest.mark.parametrize("name", environment_names(ROOT))
def test_every_check_is_planned_on_every_machine_and_each_skip_says_why(name: str) -> None:
    promised = load_environment(ROOT, name).devices
    for job in jobs(name):
        if job.device and job.device not in promised:
            assert job.skip == f"{name} promises no {job.device}"
        elif job.skip:
            assert job.skip.endswith(f"not in the lock of {name}")
            assert not job.required, job.id


@pytest.mark.parametrize("name", environment_names(ROOT))
def test_every_promised_device_is_asked_something(name: str) -> None:
    asked = {job.device for job in jobs(name) if not job.skip}
    assert asked >= set(load_environment(ROOT, name).devices)


def test_all_environments_plan_the_same_checks() -> None:
    plans = {name: [job.id for job in jobs(name)] for name in environment_names(ROOT)}
    assert len({tuple(ids) for ids in plans.values()}) == 1
    assert {id_.partition("[")[2].rstrip("]") for id_ in plans["cpu"]} == {"", *DEVICES}


def test_no_check_leaves_the_suite_unseen() -> None:
    """A check that is dropped, or asked at a higher level, must show in a diff of this list."""
    lines = [f"{check.terms.level} {check.id} {' '.join(check.terms.devices)}".rstrip() for check in find_checks()]
    if os.environ.get("UPDATE_GOLDEN"):
        SUITE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert SUITE.read_text(encoding="utf-8").splitlines() == lines


def test_a_recorded_mac_studio_is_of_its_class_and_of_no_other() -> None:
    report = examples.certify()

    def complaints(name: str) -> list[str]:
        policy: Policy = policy_for(ROOT, load_environment(ROOT, name))
        return [finding.rule for rule in (promised_devices, requirements) for finding in rule(report, policy)]

    assert complaints("m2") == []
    assert all(complaints(name) for name in environment_names(ROOT) if name != "m2")
