"""What bounds a figure, with numbers that were worked out by hand."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import examples
from tests.examples import measured, policy, result
from verify.judge.policy import Requirements
from verify.judge.verdict import judge
from verify.report import v3
from verify.report.roofline import Position, last_cache_bytes, positions, seconds_of
from verify.report.upgrade import newest

FP32 = {"dtype": "float32"}
BF16 = {"dtype": "bfloat16"}
# A processor of 200 GFLOPS, 40 GB/s from memory, 100 GB/s from its 32 MiB of cache: its ridge is at 5 FLOP/B.
ROOFS = [
    result(
        "matmul.rate",
        "cpu",
        kind="benchmark",
        measurements=[measured("best_seen_gflops", [200], "GFLOPS", conditions=FP32)],
    ),
    result(
        "bandwidth.copy",
        "cpu",
        kind="benchmark",
        measurements=[
            measured("best_seen_copy_rate", [40], "GB/s", conditions={**FP32, "level": "memory"}),
            measured("best_seen_copy_rate", [100], "GB/s", conditions={**FP32, "level": "cache"}),
        ],
    ),
    result(
        "kernel_launch.cost",
        "cpu",
        kind="benchmark",
        measurements=[measured("launch_seconds", [2e-6], "s", direction="lower")],
    ),
]
CACHES = [{"level": 2, "bytes": 2**20, "count": 2}, {"level": 3, "bytes": 2**24, "count": 2}]


def machine(**of: Any) -> examples.Data:
    """A machine with 32 MiB in two caches of the last level."""
    known = examples.facts()
    known["processor"] |= {"caches": CACHES, **of}
    return known


def report(*figures: examples.Data, roofs: list[examples.Data] | None = None, **of: Any) -> v3.Report:
    """A report with these figures beside its roofs."""
    taken = result("work.rate", "cpu", kind="benchmark", measurements=list(figures))
    return newest(examples.draft(results=[*(ROOFS if roofs is None else roofs), taken], facts=machine(**of)))


def only(*figures: examples.Data, **of: Any) -> Position:
    """Where the one figure lies."""
    (position,) = [found for found in positions(report(*figures, **of)) if found.result.id == "work.rate[cpu]"]
    return position


def work(seconds: float, **conditions: Any) -> examples.Data:
    """A time with its counts."""
    return measured("step", [seconds], "s", direction="lower", conditions={**FP32, **conditions})


BIG = 2**30


def test_work_beyond_the_ridge_is_bound_by_arithmetic() -> None:
    # 50 FLOP/B; 10 GFLOP take 50 ms at least, and took 100.
    found = only(work(0.1, flops=10e9, bytes=0.2e9, working_set_bytes=BIG))
    assert (found.label, found.intensity) == ("compute-bound", 50)
    assert found.share == pytest.approx(0.5)
    assert found.roof is not None
    assert found.roof.origin == "the best seen here (matmul.rate[cpu])"


def test_work_before_the_ridge_is_bound_by_memory() -> None:
    # 0.25 FLOP/B; 1 GB takes 25 ms at least, and took 40.
    found = only(work(0.04, flops=0.25e9, bytes=1e9, working_set_bytes=BIG))
    assert (found.label, found.intensity) == ("bandwidth-bound", 0.25)
    assert found.share == pytest.approx(0.625)


def test_a_copy_has_no_operations_and_lies_under_the_memory_alone() -> None:
    found = only(measured("copy", [30], "GB/s", conditions={"bytes": BIG, "working_set_bytes": BIG, "level": "memory"}))
    assert (found.label, found.intensity) == ("bandwidth-bound", 0)
    assert found.share == pytest.approx(0.75)


def test_work_that_waits_for_its_launches_is_bound_by_dispatch() -> None:
    # 30 launches of 2 us are 60 of 100 us.
    found = only(work(100e-6, flops=1e6, bytes=1e6, launches=30))
    assert found.label == "dispatch-bound"
    assert found.share == pytest.approx(0.6)
    assert only(work(100e-6, flops=1e6, bytes=1e6, launches=24)).label != "dispatch-bound"
    assert only(work(100e-6, launches=26, flops=1)).label == "dispatch-bound", "bytes need not be counted"


def test_work_whose_data_fit_the_caches_lies_under_the_caches_roof() -> None:
    # 10 MB at 100 GB/s take 100 us, and took 200.
    found = only(work(200e-6, flops=1e6, bytes=10e6, working_set_bytes=2**25))
    assert found.label == "cache-bound"
    assert found.share == pytest.approx(0.5)
    assert only(work(500e-6, flops=1e6, bytes=10e6, working_set_bytes=2**25 + 1)).label == "bandwidth-bound"
    assert only(work(500e-6, flops=1e6, bytes=10e6, level="cache")).label == "cache-bound"


def test_what_is_faster_than_memory_came_from_a_cache_whatever_the_machine_tells() -> None:
    found = only(work(0.01, flops=0.1e9, bytes=0.74e9, working_set_bytes=BIG))
    assert found.label == "cache-bound"


def test_a_cache_without_a_roof_gives_a_label_and_no_share() -> None:
    roofs = [ROOFS[0], {**ROOFS[1], "measurements": ROOFS[1]["measurements"][:1]}]
    found = only(work(200e-6, flops=1e6, bytes=10e6, working_set_bytes=2**25), roofs=roofs)
    assert (found.label, found.share, found.roof) == ("cache-bound", None, None)


def test_what_is_called_a_cache_but_slower_than_memory_is_no_roof() -> None:
    slow = measured("copy_rate", [39], "GB/s", conditions={**FP32, "level": "cache"})
    roofs = [ROOFS[0], {**ROOFS[1], "measurements": [ROOFS[1]["measurements"][0], slow]}]
    found = only(work(500e-6, flops=1e6, bytes=10e6, working_set_bytes=2**25), roofs=roofs)
    assert (found.label, found.share, found.roof) == ("cache-bound", None, None)


@pytest.mark.parametrize(
    "figure",
    [
        work(0.1, bytes=1e9, flops=1e9, level="disk"),
        work(0.1, bytes=1e9, flops=1e9, level="ramp"),
        work(0.1, flops=1e9, dtype="float8"),
        work(0.1),
        measured("startup_seconds", [0.1], "s", conditions={**FP32, "flops": 1e9, "bytes": 1e9}),
        measured("best_seen_gflops", [100], "GFLOPS", conditions={**FP32, "flops": 1e9, "bytes": 1e9}),
        measured("rate", [100], "tokens/s", conditions={**FP32, "flops": 1e9, "bytes": 1e9}),
        work(0.1, flops=1e9, bytes=1e9, dtype="float8"),
    ],
)
def test_what_has_no_counts_or_no_roof_has_no_position(figure: examples.Data) -> None:
    assert [found for found in positions(report(figure)) if found.result.id == "work.rate[cpu]"] == []


def test_work_whose_bytes_were_not_counted_has_a_share_of_arithmetics_roof_and_no_bound() -> None:
    # 10 GFLOP take 50 ms at least, and took 100; were memory what bounds it, it would be nearer to that.
    found = only(work(0.1, flops=10e9))
    assert (found.label, found.bound, found.intensity) == ("bound unknown", None, None)
    assert found.share == pytest.approx(0.5)
    assert found.roof is not None
    assert found.roof.origin == "arithmetic alone: the best seen here (matmul.rate[cpu])"
    told = only(work(0.1, flops=10e9, bytes=2.4e9, working_set_bytes=BIG))
    assert told.share == pytest.approx(0.6)
    assert only(work(0.1, flops=10e9, bytes=1e9), roofs=ROOFS[:1]).label == "bound unknown"


def test_autocast_computes_in_the_format_that_it_names() -> None:
    brief = result("matmul.brief", "cpu", measurements=[measured("gflops", [400], "GFLOPS", conditions=BF16)])
    found = only(work(0.1, flops=10e9, dtype="bfloat16 autocast"), roofs=[*ROOFS, brief])
    assert found.share == pytest.approx(0.25)


def test_near_peak_is_said_of_a_datasheets_roof_only() -> None:
    best = work(0.05, flops=10e9, bytes=0.2e9, working_set_bytes=BIG)
    assert only(best).share == pytest.approx(1.0)
    assert only(best).label == "compute-bound"
    share = {"percent": 100 * 200 / 210, "peak": 210, "source": "A part: its datasheet (not verified)"}
    told = measured("gflops", [200], "GFLOPS", conditions=FP32, percent_of_peak=share)
    near = only(best, roofs=[*ROOFS, result("matmul.told", "cpu", measurements=[told])])
    assert near.label == "compute-bound, near peak"
    assert near.share == pytest.approx(200 / 210)
    assert near.roof is not None
    assert near.roof.origin == "the datasheet of A part (not verified)"
    far = work(0.0532, flops=10e9, bytes=0.2e9, working_set_bytes=BIG)
    assert only(far, roofs=[*ROOFS, result("matmul.told", "cpu", measurements=[told])]).label == "compute-bound"


@pytest.mark.parametrize(
    ("figure", "seconds"),
    [
        (measured("it", [200], "GFLOPS", conditions={"flops": 2e9}), 0.01),
        (measured("it", [0.2], "TFLOPS", conditions={"flops": 2e9}), 0.01),
        (measured("it", [50], "GB/s", conditions={"bytes": 1e9}), 0.02),
        (measured("it", [3], "ms", conditions={}), 0.003),
        (measured("it", [3], "tokens/s", conditions={"flops": 1}), None),
        (measured("it", [3], "GFLOPS", conditions={"flops": True}), None),
    ],
)
def test_a_call_takes_as_long_as_its_rate_says(figure: examples.Data, seconds: float | None) -> None:
    told = report(figure).results[-1].measurements[0]
    assert seconds_of(told) == (None if seconds is None else pytest.approx(seconds))


@given(
    flops=st.floats(1e6, 1e12),
    moved=st.floats(1e6, 1e12),
    slowness=st.floats(1.0, 1e3),
)
def test_no_share_exceeds_one_of_what_takes_longer_than_its_floor(flops: float, moved: float, slowness: float) -> None:
    floor = max(flops / 200e9, moved / 40e9)
    found = only(work(floor * slowness, flops=flops, bytes=moved, working_set_bytes=BIG))
    assert found.share == pytest.approx(1 / slowness)
    assert found.bound == ("compute" if flops / 200e9 >= moved / 40e9 else "bandwidth")


def test_caches_of_the_last_level_count_together() -> None:
    assert last_cache_bytes(report().facts, "cpu") == 2**25
    assert last_cache_bytes(report().facts, "cuda") is None
    told = [
        examples.device("cpu"),
        examples.device("cuda", cache_bytes=2**26),
        examples.device("mps", cache_bytes=2**20),
    ]
    assert last_cache_bytes(newest(examples.draft(facts=examples.facts(devices=told))).facts, "cuda") == 2**26
    assert last_cache_bytes(newest(examples.draft()).facts, "cpu") is None


ZEN5 = {
    "name": "AMD EPYC",
    "physical_cores": 2,
    "logical_cores": 2,
    "instruction_sets": ["avx2", "fma", "avx512f", "avx512_bf16"],
    "vendor": "AuthenticAMD",
    "family": 26,
    "model": 2,
}


@pytest.mark.parametrize(
    ("figure", "impossible"),
    [
        # Two cores x 64 operations x 6.5 GHz are 832 GFLOPS in float32, twice that in bfloat16.
        (measured("rate", [831], "GFLOPS", conditions=FP32), False),
        (measured("rate", [833], "GFLOPS", conditions=FP32), True),
        (measured("rate", [903], "GFLOPS", conditions={"dtype": "bfloat16"}), False),
        (measured("rate", [1.67], "TFLOPS", conditions={"dtype": "torch.bfloat16"}), True),
        (work(1.0, flops=1.67e12, dtype="bfloat16 autocast"), True),
        (measured("rate", [200, 200, 900], "GFLOPS", conditions=FP32), True),
        (work(1.0, flops=831e9), False),
        (work(1.0, flops=833e9), True),
        (measured("rate", [1e6], "GFLOPS", conditions={"dtype": "int8"}), False),
    ],
)
def test_no_processor_exceeds_its_cores_at_the_fastest_clock_there_is(figure: examples.Data, impossible: bool) -> None:
    taken = report(figure, roofs=[], **ZEN5)
    assert [finding.rule for finding in judge(taken, policy(requirements=Requirements())).findings] == [
        "physics.impossible"
    ] * impossible


@pytest.mark.parametrize(("seconds", "rules"), [(0.5, []), (0.2, ["physics.below_unverified_floor"])])
def test_no_work_takes_less_than_its_operations_need(seconds: float, rules: list[str]) -> None:
    # The example's GPU has 21.5 TFLOPS: 7 TFLOP take it 0.33 s.
    step = work(seconds, flops=7e12)
    draft = examples.draft(results=[result("a.b", "mps", measurements=[step])])
    assert [finding.rule for finding in judge(draft, policy()).findings] == rules


def test_launches_that_are_told_of_no_device_are_the_processor_s() -> None:
    cost = result("kernel_launch.cost", measurements=[measured("launch_seconds", [2e-6], "s", direction="lower")])
    found = only(work(100e-6, flops=1e6, bytes=1e6, launches=30), roofs=[*ROOFS[:2], cost])
    assert found.label == "dispatch-bound"
