"""What two runs of pretraining's comparison say together."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks import doubled
from benchmarks.doubled import Range, Worth, cells, together, worths_in
from verify.probe.discover import find_checks
from verify.run.answer import Answer
from verify.run.plan import plan


def worth(low: float, high: float, step: Range | None = None, doubt: str | None = None) -> Worth:
    return Worth(Range((low + high) / 2, low, high), step, "none", doubt)


@pytest.mark.parametrize(
    ("one", "verdict"),
    [
        (worth(1.1, 1.2), "faster"),
        (worth(1.01, 1.02), "faster"),
        (worth(0.8, 0.9), "slower"),
        (worth(0.97, 1.03), "same"),
        (worth(0.97, 1.2), "undecided"),
        (worth(0.0, 2.0), "undecided"),
        (worth(1.1, 1.2, doubt="a neighbour"), "not believed"),
    ],
)
def test_a_verdict_follows_from_the_interval(one: Worth, verdict: str) -> None:
    assert one.verdict == verdict


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        (worth(1.1, 1.2), worth(1.3, 1.4), "agree"),
        (worth(1.1, 1.2), worth(0.97, 1.2), "no contradiction"),
        (worth(0.97, 1.03), worth(1.01, 1.04), "no contradiction"),
        (worth(1.1, 1.2), worth(0.8, 0.9), "contradict"),
        (worth(1.1, 1.2), worth(0.98, 1.02), "contradict"),
        (worth(1.1, 1.2, doubt="a neighbour"), worth(0.8, 0.9), "not told"),
        (worth(1.1, 1.2, Range(5, 4, 6)), worth(1.1, 1.2, Range(7, 6, 8)), "agree"),
        (worth(1.1, 1.2, Range(5, 4, 6)), worth(1.1, 1.2, Range(9, 7, 10)), "contradict: break-even"),
    ],
)
def test_two_runs_contradict_each_other_only_when_they_cannot_both_be_right(
    one: Worth, other: Worth, words: str
) -> None:
    assert together(one, other) == words == together(other, one)


def test_an_answer_is_read_arm_by_arm() -> None:
    def figure(name: str, arm: str, value: float, doubt: str | None = None) -> dict[str, Any]:
        return {"name": name, "conditions": {"arm": arm}, "value": value, "inconclusive": doubt}

    def speeds(arm: str, *values: float) -> list[dict[str, Any]]:
        ends = ("", "_low", "_high")
        return [figure(f"times_as_fast{end}", arm, value) for end, value in zip(ends, values, strict=False)]

    def steps(arm: str, doubt: str | None) -> list[dict[str, Any]]:
        ends = {"": 12.0, "_low": 10.0, "_high": 15.0}
        return [figure(f"break_even_step_{arm}{end}", arm, value, doubt) for end, value in ends.items()]

    check = next(check for check in find_checks() if check.id.startswith("pretraining."))
    (job, *_) = plan([check], level="certify", environment="cpu", promised=["cpu"], locked=["torch"])
    measurements = [
        figure("tokens_per_second", "baseline", 100.0),
        *speeds("bf16", 1.2, 1.1, 1.3),
        *steps("bf16", None),
        *speeds("sdpa", 1.2, 1.1, 1.3),
        *steps("sdpa", "its range reaches below the first step"),
        *speeds("muon", 0.9, 0.0),
    ]
    notes = {"break_even_muon": "none: its steps are not told apart from the baseline's; not to be believed: x"}
    told = {"measurements": measurements, "notes": notes}
    found = worths_in(Answer(job, "passed", None, measured=told))
    assert {name: cells(one) for name, one in found.items()} == {
        "bf16": "1.20 [1.10, 1.30] | 12 [10, 15] | faster",
        "sdpa": "1.20 [1.10, 1.30] | not believed | faster",
        "muon": "0.90 [0.00, inf] | none: its steps are not told apart from the baseline's | undecided",
    }
    failed = worths_in(Answer(job, "failed", "final_loss is 9", measured=told))
    assert {one.doubt for one in failed.values()} == {"the check failed: final_loss is 9"}


def test_an_optimisation_that_only_one_run_knows_is_shown_and_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = iter([{"bf16": worth(1.1, 1.2), "compile": worth(1.1, 1.2)}, {"bf16": worth(1.1, 1.3)}])
    monkeypatch.setattr(doubled, "asker", lambda _: None)
    monkeypatch.setattr(doubled, "_worths", lambda *_: next(runs))
    _, _, bf16, compiled, _, *rest = doubled.rows(Path())
    assert bf16.endswith("| faster | agree |")
    assert compiled.endswith("| not believed | not told |")
    assert rest == ["1 of 2 agree, 0 contradict.", "- compile, doubled: not believed, it was not run"]
