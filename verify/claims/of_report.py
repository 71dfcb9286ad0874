"""Our own report as claims, so that the rules for what people write hold for what we measure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from verify.claims.claim import (
    Claim,
    Document,
    Listed,
    Logged,
    Machine,
    Moment,
    Pinned,
    Place,
    Quantity,
    StatedAs,
    Topic,
    Unit,
)
from verify.claims.claim import Enumeration as Tests
from verify.report import v3
from verify.report.fields import Kind

# The topic of a measurement, by the topic of its check (all of them: "") and its own name.
_TOPICS: Mapping[tuple[str, str], Topic] = {
    ("matmul", "rate"): "matmul_rate",
    ("matmul", "gflops"): "matmul_rate",
    ("matmul", "seconds"): "matmul_time",
    ("bandwidth", "copy"): "bandwidth",
    ("bandwidth", "copy_rate"): "bandwidth",
    ("bandwidth", "triad_rate"): "bandwidth",
    ("activations", "seconds"): "activation_time",
    ("forward", "seconds_per_batch"): "forward_time",
    ("loading", "load_seconds"): "load_time",
    ("training_throughput", "samples_per_second"): "training_rate",
    ("", "step_seconds"): "step_time",
    ("", "seconds_per_step"): "step_time",
    ("", "tokens_per_second"): "token_rate",
    ("", "watts"): "power",
    ("", "joules"): "energy",
    ("", "parameters"): "parameters",
    ("", "trainable_percent"): "share",
    ("", "final_loss"): "loss_final",
    ("", "times_as_fast"): "speedup",
    ("", "peak_memory"): "memory_peak",
}
# Ours, and how many of the canonical unit they are.
_UNITS: Mapping[str, tuple[Unit, float]] = {
    "1": ("1", 1), "%": ("%", 1), "s": ("s", 1), "ms": ("s", 1e-3), "B": ("GB", 1e-9), "GFLOPS": ("GFLOPS", 1),
    "TFLOPS": ("GFLOPS", 1e3), "GB/s": ("GB/s", 1), "TB/s": ("GB/s", 1e3), "W": ("W", 1), "J": ("J", 1),
    "nat": ("nat", 1),
}  # fmt: skip
_RATES: Mapping[Topic, Unit] = {"training_rate": "samples/s", "token_rate": "tokens/s"}
_SETTINGS = {"n": "size"}
_AS: Mapping[v3.Provenance, StatedAs] = {
    "measured": "measured",
    "derived": "derived",
    "datasheet": "datasheet",
    "carried": "carried",
}
_GIGA = 1e9
_PARTS = {"part": "trainable_parameters", "whole": "total_parameters"}


def claims_of(report: v3.Report) -> Document:
    """What a report says, as a document whose every line is 0.

    Args:
        report: Of the newest version; an older one is upgraded first.
    """
    place = Place(f"{report.environment.name}/{report.id}", 0)
    return Document(
        file=place.file,
        title=report.id,
        language="en",
        claims=(*_counts(report, place), *_figures(report, place)),
        enumerations=tuple(_tests(report, place)),
        logged=tuple(_logged(report, place)),
        pinned=tuple(Pinned(place, package.name, package.version) for package in report.facts.packages),
        machines=(_machine(report, place),),
        moments=(Moment(place, report.finished, report.finished.replace("Z", "+00:00")),),
    )


def _figures(report: v3.Report, place: Place) -> Iterator[Claim]:
    for result in report.results:
        for figure in result.measurements:
            claim = _claim(result, figure, place)
            if claim:
                yield claim


def _claim(result: v3.Result, figure: v3.Measurement, place: Place) -> Claim | None:
    of_check = result.id.partition(".")[0]
    topic = _TOPICS.get((of_check, figure.name)) or _TOPICS.get(("", figure.name), "other")
    quantity = _quantity(figure, topic)
    if quantity is None:
        return None
    device = {"device": str(result.device)} if result.device else {}
    told = {_SETTINGS.get(name, name): value for name, value in figure.conditions.items()}
    parts = _PARTS if topic == "share" else {}
    return Claim(
        place=place,
        section=(result.id,),
        topic=topic,
        quantity=quantity,
        settings={**device, **told, **parts},
        label=figure.name,
        text=f"{figure.name} {figure.value:g} {figure.unit}",
        stated_as=_AS[figure.provenance],
    )


def _quantity(figure: v3.Measurement, topic: Topic) -> Quantity | None:
    unit, worth = _UNITS.get(figure.unit, (None, 1.0))
    if topic in _RATES:
        unit, worth = _RATES[topic], 1.0
    if topic == "speedup":
        unit = "x"
    if unit is None:
        return None
    value = figure.value * worth
    # What we write has all its digits: nothing was rounded.
    return Quantity(value, value, unit, f"{figure.value:g} {figure.unit}", approximate=False, step=0.0)


def _counts(report: v3.Report, place: Place) -> Iterator[Claim]:
    counted: tuple[tuple[Topic, int], ...] = (
        ("tests_total", report.counts.planned),
        ("tests_passed", report.counts.passed),
        # Whatever ran and did not pass.
        ("tests_failed", report.counts.planned - report.counts.passed - report.counts.skipped),
    )
    for topic, number in counted:
        quantity = Quantity(number, number, "1", str(number), approximate=False, step=0.0)
        yield Claim(place, ("counts",), topic, quantity, {"kind": "test"}, topic, f"{topic} {number}")


def _tests(report: v3.Report, place: Place) -> Iterator[Tests]:
    kinds: tuple[Kind, ...] = ("functional", "benchmark", "lora")
    for kind in kinds:
        of_kind = [result for result in report.results if result.kind == kind]
        items = tuple(_listed(result, place) for result in of_kind)
        if items:
            yield Tests(place, ("results",), kind, None, items, every=True)


def _listed(result: v3.Result, place: Place) -> Listed:
    passed = None if result.outcome == "skipped" else result.outcome == "passed"
    return Listed(place, result.id, passed, None, about=result.id.partition(".")[0])


def _logged(report: v3.Report, place: Place) -> Iterator[Logged]:
    finetune = report.finetune
    if finetune is None:
        return
    held_out = {line.iteration: line.loss for line in finetune.held_out}
    seconds = tokens = 0.0
    for line in finetune.trained:
        seconds, tokens = seconds + line.seconds, tokens + line.tokens
        told = Logged(place, "", line.iteration, finetune.iterations, line.loss, None, None, None, tokens, seconds, {})
        yield replace(told, validation_loss=held_out.get(line.iteration))


def _machine(report: v3.Report, place: Place) -> Machine:
    facts = report.facts
    gpu = next((device for device in facts.devices if device.name != "cpu" and device.available), None)
    cuda = next((device for device in facts.devices if device.name == "cuda" and device.runtime), None)
    return Machine(
        place=place,
        chip=facts.processor.name.removeprefix("Apple "),
        gpu=gpu.title if gpu else None,
        gpu_cores=gpu.cores if gpu else None,
        memory_gb=facts.memory_bytes / _GIGA,
        gpu_memory_gb=cuda.memory_bytes / _GIGA if cuda and cuda.memory_bytes else None,
        system=facts.system_version,
        kernel=facts.kernel,
        driver=cuda.driver if cuda else None,
        cuda=cuda.runtime if cuda else None,
        cuda_is="runtime" if cuda else "",
        python=facts.python.version,
    )
