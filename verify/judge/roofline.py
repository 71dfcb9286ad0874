"""Rules about the roofs over a figure: nothing is done faster than cores and datasheets allow."""

from collections.abc import Iterator

from verify.judge.finding import error, warning
from verify.judge.hardware import TERA, Peak, ceiling_for, peak_for
from verify.judge.policy import Policy
from verify.report import v3
from verify.report.roofline import FLOPS, SECONDS, counted, dtype_of
from verify.report.v2 import Finding

# As for rates: clocks may exceed their nominal value a little.
TOLERANCE = 1.05


def floors(report: v3.Report, policy: Policy) -> Iterator[Finding]:
    """No work takes less time than its operations need at the device's peak, or than any processor's cores need."""
    for result in report.results:
        for figure in result.measurements:
            rate = _fastest(figure)
            if rate is None or result.device is None:
                continue
            limit = ceiling_for(report.facts.processor, dtype_of(figure.conditions), policy.hardware)
            if result.device == "cpu" and limit is not None and rate > limit * TERA:
                message = f"{_said(figure, rate)}, no processor with these cores does {limit:.4g}"
                yield error("physics.impossible", result.id, message)
            elif figure.unit in SECONDS:
                peak = peak_for(report.facts, result.device, dtype_of(figure.conditions), policy.hardware)
                yield from _below_floor(result, figure, rate, peak)


def _below_floor(result: v3.Result, figure: v3.Measurement, rate: float, peak: Peak | None) -> Iterator[Finding]:
    if peak is None or rate <= TOLERANCE * peak.value * TERA:
        return
    message = f"{_said(figure, rate)}, {peak.part} has {peak.value:.4g} at most"
    if peak.verified:
        yield error("physics.below_floor", result.id, message)
    else:
        yield warning("physics.below_unverified_floor", result.id, message, "likely")


def _said(figure: v3.Measurement, rate: float) -> str:
    return f"{figure.name} means {rate / TERA:.4g} TFLOPS in {dtype_of(figure.conditions)}"


def _fastest(figure: v3.Measurement) -> float | None:
    """The operations a second that the best sample of a rate means, or of a time whose operations were counted."""
    taken = (figure.value, *figure.samples)
    if figure.unit in FLOPS:
        return max(taken) * FLOPS[figure.unit]
    flops, least = counted(figure, "flops"), min(taken)
    return flops / (least * SECONDS[figure.unit]) if flops and figure.unit in SECONDS and least > 0 else None
