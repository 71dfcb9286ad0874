"""Datasheet peaks: what a device cannot exceed, and how near a figure came to it."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from verify.report import v1, v3
from verify.report.fields import Closed, Device, Listed

Dtype = Literal["float32", "tf32", "float16", "bfloat16", "float8"]
Positive = Annotated[float, Field(gt=0)]

BANDWIDTH = "bandwidth"
# In how many of the unit a datasheet's figure is given: TFLOPS and GB/s.
_FLOPS = {"FLOPS": 1e12, "GFLOPS": 1e3, "TFLOPS": 1.0}
_BYTES = {"B/s": 1e9, "MB/s": 1e3, "GB/s": 1.0, "TB/s": 1e-3}
# Figures whose condition `level` is one of these do not measure the device's memory or arithmetic.
_ELSEWHERE = ("cache", "dispatch", "network", "disk")
_DTYPES = {"fp32": "float32", "fp16": "float16", "half": "float16", "bf16": "bfloat16", "fp8": "float8"}
_GIGABYTE = 1e9
# A device reports a few percent less, or (counting in binary) more memory than its datasheet.
_MEMORY_TOLERANCE = 0.15


def peak_for(facts: v1.Facts, device: Device, quantity: str, hardware: "Hardware") -> "Peak | None":
    """The datasheet peak of a device of this machine.

    Args:
        facts: The machine.
        device: Which of its devices.
        quantity: A dtype, for TFLOPS; or ``bandwidth``, for GB/s.
        hardware: The datasheets.

    Returns:
        None where the part, or this figure of it, is unknown.
    """
    part = part_of(facts, device, hardware)
    if part is None:
        return None
    teraflops = {str(dtype): value for dtype, value in part.teraflops.items()}
    value = part.gigabytes_per_second if quantity == BANDWIDTH else teraflops.get(quantity)
    return Peak(value, part.name, part.source, part.verified) if value else None


def part_of(facts: v1.Facts, device: Device, hardware: "Hardware") -> "Part | None":
    """The one datasheet that fits a device by exact name, cores and memory; None when not exactly one does."""
    seen = {entry.name: entry for entry in facts.devices}
    # MLX does not tell the chip and its cores; the chip has one GPU, and Metal tells of it.
    told = seen.get("mps" if device == "mlx" else device)
    if told is None:
        return None
    kind = "cuda" if device == "cuda" else "apple"
    title = told.title if device == "cuda" else facts.processor.name
    fitting = [part for part in hardware.parts if part.kind == kind and title in part.titles and _fits(part, told)]
    return fitting[0] if len(fitting) == 1 and device != "cpu" else None


def percent_of_peak(
    measurement: v3.Measurement, device: Device | None, facts: v1.Facts, hardware: "Hardware"
) -> v3.PercentOfPeak | None:
    """A measurement as a share of its device's datasheet peak.

    Returns:
        None where there is no such peak: another unit, or hardware whose datasheet is unknown.
    """
    found = peak_of(measurement, device, facts, hardware)
    if found is None:
        return None
    value, peak = found
    doubt = "" if peak.verified else " (not verified)"
    return v3.PercentOfPeak(
        percent=100 * measurement.value / value, peak=value, source=f"{peak.part}: {peak.source}{doubt}"
    )


def peak_of(
    measurement: v3.Measurement, device: Device | None, facts: v1.Facts, hardware: "Hardware"
) -> "tuple[float, Peak] | None":
    """The peak that a measurement is to be held against, in the measurement's own unit, and where it comes from."""
    quantity, factor = _quantity(measurement)
    if device is None or not quantity:
        return None
    peak = peak_for(facts, device, quantity, hardware)
    return (peak.value * factor, peak) if peak else None


def _quantity(measurement: v3.Measurement) -> tuple[str, float]:
    if measurement.conditions.get("level") in _ELSEWHERE:
        return "", 0
    if measurement.unit in _BYTES:
        return BANDWIDTH, _BYTES[measurement.unit]
    dtype = str(measurement.conditions.get("dtype", "")).removeprefix("torch.").removeprefix("mlx.core.")
    dtype = _DTYPES.get(dtype, dtype)
    if dtype == "float32" and measurement.conditions.get("tf32") is True:
        dtype = "tf32"
    return (dtype, _FLOPS[measurement.unit]) if measurement.unit in _FLOPS else ("", 0)


def _fits(part: "Part", told: v1.DeviceFacts) -> bool:
    if part.cores is not None and part.cores != told.cores:
        return False
    if part.memory_gb is None or told.memory_bytes is None:
        return True
    return abs(told.memory_bytes / (part.memory_gb * _GIGABYTE) - 1) <= _MEMORY_TOLERANCE


@dataclass(frozen=True, slots=True)
class Peak:
    """A datasheet's figure, in TFLOPS or GB/s.

    Attributes:
        value: The figure.
        part: What the datasheet is of.
        source: Where it is to be read.
        verified: Whether the source itself was read.
    """

    value: float
    part: str
    source: str
    verified: bool


class Part(Closed):
    """One datasheet.

    Attributes:
        name: The part as its maker calls it.
        kind: Whose devices it describes: ``cuda`` (NVIDIA, and AMD through ROCm) or ``apple``.
        titles: The names by which the device, or Apple's processor, tells of itself.
        cores: GPU cores or multiprocessors, where parts of one name differ in them.
        memory_gb: Decimal gigabytes, where parts of one name differ in them.
        gigabytes_per_second: Peak of the memory.
        teraflops: Dense peak by dtype, with accumulation in float32.
        source: Where the figures are to be read.
        verified: Whether that source was read for every figure, and none was derived.
    """

    name: str
    kind: Literal["cuda", "apple"]
    titles: Listed[str] = Field(min_length=1)
    cores: int | None = Field(default=None, ge=1)
    memory_gb: Positive | None = None
    gigabytes_per_second: Positive | None = None
    teraflops: dict[Dtype, Positive] = Field(default_factory=dict)
    source: str
    verified: bool


class Hardware(Closed):
    """policy/hardware.toml."""

    parts: Listed[Part] = ()
