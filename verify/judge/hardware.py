"""Datasheet peaks: what a device cannot exceed, and how near a figure came to it."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from verify.probe.facts import HIGHEST, NOMINAL
from verify.report import v1, v3
from verify.report.fields import Closed, Count, Device, Listed
from verify.report.roofline import BYTES, ELSEWHERE, FLOPS, dtype_of

Dtype = Literal["float32", "tf32", "float16", "bfloat16", "float8"]
Positive = Annotated[float, Field(gt=0)]

BANDWIDTH = "bandwidth"
# A datasheet's figures are given in TFLOPS and GB/s.
TERA = 1e12
GIGA = 1e9
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
    if device == "cpu":
        return _peak_of_cores(facts, quantity, hardware)
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


def core_of(processor: v1.Processor, hardware: "Hardware") -> "Core | None":
    """The one microarchitecture that a processor is by vendor, family, model and instruction sets."""
    fitting = [
        core
        for core in hardware.cores
        if (core.vendor, core.family) == (processor.vendor, processor.family)
        and any(low <= (processor.model or 0) <= high for low, high in core.models)
        and set(core.instruction_sets) <= set(processor.instruction_sets)
    ]
    return fitting[0] if len(fitting) == 1 else None


def ceiling_for(processor: v1.Processor, quantity: str, hardware: "Hardware") -> float | None:
    """TFLOPS that no processor with these instruction sets and this many cores reaches, whatever its clock."""
    rates = (
        {str(dtype): rate for dtype, rate in ceiling.flops_per_cycle.items()}.get(quantity)
        for ceiling in hardware.ceilings
        if ceiling.instruction_set in processor.instruction_sets
    )
    rate = max((rate for rate in rates if rate), default=None)
    # /proc/cpuinfo tells a container of all cores of its host, on however few of them it may run; and a virtual machine
    # may tell that what are cores of its own are the two threads of one.
    usable = processor.logical_cores
    cores = usable if processor.clock_is == NOMINAL else min(processor.physical_cores, usable)
    return None if rate is None else cores * rate * hardware.fastest_clock_gigahertz * GIGA / TERA


def _peak_of_cores(facts: v1.Facts, quantity: str, hardware: "Hardware") -> "Peak | None":
    """Cores, operations a cycle and the highest clock, multiplied; unknown where the clock is another one."""
    processor, core = facts.processor, core_of(facts.processor, hardware)
    rates = {str(dtype): rate for dtype, rate in core.flops_per_cycle.items()} if core else {}
    if core is None or quantity not in rates or processor.clock_is != HIGHEST or processor.clock_hertz is None:
        return None
    # Of a container's quota no more than so many processors' time can be had, on whichever of them.
    allowed = facts.processors_allowed or processor.logical_cores
    cores = min(processor.physical_cores, processor.logical_cores, allowed)
    told = f"{cores:g} cores x {rates[quantity]:g} operations a cycle x {processor.clock_hertz / GIGA:.3g} GHz"
    peak = cores * rates[quantity] * processor.clock_hertz / TERA
    return Peak(peak, core.name, f"{told}; {core.source}", core.verified)


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
    quantity, factor = quantity_of(measurement)
    if device is None or not quantity:
        return None
    peak = peak_for(facts, device, quantity, hardware)
    return (peak.value * factor, peak) if peak else None


def quantity_of(measurement: v3.Measurement) -> tuple[str, float]:
    """What peak a measurement has, and how many of its unit are one of the datasheets'."""
    level = measurement.conditions.get("level")
    if level in ELSEWHERE or level == "cache":
        return "", 0
    if measurement.unit in BYTES:
        # Work whose data may fit a cache can be faster than any memory.
        memory = level == "memory" or (level is None and "working_set_bytes" not in measurement.conditions)
        return (BANDWIDTH, GIGA / BYTES[measurement.unit]) if memory else ("", 0)
    dtype = dtype_of(measurement.conditions)
    return (dtype, TERA / FLOPS[measurement.unit]) if measurement.unit in FLOPS else ("", 0)


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


class Core(Closed):
    """What a core of one microarchitecture can do in a cycle.

    Attributes:
        name: As its maker calls it.
        vendor: As the processor tells it: ``AuthenticAMD``, ``GenuineIntel``, or ARM's implementer.
        family: Its number; none for ARM.
        models: Ranges of models, both ends included.
        instruction_sets: Without all of which it does less.
        flops_per_cycle: Floating-point operations a cycle, a multiplication and its sum counted as two.
        source: Where they are to be read.
        verified: Whether that source was read for every figure, and none was derived.
    """

    name: str
    vendor: str
    family: Count | None = None
    models: Listed[Listed[Count]] = Field(min_length=1)
    instruction_sets: Listed[str] = Field(min_length=1)
    flops_per_cycle: dict[Dtype, Positive]
    source: str
    verified: bool


class Ceiling(Closed):
    """The most operations a cycle that any core on sale with an instruction set has."""

    instruction_set: str
    flops_per_cycle: dict[Dtype, Positive]


class Hardware(Closed):
    """policy/hardware.toml.

    Attributes:
        parts: Datasheets of GPUs.
        cores: What cores of processors do in a cycle.
        ceilings: What no core does.
        fastest_clock_gigahertz: Above that of any processor on sale.
    """

    parts: Listed[Part] = ()
    cores: Listed[Core] = ()
    ceilings: Listed[Ceiling] = ()
    fastest_clock_gigahertz: Positive = 6.5
