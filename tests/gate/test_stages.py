"""The stages of a gate: what each leaves, and what is not asked any more."""

from pathlib import Path

from tests.gate.sides import Answering, arm, check
from tests.gates import gate_policy
from verify.gate.assemble import Gathered
from verify.gate.behaviour import behaviours
from verify.gate.stages import STAGES, Plan, Stage, go_through, lost

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
        refuses=lambda gathered: bool(gathered.outcomes.rows),
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
    assert gathered.timed is None
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


def test_what_a_side_cannot_do_is_told() -> None:
    before = {"cpu": {"forward": None, "generation": None, "broken": "ImportError"}}
    after = {"cpu": {"forward": None, "generation": "TypeError", "broken": "ImportError"}}
    assert lost(before, after) == [
        {"name": "generation[cpu]", "current": None, "candidate": "TypeError"},
        {"name": "broken[cpu]", "current": "ImportError", "candidate": "ImportError"},
    ]


def test_a_behaviour_that_fails_by_chance_is_asked_once_more_alone(tmp_path: Path) -> None:
    name = "tokenizers.the_same_text_gives_the_same_ids"
    flaky = Answering({("candidate", name): ["timed_out", "passed"], ("current", name): ["passed", "failed"]})
    rows = [row for row in gone_through(tmp_path, flaky, "behaviour").behaviours if row["id"] == name]
    assert {row["reader"]: row["outcome"] for row in rows} == {
        "control": "failed",
        "candidate": "passed",
        "current": "failed",
    }
    assert flaky.asked.count(("candidate", name)) == 2
