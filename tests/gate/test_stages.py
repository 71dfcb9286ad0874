"""The stages of a gate: what each leaves, and what is not asked any more."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.gate.sides import Answering, arm, check
from tests.gates import gate_policy
from verify.gate.assemble import Gathered
from verify.gate.behaviour import behaviours
from verify.gate.stages import STAGES, Plan, Stage, go_through, lost, refused_by

PACKAGES = {need: "1.0" for check in behaviours() for need in check.terms.needs}


def plan_of(folder: Path, answering: Answering, *stages: Stage) -> Plan:
    return Plan(
        checks=[check("a.b")],
        issues=[],
        policy=gate_policy(),
        most=6,
        stages=stages or STAGES,
        always_time=False,
        folder=folder / "gate",
        ask=answering,
        tell=lambda *_: None,
    )


def gone_through(folder: Path, answering: Answering, *stages: Stage) -> Gathered:
    gathered = Gathered()
    sides = arm("current", folder, PACKAGES), arm("candidate", folder, PACKAGES)
    go_through(*sides, plan_of(folder, answering, *stages), gathered)
    return gathered


def test_a_stage_that_nobody_asked_for_leaves_nothing(tmp_path: Path) -> None:
    answering = Answering()
    gathered = gone_through(tmp_path, answering, "checks")
    assert gathered.outcomes.asked == 1
    assert not gathered.behaviours
    assert gathered.timed is None
    assert answering.asked == [("candidate", "a.b")]


def test_a_candidate_that_is_refused_already_is_not_timed(tmp_path: Path) -> None:
    gathered = gone_through(tmp_path, Answering({("candidate", "a.b"): ["failed"]}))
    assert gathered.refused_early
    assert gathered.stopped == "the candidate is refused already"


def test_each_side_reads_what_the_other_left(tmp_path: Path) -> None:
    answering = Answering()
    gathered = gone_through(tmp_path, answering, "behaviour")
    ids = {row["id"] for row in gathered.behaviours if row["outcome"] == "passed"}
    assert {row["reader"] for row in gathered.behaviours} == {"control", "candidate", "current"}
    asked = [side for side, name in answering.asked if name == min(ids)]
    assert asked == ["current", "current", "candidate", "current"]
    folders = sorted(path.name for path in (tmp_path / "gate" / "behaviour").iterdir())
    assert folders == ["back", "candidate", "control", "current"]


def row(**changes: Any) -> Mapping[str, Any]:
    failing = {"id": "a.b", "current": "passed", "candidate": "failed", "alone": "failed", "known_issue": None}
    return {**failing, **changes}


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({}, True),
        ({"alone": "passed"}, False),
        ({"current": "failed"}, False),
        ({"candidate": "skipped"}, False),
        ({"known_issue": "torn"}, False),
    ],
)
def test_only_what_is_newly_failing_for_sure_refuses_early(changes: dict[str, Any], refused: bool) -> None:
    gathered = Gathered()
    gathered.outcomes = type(gathered.outcomes)(1, 0, [row(**changes)])
    assert refused_by(gathered) is refused


@pytest.mark.parametrize(("control", "refused"), [("passed", True), ("failed", False)])
def test_only_a_behaviour_that_repeats_itself_refuses_early(control: str, refused: bool) -> None:
    rows = [
        {"id": "x.y", "reader": "control", "outcome": control},
        {"id": "x.y", "reader": "candidate", "outcome": "failed"},
    ]
    assert refused_by(Gathered(behaviours=rows)) is refused


def test_what_only_the_current_can_do_is_lost() -> None:
    before = {"cpu": {"forward": None, "generation": None, "broken": "ImportError"}}
    after = {"cpu": {"forward": None, "generation": "TypeError", "broken": "ImportError"}}
    assert lost(before, after) == {"generation[cpu]": "TypeError"}
