import pytest

from verify.errors import UsageError
from verify.probe.check import Check, Device, Kind, Level, Terms
from verify.run.plan import plan, select


def check(
    claim: str,
    *,
    kind: Kind = "functional",
    level: Level = "quick",
    devices: tuple[Device, ...] = (),
    needs: tuple[str, ...] = (),
    optional: bool = False,
) -> Check:
    return Check(claim, kind, "title", "advice", "file.py", Terms(level, needs, devices, 10.0, optional))


def ids(*checks: Check, level: Level = "certify") -> list[str]:
    return [job.id for job in plan(checks, level=level, environment="cpu", promised=["cpu"], locked=["torch"])]


def test_a_check_is_planned_once_for_each_device_it_knows() -> None:
    assert ids(check("a.b", devices=("cpu", "mps"))) == ["a.b[cpu]", "a.b[mps]"]


def test_a_check_of_no_device_is_planned_once_without_brackets() -> None:
    assert ids(check("a.b")) == ["a.b"]


def test_a_level_asks_what_lower_levels_ask_and_no_more() -> None:
    checks = [check("q.q"), check("f.f", level="full"), check("c.c", level="certify")]
    assert ids(*checks, level="quick") == ["q.q"]
    assert ids(*checks, level="full") == ["q.q", "f.f"]
    assert ids(*checks, level="certify") == ["q.q", "f.f", "c.c"]


def test_benchmarks_come_last_and_alone() -> None:
    jobs = plan(
        [check("b.b", kind="benchmark"), check("a.a")], level="certify", environment="cpu", promised=[], locked=[]
    )
    assert [(job.id, job.alone) for job in jobs] == [("a.a", False), ("b.b", True)]


def test_a_device_that_is_not_promised_is_skipped_with_the_reason_and_not_required() -> None:
    _, job = plan([check("a.b", devices=("cpu", "mps"))], level="quick", environment="cpu", promised=["cpu"], locked=[])
    assert (job.skip, job.required) == ("cpu promises no mps", False)


def test_a_package_that_is_not_locked_is_a_reason_to_skip_that_costs_the_certificate() -> None:
    (job,) = plan([check("a.b", needs=("bitsandbytes",))], level="quick", environment="cpu", promised=[], locked=[])
    assert (job.skip, job.required) == ("needs bitsandbytes, not in the lock of cpu", True)


def test_an_optional_check_is_planned_but_not_required() -> None:
    (job,) = plan([check("a.b", optional=True)], level="quick", environment="cpu", promised=[], locked=[])
    assert (job.skip, job.required) == (None, False)


def test_a_selection_keeps_what_matches_by_pattern_and_device() -> None:
    jobs = plan(
        [check("lora.a", devices=("cpu", "mlx")), check("mlx.b")],
        level="quick",
        environment="cpu",
        promised=["cpu", "mlx"],
        locked=[],
    )
    assert [job.id for job in select(jobs, ["lora.*"], [])] == ["lora.a[cpu]", "lora.a[mlx]"]
    assert [job.id for job in select(jobs, ["lora.a"], ["mlx"])] == ["lora.a[mlx]"]


def test_a_selection_of_nothing_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(UsageError, match=r"no check matches nonsense") as error:
        select(plan([check("a.b")], level="quick", environment="cpu", promised=[], locked=[]), ["nonsense"], [])
    assert "verify checks" in error.value.hint
