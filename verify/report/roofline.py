"""What bounds a figure: dispatch, cache, arithmetic or memory; and how near it came to the roof over it.

A pure function of the report, computed where it is shown: the roofs are figures that the report already holds, so a
stored copy could only contradict them. Williams, Waterman, Patterson: Roofline, Communications of the ACM 52 (2009).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from verify.report import v1, v3
from verify.report.fields import Device, Note

Bound = Literal["dispatch", "cache", "compute", "bandwidth"]

# How many operations, bytes and seconds are one of a unit.
FLOPS = {"FLOPS": 1.0, "MFLOPS": 1e6, "GFLOPS": 1e9, "TFLOPS": 1e12}
BYTES = {"B/s": 1.0, "MB/s": 1e6, "GB/s": 1e9, "TB/s": 1e12}
SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
# Conditions that tell how much a call does.
COUNTS = ("flops", "bytes", "launches", "working_set_bytes")
# Figures whose condition `level` is one of these measure something else than the device and its memory, or (`ramp`) the
# way to their rate.
ELSEWHERE = ("dispatch", "ramp", "network", "disk")
LAUNCH = ("kernel_launch", "launch_seconds")
# From here on the device waits for the host at least as long as it works.
DISPATCHED = 0.5
NEAR = 0.9
# Faster than memory by more than its noise: the bytes came from a cache, whatever size the machine tells.
ABOVE_MEMORY = 1.05
_DTYPES = {"fp32": "float32", "fp16": "float16", "half": "float16", "bf16": "bfloat16", "fp8": "float8"}


@dataclass(frozen=True, slots=True)
class Roof:
    """What a rate cannot exceed: operations, bytes or launches a second.

    Attributes:
        rate: How much.
        origin: Whose figure it is.
        independent: Whether it is a datasheet's; only then is coming near it an achievement.
    """

    rate: float
    origin: str
    independent: bool


@dataclass(frozen=True, slots=True)
class Position:
    """Where a figure lies under the roofs of its device.

    Attributes:
        result: The check that took it.
        figure: The figure.
        seconds: A call takes.
        intensity: Operations a byte; None where no bytes were counted.
        bound: What keeps it from being faster; None where operations were counted, but what decides is unknown.
        share: Of what the roofs allow; None where the roof over it is unknown. Where the bound is, of the roof of
            arithmetic: with their bytes known, the roofs could only allow less, and the share be larger.
        roof: The roof over it.
    """

    result: v3.Result
    figure: v3.Measurement
    seconds: float
    intensity: float | None
    bound: Bound | None
    share: float | None
    roof: Roof | None

    @property
    def label(self) -> str:
        """``compute-bound``, or ``bound unknown``; and ``near peak`` from 90% of a datasheet's roof on."""
        near = self.share is not None and self.share >= NEAR and self.roof is not None and self.roof.independent
        return (f"{self.bound}-bound" if self.bound else "bound unknown") + (", near peak" if near else "")


def positions(report: v3.Report) -> list[Position]:
    """Every figure of work whose operations or bytes were counted, where the report holds its roofs."""
    roofs = roofs_of(report)
    found = (
        _position(report, result, figure, roofs)
        for result in report.results
        for figure in result.measurements
        if _placed(figure)
    )
    return [position for position in found if position is not None]


def seconds_of(figure: v3.Measurement) -> float | None:
    """How long a call of the measured work takes, from its time or from its rate."""
    flops, moved = counted(figure, "flops"), counted(figure, "bytes")
    if figure.value <= 0:
        return None
    if figure.unit in SECONDS:
        return figure.value * SECONDS[figure.unit]
    if figure.unit in FLOPS and flops:
        return flops / (figure.value * FLOPS[figure.unit])
    if figure.unit in BYTES and moved:
        return moved / (figure.value * BYTES[figure.unit])
    return None


def counted(figure: v3.Measurement, name: str) -> float | None:
    """A condition that is a number, or None."""
    noted = figure.conditions.get(name)
    return None if isinstance(noted, bool | str) or noted is None else float(noted)


def dtype_of(conditions: Mapping[str, Note]) -> str:
    """The number format under its one name; TF32 is one of its own, and autocast's products are in the format named."""
    said = str(conditions.get("dtype", "")).removeprefix("torch.").removeprefix("mlx.core.").removesuffix(" autocast")
    dtype = _DTYPES.get(said, said)
    return "tf32" if dtype == "float32" and conditions.get("tf32") is True else dtype


def last_cache_bytes(facts: v1.Facts, device: Device) -> int | None:
    """All caches of a device's last level together; None where the system does not tell."""
    if device != "cpu":
        return next((entry.cache_bytes for entry in facts.devices if entry.name == device), None)
    last = max((cache.level for cache in facts.processor.caches), default=0)
    sizes = [cache.bytes * cache.count for cache in facts.processor.caches if cache.level == last]
    return sum(sizes) or None


Roofs = dict[tuple[Device, str], Roof]


def _placed(figure: v3.Measurement) -> bool:
    # A first call is start-up, and the best seen is a roof.
    other = figure.name.startswith(("startup", "best_seen")) or figure.conditions.get("level") in ELSEWHERE
    return figure.provenance == "measured" and not other and bool(counted(figure, "flops") or counted(figure, "bytes"))


def _position(report: v3.Report, result: v3.Result, figure: v3.Measurement, roofs: Roofs) -> Position | None:
    device, seconds = result.device, seconds_of(figure)
    if device is None or seconds is None:
        return None
    flops, moved, launches = (counted(figure, name) or 0.0 for name in ("flops", "bytes", "launches"))
    memory = roofs.get((device, "memory"))
    cached = _cached(report, device, figure, moved / seconds, memory)
    near = roofs.get((device, "cache")) if cached else memory
    bound: Bound | None
    roof: Roof | None
    if (launch := roofs.get((device, "launch"))) and launches / launch.rate >= DISPATCHED * seconds:
        bound, roof, least = "dispatch", launch, launches
    else:
        compute = roofs.get((device, dtype_of(figure.conditions)))
        bound = _bound(flops, moved, compute, near or memory)
        roof, least = (near, moved) if bound == "bandwidth" else (compute, flops)
        bound = "cache" if bound == "bandwidth" and cached else bound
        if bound is None:
            if compute is None or not flops:
                return None
            roof = replace(compute, origin=f"arithmetic alone: {compute.origin}")
    share = least / roof.rate / seconds if roof else None
    return Position(result, figure, seconds, flops / moved if moved else None, bound, share, roof)


def _bound(
    flops: float, moved: float, compute: Roof | None, near: Roof | None
) -> Literal["compute", "bandwidth"] | None:
    """On which side of the ridge; None where what decides was not counted, or its roof is unknown."""
    if not moved or near is None:
        return None
    if not flops:
        return "bandwidth"
    if compute is None:
        return None
    return "compute" if flops / compute.rate >= moved / near.rate else "bandwidth"


def _cached(report: v3.Report, device: Device, figure: v3.Measurement, rate: float, memory: Roof | None) -> bool:
    if figure.conditions.get("level") == "cache" or (memory is not None and rate > ABOVE_MEMORY * memory.rate):
        return True
    held, used = last_cache_bytes(report.facts, device), counted(figure, "working_set_bytes")
    return held is not None and used is not None and used <= held


def roofs_of(report: v3.Report) -> Roofs:
    """By device, and number format, ``memory``, ``cache`` or ``launch``: the datasheet's, else the report's best."""
    roofs: Roofs = {}
    for result in report.results:
        for figure in result.measurements:
            for kind, roof in _told(result, figure):
                key = (result.device or "cpu", kind)
                known = roofs.get(key)
                if known is None or (roof.independent, roof.rate) > (known.independent, known.rate):
                    roofs[key] = roof
    return {(device, kind): roof for (device, kind), roof in roofs.items() if not _hidden(roofs, device, kind)}


def _hidden(roofs: Roofs, device: Device, kind: str) -> bool:
    """Whether it is called a cache's, but the memory behind it is faster: then the cost of calls was measured."""
    memory = roofs.get((device, "memory"))
    return kind == "cache" and memory is not None and roofs[device, kind].rate <= memory.rate


def _told(result: v3.Result, figure: v3.Measurement) -> Iterator[tuple[str, Roof]]:
    topic, name = LAUNCH
    if result.id.startswith(f"{topic}.") and figure.name == name and figure.unit in SECONDS and figure.value > 0:
        yield (
            "launch",
            Roof(
                1 / (figure.value * SECONDS[figure.unit]), f"launching costs as much ({result.id})", independent=False
            ),
        )
    level = figure.conditions.get("level")
    known = level in ("memory", "cache")
    kind = dtype_of(figure.conditions) if figure.unit in FLOPS else str(level) if known else "memory"
    factor = FLOPS.get(figure.unit) or BYTES.get(figure.unit)
    if result.device is None or factor is None or level in ELSEWHERE or figure.provenance != "measured":
        return
    share = figure.percent_of_peak
    if share is not None:
        doubt = " (not verified)" if "not verified" in share.source else ""
        yield (
            kind,
            Roof(share.peak * factor, f"the datasheet of {share.source.partition(': ')[0]}{doubt}", independent=True),
        )
    elif known or figure.unit in FLOPS:
        disturbed = ", disturbed" if figure.inconclusive else ""
        best = max(figure.value, *figure.samples, figure.value)
        yield kind, Roof(best * factor, f"the best seen here ({result.id}{disturbed})", independent=False)
