"""Which pictures a report makes."""

from tests import examples, finetuned
from tests.render.test_golden import roofline
from verify.render.html.chart import Bars, Lines
from verify.render.html.pictures import pictures
from verify.report.upgrade import newest


def test_shares_of_a_peak_come_first() -> None:
    report = examples.certify()
    shares = [figure.percent_of_peak for result in report.results for figure in result.measurements]
    first = pictures(report)[0]
    assert first.title == "Share of the datasheet's peak"
    assert isinstance(first.chart, Bars)
    assert first.chart.reference == 100
    assert [bar.value for bar in first.chart.bars] == [share.percent for share in shares if share]


def test_nothing_lies_above_the_roofs() -> None:
    (picture,) = [each for each in pictures(newest(roofline())) if each.title == "Roofline (cpu)"]
    chart = picture.chart
    assert isinstance(chart, Lines)
    (roof,) = chart.roofs
    _, ridge, end = roof.points
    slope = ridge.y / ridge.x
    points = [point for series in chart.series for point in series.points]
    assert points
    assert all(point.y <= min(end.y, slope * point.x) * 1.0001 for point in points)
    assert slope == 43.75


def test_memory_is_shown_as_foreseen_and_as_measured() -> None:
    inputs = {"measured": 60.0, "predicted": 50.0, "held": 5.0}
    figure = examples.derived("peak_to_predicted", "measured / (predicted + held)", 60 / 55, "1", inputs)
    report = examples.certify(results=[examples.result("finetune.memory", "cpu", kind="lora", measurements=[figure])])
    (picture,) = pictures(report)
    assert isinstance(picture.chart, Bars)
    assert [(bar.name, bar.value) for bar in picture.chart.bars] == [
        ("finetune (cpu), foreseen", 55),
        ("finetune (cpu), measured", 60),
    ]


def test_a_fine_tune_shows_both_losses_and_its_pace() -> None:
    shown = {picture.title: picture.chart for picture in pictures(newest(finetuned.report()))}
    loss, pace = shown["Loss"], shown["Pace"]
    assert isinstance(loss, Lines)
    assert isinstance(pace, Lines)
    assert [series.name for series in loss.series] == ["training", "held out"]


def test_a_report_without_figures_makes_none() -> None:
    assert pictures(newest(examples.report("v1"))) == []
