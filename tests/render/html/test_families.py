"""Which pictures the figures of a check make, whichever check it is."""

from typing import Any

import pytest

from tests import examples
from verify.render.html.chart import Bars, Lines, Picture
from verify.render.html.families import curves, families, worths
from verify.report import v3


def benchmark(*figures: Any, check: str = "training_throughput.steps") -> v3.Report:
    """A report of one benchmark."""
    return examples.certify(results=[examples.result(check, "cpu", kind="benchmark", measurements=list(figures))])


def rate(value: float, unit: str = "1/s", name: str = "samples_per_second", **conditions: Any) -> Any:
    return examples.measured(name, [value - 1, value, value + 1], unit, conditions=conditions)


def only(found: Any) -> Picture:
    (picture,) = found
    assert isinstance(picture, Picture)
    return picture


def test_rates_at_several_batches_are_a_line_over_the_batch() -> None:
    picture = only(families(benchmark(*(rate(100 * batch, batch=batch, threads=2) for batch in (8, 16, 32)))))
    assert isinstance(picture.chart, Lines)
    assert (picture.title, picture.chart.x, picture.chart.y) == (
        "training throughput (cpu) · samples per second",
        "batch",
        "1/s",
    )
    (series,) = picture.chart.series
    assert [(point.x, point.y) for point in series.points] == [(8, 800), (16, 1600), (32, 3200)]
    assert (series.points[0].low, series.points[0].high) == (799.5, 800.5)
    assert picture.claim == "Steps"


def test_what_else_differs_tells_the_lines_apart() -> None:
    figures = [
        rate(n, "GFLOPS", "gflops", n=n, dtype=dtype) for n in (512, 1024, 2048) for dtype in ("float32", "bfloat16")
    ]
    chart = only(families(benchmark(*figures))).chart
    assert isinstance(chart, Lines)
    assert {series.name: [point.x for point in series.points] for series in chart.series} == {
        "float32": [512, 1024, 2048],
        "bfloat16": [512, 1024, 2048],
    }


def test_a_condition_that_the_first_figure_lacks_tells_lines_apart_too() -> None:
    figures = [rate(n, "GFLOPS", "gflops", n=n, dtype="float32") for n in (512, 1024, 2048)]
    figures.append(rate(9_000, "GFLOPS", "gflops", n=1024, dtype="float32", library="oneDNN"))
    chart = only(families(benchmark(*figures))).chart
    assert isinstance(chart, Lines)
    assert {series.name: [point.x for point in series.points] for series in chart.series} == {
        "gflops": [512, 1024, 2048],
        "oneDNN": [1024],
    }


def test_kinds_without_a_size_are_bars() -> None:
    chart = only(
        families(benchmark(*(rate(9, "GB/s", "rate", function=name) for name in ("relu", "gelu", "silu"))))
    ).chart
    assert isinstance(chart, Bars)
    assert [(bar.name, bar.said) for bar in chart.bars] == [(name, "9 GB/s") for name in ("relu", "gelu", "silu")]


def test_how_much_work_a_call_is_makes_no_axis() -> None:
    figures = [rate(9, function=name, flops=number) for number, name in enumerate(("relu", "gelu", "silu"))]
    assert isinstance(only(families(benchmark(*figures))).chart, Bars)


def test_times_are_left_to_the_tables_where_there_are_rates() -> None:
    times = [rate(2, "s", "seconds", batch=batch) for batch in (1, 2, 4)]
    rates = [rate(2, batch=batch) for batch in (1, 2, 4)]
    assert only(families(benchmark(*times, *rates))).title.endswith("samples per second")
    assert only(families(benchmark(*times))).title.endswith("seconds")


def test_two_figures_make_no_picture() -> None:
    assert list(families(benchmark(rate(1, batch=8), rate(2, batch=16)))) == []


def test_a_disturbed_figure_is_marked() -> None:
    figures = [rate(batch, batch=batch) for batch in (8, 16, 32)]
    figures[1]["inconclusive"] = "a busy neighbour"
    picture = only(families(benchmark(*figures)))
    assert isinstance(picture.chart, Lines)
    assert [point.doubtful for point in picture.chart.series[0].points] == [False, True, False]
    assert picture.doubtful


def test_ratios_are_shown_with_their_intervals_against_one() -> None:
    def worth(name: str, value: float, arm: str) -> Any:
        return examples.measured(name, [value], "1", conditions={"arm": arm})

    figures = [
        worth(f"times_as_fast{end}", value, arm)
        for arm, values in (("bf16", (1.9, 1.7, 2.1)), ("muon", (0.9, 0.8, 1.1)))
        for end, value in zip(("", "_low", "_high"), values, strict=True)
    ]
    chart = only(worths(benchmark(*figures, check="pretraining.arms"))).chart
    assert isinstance(chart, Bars)
    assert chart.reference == 1
    assert [(bar.name, bar.value, bar.low, bar.high) for bar in chart.bars] == [
        ("bf16", 1.9, 1.7, 2.1),
        ("muon", 0.9, 0.8, 1.1),
    ]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({}, "The line is 1: no difference. Whiskers are 95% intervals."),
        (
            {"comparisons": 7},
            "The line is 1: no difference. Whiskers are 95% intervals, for 7 comparisons at once.",
        ),
    ],
)
def test_ratios_say_of_how_many_comparisons_their_intervals_are(told: dict[str, Any], words: str) -> None:
    conditions = {"arm": "bf16", **told}
    figures = [
        examples.measured(f"times_as_fast{end}", [value], "1", conditions=conditions)
        for end, value in (("", 1.9), ("_low", 1.7), ("_high", 2.1))
    ]
    assert only(worths(benchmark(*figures, check="pretraining.arms"))).words == words


def test_what_is_no_ratio_is_held_against_no_line() -> None:
    arm = {"arm": "compile"}
    figures = [
        examples.measured(f"break_even_step_compile{end}", [value], "1", conditions=arm)
        for end, value in (("", 900.0), ("_low", 600.0), ("_high", 3000.0))
    ]
    picture = only(worths(benchmark(*figures, check="pretraining.arms")))
    assert isinstance(picture.chart, Bars)
    assert picture.chart.reference is None
    assert picture.words == "Whiskers are 95% intervals."


def test_curves_of_a_check_are_drawn_together_and_told_apart() -> None:
    figures = [
        examples.measured(
            "loss_by_step", [3, 2, last], "nat", along="step", value=last, conditions={"arm": arm, "hidden": 64}
        )
        for arm, last in (("baseline", 1.5), ("bf16", 1.4))
    ]
    chart = only(curves(benchmark(*figures))).chart
    assert isinstance(chart, Lines)
    assert [(series.name, [(point.x, point.y) for point in series.points]) for series in chart.series] == [
        ("baseline", [(1, 3), (2, 2), (3, 1.5)]),
        ("bf16", [(1, 3), (2, 2), (3, 1.4)]),
    ]
