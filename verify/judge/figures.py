"""Rules about numbers: sums redone, and limits of nature."""

import math
import statistics
from collections.abc import Iterator

from verify.judge.finding import error, warning
from verify.judge.hardware import peak_of
from verify.judge.policy import Policy
from verify.probe.formula import evaluate
from verify.report import v3
from verify.report.v2 import Finding

# A sum redone from stored inputs differs by rounding only.
ROUNDING = 1e-9
# Clocks may exceed their nominal value a little; nothing exceeds the datasheet by more.
ABOVE_PEAK = 1.05
TIMES = ("s", "ms", "us", "µs", "ns")
LOSSES = ("final_loss", "chance_loss")


def recompute(report: v3.Report, _policy: Policy) -> Iterator[Finding]:
    """Every value follows from its samples, or from its formula and inputs, and no limit is broken unsaid."""
    for result in report.results:
        for figure in result.measurements:
            expected = _expected(figure)
            if expected is None or not _close(expected, figure.value):
                given = "which has no value" if expected is None else f"which is {expected:.6g}"
                message = f"{figure.name} is {figure.value:.6g}, stated as {_origin(figure)}, {given}"
                yield error("recompute.value", result.id, message)
            if result.outcome == "passed":
                yield from _unsaid(result, figure)
            yield from _percentage(result, figure)


def physics(report: v3.Report, policy: Policy) -> Iterator[Finding]:
    """Nothing takes no time, and nothing exceeds the datasheet."""
    for result in report.results:
        if result.outcome == "passed" and result.seconds <= 0:
            yield error("physics.no_time", result.id, "it passed in no time")
        for figure in result.measurements:
            yield from _nothing(result, figure)
            yield from _above(report, policy, result, figure)


def chance(report: v3.Report, _policy: Policy) -> Iterator[Finding]:
    """What is said to have learned ended below chance. Figures or notes ``final_loss`` and ``chance_loss`` tell."""
    for result in report.results:
        final, chances = (_told(result, name) for name in LOSSES)
        control = result.notes.get("control") is True
        if (
            result.outcome == "passed"
            and not control
            and final is not None
            and chances is not None
            and final >= chances
        ):
            yield error(
                "chance.not_learned", result.id, f"passed with a final loss of {final:.4g}, chance is {chances:.4g}"
            )


def broken_limits(figure: v3.Measurement) -> list[tuple[str, float]]:
    """The limits that a figure breaks: how each is said, and what it is."""
    limits, value = figure.limits, figure.value
    broken: list[tuple[str, float]] = []
    if limits.at_most is not None and value > limits.at_most:
        broken.append(("at most", limits.at_most))
    if limits.at_least is not None and value < limits.at_least:
        broken.append(("at least", limits.at_least))
    if limits.equals is not None and value != limits.equals:
        broken.append(("exactly", limits.equals))
    return broken


def _expected(figure: v3.Measurement) -> float | None:
    if figure.provenance == "measured":
        return float(figure.samples[-1] if figure.along else statistics.median(figure.samples))
    if figure.provenance != "derived" or figure.formula is None:
        return float(figure.value)
    try:
        return evaluate(figure.formula, figure.inputs)
    except ValueError:
        return None


def _origin(figure: v3.Measurement) -> str:
    if figure.formula:
        return f"{figure.formula} of {figure.inputs}"
    return "the last of its samples" if figure.along else "the median of its samples"


def _close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=ROUNDING, abs_tol=0.0)


def _unsaid(result: v3.Result, figure: v3.Measurement) -> Iterator[Finding]:
    for words, limit in broken_limits(figure):
        message = f"passed with {figure.name} {figure.value:.6g}, {words} {limit:.6g} stated"
        yield error("recompute.limit", result.id, message)


def _percentage(result: v3.Result, figure: v3.Measurement) -> Iterator[Finding]:
    share = figure.percent_of_peak
    if share is None:
        return
    percent = 100 * figure.value / share.peak if share.peak else math.nan
    if not _close(percent, share.percent):
        message = f"{figure.name} is {percent:.6g}% of {share.peak:.6g}, not {share.percent:.6g}%"
        yield error("recompute.percent", result.id, message)


def _nothing(result: v3.Result, figure: v3.Measurement) -> Iterator[Finding]:
    rate = figure.unit.endswith(("/s", "FLOPS"))
    if figure.provenance == "measured" and (rate or figure.unit in TIMES) and min(figure.samples) <= 0:
        message = f"{figure.name} has a sample of {min(figure.samples):g} {figure.unit}"
        yield error("physics.not_positive", result.id, message)


def _above(report: v3.Report, policy: Policy, result: v3.Result, figure: v3.Measurement) -> Iterator[Finding]:
    found = peak_of(figure, result.device, report.facts, policy.hardware)
    if found is None:
        return
    (value, peak), seen = found, max(figure.value, *figure.samples, figure.value)
    if seen > value * ABOVE_PEAK:
        message = f"{figure.name} reaches {seen:.6g} {figure.unit}, the datasheet of {peak.part} says {value:.6g}"
        # A figure of ours that nobody has read in its source may be what is wrong.
        yield (
            error("physics.above_peak", result.id, message)
            if peak.verified
            else warning("physics.above_unverified_peak", result.id, message, "likely")
        )


def _told(result: v3.Result, name: str) -> float | None:
    for figure in result.measurements:
        if figure.name == name:
            return float(figure.value)
    noted = result.notes.get(name)
    return float(noted) if isinstance(noted, int | float) else None
