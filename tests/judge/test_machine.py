"""The machine is what its environment promises, and tells of nobody."""

from typing import Any

import pytest

from tests import examples
from tests.examples import device, facts, policy, result
from verify.judge.policy import Requirements
from verify.judge.verdict import judge
from verify.report.v2 import Finding

WORKS = {"built": True, "available": True, "computes": True}


def findings(of: examples.Data | None = None, **changes: Any) -> list[Finding]:
    """What the rules find on this machine."""
    draft = examples.draft(results=[result("a.b")], facts=of or facts())
    return list(judge(draft, policy(**changes)).findings)


@pytest.mark.parametrize(
    ("mps", "rule", "words"),
    [
        (device("mps", problem="this torch is built without MPS"), "devices.absent", "not even built in"),
        (device("mps", built=True, problem="macOS offers no Metal device"), "devices.absent", "no Metal device"),
        (device("mps", built=True, available=True, problem="a sum"), "devices.do_not_compute", "a sum"),
        (device("cuda", **WORKS), "devices.absent", "no reason was given"),
    ],
)
def test_a_promised_device_that_does_not_compute_refuses(mps: examples.Data, rule: str, words: str) -> None:
    (finding,) = findings(facts(devices=[device("cpu", **WORKS), device("mlx", **WORKS), mps]))
    assert (finding.rule, finding.subject, finding.severity) == (rule, "mps", "error")
    assert words in finding.message


@pytest.mark.parametrize(
    ("changes", "rule", "severity"),
    [
        ({"system": "Linux"}, "requirements.system", "error"),
        ({"architecture": "x86_64"}, "requirements.architecture", "error"),
        ({"processor": facts()["processor"] | {"name": "Apple M2 Max"}}, "requirements.chip", "error"),
        ({"memory_bytes": 32 * 2**30}, "requirements.memory", "error"),
        ({"memory_limit_bytes": 8 * 10**9}, "requirements.memory_limit", "warning"),
    ],
)
def test_a_machine_of_another_class_is_named(changes: examples.Data, rule: str, severity: str) -> None:
    (finding,) = findings(facts(**changes))
    assert (finding.rule, finding.severity) == (rule, severity)


def test_an_environment_that_asks_for_nothing_gets_it() -> None:
    assert findings(facts(system="Plan 9"), requirements=Requirements()) == []


def test_a_lock_that_changed_is_found() -> None:
    assert findings(lock_digest="1" * 64) == []
    assert [finding.rule for finding in findings(lock_digest="2" * 64)] == ["lock.drift"]


def test_a_clock_that_was_set_back_meanwhile_is_told_of() -> None:
    draft = examples.draft(results=[result("a.b")], finished="2026-02-15T16:00:00Z")
    assert [finding.rule for finding in judge(draft, policy()).findings] == ["times.backwards"]


@pytest.mark.parametrize("text", ["/home/ada/x", "/Users/ada", "C:\\Users\\ada", "/root/.cache", "by ada"])
def test_a_report_that_tells_of_somebody_is_found(text: str) -> None:
    told = result("a.b", **examples.not_passed("failed", f"see {text}"), notes={"at": text})
    draft = examples.draft(results=[result("a.c"), told])
    found = judge(draft, policy(secrets={"ada": "<user>"})).findings
    paths = {finding.subject for finding in found if finding.rule == "hygiene.told"}
    assert paths == {"report.results[1].reason", "report.results[1].notes.at"}
    assert not any("ada" in finding.message for finding in found if finding.rule == "hygiene.told")


@pytest.mark.parametrize("word", ["model", "value", "samples", "compare", "learns", "higher", "known", "datasheet"])
def test_a_name_that_is_an_ordinary_word_is_looked_for_in_foreign_texts_only(word: str) -> None:
    figure = examples.measured("rate", [1.0], "GB/s", conditions={"of": f"by {word}"}, inconclusive=f"{word} was busy")
    ours = result("learns.model", title="The model learns", **examples.not_passed("failed", "1 is not 2"))
    told = result("a.c", measurements=[figure])
    for results, paths in (
        ([result("a.b"), ours], set()),
        ([told], {f"report.results[0].measurements[0].{name}" for name in ("conditions.of", "inconclusive")}),
    ):
        found = judge(examples.draft(results=results), policy(secrets={word: "<user>"})).findings
        assert {finding.subject for finding in found if finding.rule == "hygiene.told"} == paths


def test_a_name_in_the_conditions_of_the_run_is_found_where_it_stands() -> None:
    draft = examples.draft(conditions={"load_before": 1.0, "other": {"place": "/home/ada"}}, results=[result("a.b")])
    (found,) = [finding for finding in judge(draft, policy()).findings if finding.rule == "hygiene.told"]
    assert found.subject == "report.conditions.other.place"


def test_a_name_in_a_key_is_found_too() -> None:
    draft = examples.draft(results=[result("a.b", notes={"/home/ada": 1})])
    assert [finding.rule for finding in judge(draft, policy()).findings] == ["hygiene.told"]
