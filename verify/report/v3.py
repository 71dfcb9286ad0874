"""Version 3 of the report: version 2, and every figure with its provenance."""

from typing import Literal, Self

from pydantic import Field, model_validator

from verify.report import v1, v2
from verify.report.fields import Closed, Inputs, Notes, Number, Text
from verify.report.finetune import Finetune
from verify.report.watched import Watched

Direction = Literal["higher", "lower", "equal"]
Provenance = Literal["measured", "derived", "datasheet", "carried"]


class Limits(Closed):
    """What the value was held against; null where nothing was stated."""

    at_most: Number | None = None
    at_least: Number | None = None
    equals: Number | None = None


class PercentOfPeak(Closed):
    """The value as a share of the device's datasheet peak, which is given in the measurement's unit."""

    percent: Number
    peak: Number
    source: Text


class Measurement(Closed):
    """A figure, and where it comes from.

    Attributes:
        direction: Which way is better.
        samples: All that were taken, in order; none for a figure that was not measured.
        along: What the samples of a curve are taken along; null for repetitions of one thing.
        value: Their median, a curve's last, or what the formula gives.
        conditions: What a reader needs to repeat it.
        formula: Arithmetic over the inputs, for a derived figure.
        source: Datasheet or earlier report, for a figure that is not of this run.
        inconclusive: Why it should not be believed, when something disturbed it.
    """

    name: Text
    unit: Text
    direction: Direction
    samples: tuple[Number, ...]
    value: Number
    limits: Limits
    conditions: Notes
    provenance: Provenance
    along: Text | None = None
    formula: Text | None = None
    inputs: Inputs = Field(default_factory=dict)
    source: Text | None = None
    percent_of_peak: PercentOfPeak | None = None
    inconclusive: Text | None = None

    @model_validator(mode="after")
    def _shows_its_provenance(self) -> Self:
        derived = self.provenance == "derived"
        shown = {
            "samples": (bool(self.samples), self.provenance == "measured"),
            "along": (self.along is not None and not self.samples, False),
            "formula": (self.formula is not None, derived),
            "inputs": (bool(self.inputs), derived),
            "source": (self.source is not None, self.provenance in ("datasheet", "carried")),
        }
        wrong = [name for name, (has, needs) in shown.items() if has != needs]
        if wrong:
            raise ValueError(f"{self.name} is {self.provenance}, which does not go with its {', '.join(wrong)}")
        return self


class RunConditions(Closed):
    """What else the machine was doing; null where the system does not say.

    Attributes:
        load_before: One-minute load average before the first check.
        load_after: And after the last.
        cpu_steal_percent: Processor time that the hypervisor took.
        others_busy_percent: Processor time that other processes took.
        inconclusive: Why the figures of this run should not be believed, when something disturbed it.
        other: Whatever else is worth knowing, each by its name.
    """

    load_before: Number | None = None
    load_after: Number | None = None
    cpu_steal_percent: Number | None = None
    others_busy_percent: Number | None = None
    inconclusive: Text | None = None
    other: Notes = Field(default_factory=dict)


class Result(v2.Result):
    """A result of version 2, its figures, and what else it noted."""

    measurements: tuple[Measurement, ...]
    notes: Notes


class Fields(v2.Fields):
    """What a report has from version 3 on; a fine-tune where it is of one, and sensors where somebody looked."""

    results: tuple[Result, ...]
    conditions: RunConditions
    finetune: Finetune | None = Field(default=None, exclude_if=v1.untold)
    watched: Watched | None = Field(default=None, exclude_if=v1.untold)


class Report(Fields):
    """Benchmarks with percent of peak, conditions, and provenance of every value."""

    version: Literal["v3"]
