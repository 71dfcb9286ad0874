"""Each finding in its own words: how grave it is, which rule found it, about what, and what it says."""

from typing import Any

import pytest

from tests import examples
from tests.examples import derived, device, facts, measured, not_passed, policy, result
from verify.judge.policy import Requirements
from verify.judge.verdict import judge

BUSY = "other processes used 31% of the processors"
KNOWN = examples.KNOWN_ISSUE


def told(*results: examples.Data, of: dict[str, Any] | None = None, **changes: Any) -> list[tuple[str, ...]]:
    """What is found in a report with these results, the gravest first."""
    draft = examples.draft(results=[result("a.c"), *results], **changes)
    found = judge(draft, policy(**(of or {}))).findings
    return [(one.severity, one.rule, one.subject, one.message) for one in found]


def figured(*figures: examples.Data, **changes: Any) -> list[tuple[str, ...]]:
    """What is found in a check on the GPU with these figures."""
    return told(result("a.b", "mps", measurements=list(figures), **changes))


@pytest.mark.parametrize(
    ("found", "rule", "message"),
    [
        (
            measured("time", [1, 2, 30], "s", value=1),
            "recompute.value",
            "time is 1, stated as the median of its samples, which is 2",
        ),
        (
            measured("loss", [3, 2, 1], "nat", along="step", value=2),
            "recompute.value",
            "loss is 2, stated as the last of its samples, which is 1",
        ),
        (
            derived("share", "100 * some / all", 99, "%", {"some": 1, "all": 4}),
            "recompute.value",
            "share is 99, stated as 100 * some / all of {'all': 4, 'some': 1}, which is 25",
        ),
        (
            derived("share", "some / 0", 99, "%", {"some": 1}),
            "recompute.value",
            "share is 99, stated as some / 0 of {'some': 1}, which has no value",
        ),
        (
            measured("gap", [2], "1", limits={"at_most": 1.5}),
            "recompute.limit",
            "passed with gap 2, at most 1.5 stated",
        ),
        (
            measured("gap", [2], "1", limits={"at_least": 2.5}),
            "recompute.limit",
            "passed with gap 2, at least 2.5 stated",
        ),
        (measured("gap", [2], "1", limits={"equals": 3}), "recompute.limit", "passed with gap 2, exactly 3 stated"),
        (
            measured("rate", [50], "1", percent_of_peak={"percent": 99, "peak": 200, "source": "a datasheet"}),
            "recompute.percent",
            "rate is 25% of 200, not 99%",
        ),
        (measured("it", [1, -2, 1], "ms"), "physics.not_positive", "it has a sample of -2 ms"),
    ],
)
def test_a_figure_that_cannot_be_is_quoted(found: examples.Data, rule: str, message: str) -> None:
    assert figured(found) == [("error", rule, "a.b[mps]", message)]


def test_what_is_faster_than_the_datasheet_is_quoted_beside_it() -> None:
    fast = measured("copy", [100, 100, 1672], "GB/s")
    message = "copy reaches 1672 GB/s, the datasheet of Apple M2 Ultra, 60-core GPU says 800"
    assert figured(fast) == [("warning", "physics.above_unverified_peak", "a.b[mps]", message)]
    assert figured(measured("copy", [840], "GB/s")) == []
    assert figured(measured("copy", [841], "GB/s")) != []


def test_no_time_and_no_learning_are_told() -> None:
    assert figured(seconds=0) == [("error", "physics.no_time", "a.b[mps]", "it passed in no time")]
    notes = {"final_loss": 10.3, "chance_loss": 10.3}
    message = "passed with a final loss of 10.3, chance is 10.3"
    assert figured(notes=notes) == [("error", "chance.not_learned", "a.b[mps]", message)]
    assert figured(notes={"final_loss": 10.29, "chance_loss": 10.3}) == []
    assert figured(notes={"final_loss": 10.3}) == []
    assert figured(notes={"chance_loss": 10.3}) == []


def test_what_was_asked_and_left_out_is_named() -> None:
    assert told(of={"expected": frozenset({"a.c", "a.d", "a.e", "a.f"})}) == [
        ("error", "plan.partial", "planned", "3 of 4 checks were left out: a.d, a.e, a.f")
    ]
    assert told(of={"expected": frozenset({"a.c", "a.d", "a.e", "a.f", "a.g"})}) == [
        ("error", "plan.partial", "planned", "4 of 5 checks were left out: a.d, a.e, a.f, …")
    ]
    nothing = judge(examples.draft(results=[]), policy()).findings
    assert [(one.rule, one.subject, one.message) for one in nothing] == [
        ("plan.empty", "planned", "no check was planned")
    ]
    skipped = result("a.b", **not_passed("skipped", "no", required=False))
    alone = judge(examples.draft(results=[skipped]), policy()).findings
    assert [(one.rule, one.subject, one.message) for one in alone] == [
        ("plan.nothing_passed", "results", "no check passed")
    ]
    unreached = not_passed("skipped", "the run was interrupted")
    optional = not_passed("skipped", "no", required=False)
    assert told(result("a.d", **unreached), result("a.e", **optional), interrupted=True) == [
        ("error", "plan.interrupted", "report", "the run was interrupted, 1 required checks did not run")
    ]


def test_totals_are_quoted_beside_what_is_listed() -> None:
    draft = examples.draft(results=[result("a.b")])
    wrong = draft.model_copy(update={"counts": draft.counts.model_copy(update={"failed": 6})})
    (found,) = judge(wrong, policy()).findings
    assert (found.subject, found.message) == ("counts", "6 failed stated, 0 listed")


@pytest.mark.parametrize(
    ("answer", "severity", "rule", "message"),
    [
        (not_passed("timed_out", "it hung"), "error", "outcomes.timed_out", "timed out: it hung"),
        (
            not_passed("failed", "no", known_issue=KNOWN),
            "warning",
            "outcomes.known_issue",
            "failed: no; known issue mps-quantize-per-tensor: aten::quantize_per_tensor is not implemented for MPS",
        ),
        (
            not_passed("failed", "no", known_issue={**KNOWN, "expires": "2026-02-14"}),
            "error",
            "outcomes.known_issue_expired",
            "failed: no; the known issue mps-quantize-per-tensor expired on 2026-02-14",
        ),
        (
            not_passed("failed", "no", known_issue={**KNOWN, "expires": "2027-02-17"}),
            "error",
            "outcomes.known_issue_too_long",
            (
                "failed: no; the known issue mps-quantize-per-tensor expires on 2027-02-17, "
                "more than 366 days after the run"
            ),
        ),
        (
            {"known_issue": KNOWN},
            "note",
            "outcomes.fixed",
            (
                "passed: the known issue mps-quantize-per-tensor is fixed here; "
                "delete it, or narrow it to where it still fails"
            ),
        ),
    ],
)
def test_an_outcome_is_told_with_its_reason_and_its_excuse(
    answer: examples.Data, severity: str, rule: str, message: str
) -> None:
    assert told(result("a.b", **answer)) == [(severity, rule, "a.b", message)]


def test_doubts_about_figures_are_counted_and_the_first_is_quoted() -> None:
    figures = [
        measured("rate", [1.0], "GB/s", inconclusive=BUSY),
        measured("rate", [1.0], "GB/s", inconclusive=BUSY),
        measured("copy", [1.0], "GB/s"),
    ]
    rule = "inconclusive.measurement"
    assert figured(*figures) == [("warning", rule, "a.b[mps]", f"rate (2 of 3 figures): {BUSY}")]
    figures[2] |= {"inconclusive": "it was hot"}
    message = f"rate, copy (3 of 3 figures): {BUSY} (and 1 like it)"
    assert figured(*figures) == [("warning", rule, "a.b[mps]", message)]
    assert told(conditions={"inconclusive": BUSY}) == [("warning", "inconclusive.run", "conditions", BUSY)]


def test_a_figure_that_was_disturbed_is_told_beside_the_failure() -> None:
    slow = measured("rate", [1.0], "GB/s", limits={"at_least": 2}, inconclusive=BUSY)
    other = measured("gap", [3.0], "1", limits={"at_most": 1}, inconclusive=BUSY)
    reason = "rate is 1 GB/s, must be at least 2; gap is 3 1, must be at most 1"
    found = figured(slow, other, **not_passed("failed", reason))
    assert found[1] == ("warning", "outcomes.disturbed", "a.b[mps]", f"failed: {reason}; the figure is inconclusive")


WORKS = {"built": True, "available": True, "computes": True}


@pytest.mark.parametrize(
    ("mps", "rule", "message"),
    [
        (
            device("mps", problem="no MPS"),
            "devices.absent",
            "promised by m2, not available, not even built in: no MPS",
        ),
        (device("mps", built=True, problem="no Metal"), "devices.absent", "promised by m2, not available: no Metal"),
        (
            device("mps", built=True, available=True),
            "devices.do_not_compute",
            "promised by m2, does not compute: no reason was given",
        ),
        (device("cuda", **WORKS), "devices.absent", "promised by m2, not available: no reason was given"),
    ],
)
def test_a_device_that_is_missing_is_told_with_its_problem(mps: examples.Data, rule: str, message: str) -> None:
    machine = facts(devices=[device("cpu", **WORKS), device("mlx", **WORKS), mps])
    assert told(facts=machine) == [("error", rule, "mps", message)]


@pytest.mark.parametrize(
    ("changes", "severity", "rule", "subject", "message"),
    [
        ({"system": "Linux"}, "error", "system", "system", "m2 is for Darwin, this is Linux"),
        ({"architecture": "x86_64"}, "error", "architecture", "architecture", "m2 is for arm64, this is x86_64"),
        ({"memory_bytes": 32 * 10**9}, "error", "memory", "memory", "m2 needs 64.0 GB, this has 32.0"),
        (
            {"memory_limit_bytes": 8 * 10**9},
            "warning",
            "memory_limit",
            "memory",
            "m2 needs 64.0 GB, the container may use 8.0",
        ),
    ],
)
def test_a_machine_of_another_class_is_told_beside_what_is_needed(
    changes: examples.Data, severity: str, rule: str, subject: str, message: str
) -> None:
    assert told(facts=facts(**changes)) == [(severity, f"requirements.{rule}", subject, message)]


def test_memory_that_is_just_enough_is_enough() -> None:
    assert told(facts=facts(memory_bytes=64 * 10**9, memory_limit_bytes=64 * 10**9)) == []


def test_chips_clocks_and_locks_are_told() -> None:
    chips = Requirements("Darwin", "arm64", 64e9, ("Apple M1", "Apple M3"), ("cpu",))
    message = "m2 is for Apple M1 or Apple M3, this is Apple M2 Ultra"
    assert told(of={"requirements": chips}) == [("error", "requirements.chip", "processor", message)]
    message = "the lock changed: the report is about another set of packages"
    assert told(of={"lock_digest": "2" * 64}) == [("error", "lock.drift", "macos-arm64.txt", message)]
    back = "2026-02-15T16:00:00Z"
    message = f"finished {back}, created 2026-02-15T16:30:05Z: the clock was set back"
    assert told(finished=back) == [("warning", "times.backwards", "finished", message)]
    assert told(finished="2026-02-15T16:30:05Z") == []
