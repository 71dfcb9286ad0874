import pytest

from tests import examples
from verify.cli.run import exit_of
from verify.errors import Exit
from verify.report.fields import Outcome

BUSY = "other processes used 31% of the processors"


def test_a_certified_machine_is_zero() -> None:
    assert exit_of(examples.certify(results=[examples.result("a.b")]), strict=True) == Exit.HOLDS


@pytest.mark.parametrize(("strict", "code"), [(False, Exit.HOLDS), (True, Exit.COULD_NOT_RUN)])
def test_a_conditional_machine_is_zero_unless_one_is_strict(strict: bool, code: Exit) -> None:
    figure = examples.measured("rate", [1.0], "GB/s", inconclusive=BUSY)
    report = examples.certify(results=[examples.result("a.b", kind="benchmark", measurements=[figure])])
    assert exit_of(report, strict=strict) == code


def test_an_optional_check_may_skip_but_not_fail() -> None:
    def code(outcome: str) -> int:
        optional = examples.result("a.c", **examples.not_passed(outcome, "not here", required=False))
        return exit_of(examples.report("v1", results=[examples.result("a.b"), optional]), strict=False)

    assert (code("skipped"), code("failed")) == (Exit.HOLDS, Exit.REFUSED)


@pytest.mark.parametrize("outcome", ["failed", "errored", "crashed", "timed_out", "out_of_memory", "skipped"])
def test_a_refused_machine_is_one_at_every_level(outcome: Outcome) -> None:
    results = [examples.result("a.b"), examples.result("a.c", **examples.not_passed(outcome, "it did not pass"))]
    for version in ("v1", "v2", "v3"):
        assert exit_of(examples.report(version, results=results), strict=False) == Exit.REFUSED
