"""What people see of a gate, word for word, and what machines read.

After an intended change: ``UPDATE_GOLDEN=1 pytest tests/render``, then read the difference.
"""

import os
from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest

from tests.examples import ROOT
from tests.gates import behaviour, check, figure, gate
from verify.render import gate as page
from verify.render import gate_junit
from verify.report.gate import Report

GOLDEN = ROOT / "tests/golden"
RED = "\x1b[31m"


def refused() -> Report:
    """A gate that refuses for every kind of reason, and says which package it is."""
    worse = figure("lora_step", decision="regressed", estimate=0.0953, low=0.0892, high=0.1011, candidate=0.0343)
    open_ = figure("dataset_map", decision="undecided", estimate=0.031, low=-0.0042, high=0.0712)
    return gate(
        checks=[check(), check(id="models.gpt2_loads[mps]", current="failed", candidate="passed", alone=None)],
        behaviours=[
            behaviour("control"),
            behaviour("candidate", outcome="failed", reason="logit_gap is 0.001 1, must be at most 5e-05"),
        ],
        figures=[worse, open_],
        advisories=[{"id": "mps-bmm", "severity": "warn", "heard": "comes", "reason": "wrong | sums <b>"}],
        licences=[{"name": "peft", "before": "Apache-2.0", "after": "MIT"}],
        lost=[{"name": "mlx_step[mlx]", "current": None, "candidate": "ImportError: libmlx"}],
        bisections=[
            {
                "rule": "figures.regressed",
                "subject": "lora_step[mps]",
                "packages": ["peft"],
                "trials": 5,
                "unresolved": 1,
                "note": "taking it alone brings the finding about again",
            }
        ],
        stopped="a regression is certain",
    )


@pytest.mark.parametrize("case", [gate, refused], ids=["gate-accepted", "gate-refused"])
@pytest.mark.parametrize(("render", "suffix"), [(page.render, "md"), (page.brief, "txt"), (gate_junit.render, "xml")])
def test_what_is_rendered_is_what_was_looked_at(
    case: Callable[[], Report], render: Callable[[Report], str], suffix: str
) -> None:
    golden = GOLDEN / f"{'gate-accepted' if case is gate else 'gate-refused'}.{suffix}"
    rendered = render(case())
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(rendered, encoding="utf-8")
    assert rendered == golden.read_text(encoding="utf-8")


def test_junit_fails_what_refuses_and_skips_what_could_not_be_told() -> None:
    root = ET.fromstring(gate_junit.render(refused()))  # noqa: S314 - of our own making
    cases = {(case.get("classname"), case.get("name")): case for case in root.iter("testcase")}
    assert cases["checks.newly_failing", "lora.merging_keeps_the_logits[mps]"].find("failure") is not None
    assert cases["inconclusive.figure", "dataset_map[mps]"].find("skipped") is not None
    assert root.get("failures") == str(len(list(root.iter("failure"))))


def test_an_inconclusive_gate_is_an_error_of_its_own() -> None:
    root = ET.fromstring(gate_junit.render(gate(figures=[])))  # noqa: S314 - the same
    assert (root.get("failures"), root.get("errors")) == ("0", "1")


def test_an_accepted_gate_has_no_failure() -> None:
    assert ET.fromstring(gate_junit.render(gate())).get("failures") == "0"  # noqa: S314 - the same


def test_a_verdict_is_red_in_a_terminal_when_it_refuses() -> None:
    assert RED in page.brief(refused(), colour=True)
    assert RED not in page.brief(gate(), colour=True)


def test_nothing_in_a_gate_becomes_markup() -> None:
    hostile = "<script>alert(1)</script> | ## PASSED [x](javascript:y)\n\n# accepted"
    text = page.render(gate(checks=[check(reason=hostile)]))
    assert "<script>" not in text
    assert "\n# accepted" not in text
    assert "[x](javascript" not in text
