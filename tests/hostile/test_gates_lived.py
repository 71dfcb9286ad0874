"""Gates with anything in them, in any order: bad news is never outweighed, and no order changes a verdict."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gates import EXAMPLE, behaviour, check, figure, gate
from verify.report.gate import Report
from verify.report.v2 import Finding

# From best to worst: what is worse may not become better by anything that is added.
RANK = {"accepted": 0, "inconclusive": 1, "refused": 2}
OUTCOMES = st.sampled_from(["passed", "failed", "crashed", "errored", "skipped"])
DECISIONS = st.sampled_from(["held", "undecided", "hopeless", "regressed"])
CHECKS = st.builds(lambda number, now, then: check(id=f"lora.c{number}[mps]", current=now, candidate=then, alone=then),
                   st.integers(0, 9), OUTCOMES, OUTCOMES)  # fmt: skip
FIGURES = st.builds(lambda number, decision: figure(f"step_{number}", decision=decision), st.integers(0, 9), DECISIONS)
BEHAVIOURS = st.builds(
    lambda reader, outcome, number: behaviour(reader, outcome=outcome, id=f"logits.b{number}[mps]"),
    st.sampled_from(["control", "candidate", "current"]),
    st.sampled_from(["passed", "failed", "errored", "skipped"]),
    st.integers(0, 4),
)
PARTS = {"checks": CHECKS, "figures": FIGURES, "behaviours": BEHAVIOURS}


def parts(name: str) -> st.SearchStrategy[list[Any]]:
    """Some of one kind, each once."""
    return st.lists(
        PARTS[name], max_size=4, unique_by=lambda part: (part.get("id") or part["name"], part.get("reader"))
    )


def value(report: Report) -> str:
    assert report.verdict is not None
    return report.verdict.value


def _named(finding: Finding) -> tuple[str, str, str]:
    return finding.rule, finding.subject, finding.severity


@settings(deadline=None)
@given(st.fixed_dictionaries({name: parts(name) for name in PARTS}), st.randoms(use_true_random=False))
def test_no_order_changes_a_verdict(changes: dict[str, Any], order: Any) -> None:
    other = {name: order.sample(listed, len(listed)) for name, listed in changes.items()}
    first, second = gate(**changes), gate(**other)
    assert value(first) == value(second)
    assert first.verdict is not None
    assert second.verdict is not None
    # A message tells things in the order in which they were asked.
    assert sorted(map(_named, first.verdict.findings)) == sorted(map(_named, second.verdict.findings))


@settings(deadline=None)
@given(parts("checks"), parts("figures"), st.sampled_from([check(id="lora.worse[mps]"), None]))
def test_what_got_worse_is_never_outweighed(checks: list[Any], figures: list[Any], worse: Any) -> None:
    added = [figure("worse", decision="regressed", estimate=0.2, low=0.19, high=0.21)] if worse is None else []
    before = gate(checks=checks, figures=[*EXAMPLE["figures"], *figures])
    after = gate(checks=[*checks, *([worse] if worse else [])], figures=[*EXAMPLE["figures"], *figures, *added])
    assert RANK[value(after)] >= RANK[value(before)]
    assert value(after) == "refused"


@settings(deadline=None)
@given(parts("figures"))
def test_what_could_not_be_told_is_never_an_acceptance(figures: list[Any]) -> None:
    judged = gate(figures=[*figures, figure("unknown", decision="undecided")])
    assert value(judged) != "accepted"
