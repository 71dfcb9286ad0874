"""NVIDIA's GPUs, by NVML."""

from collections.abc import Callable
from typing import Any

from verify.monitor.reading import Reading, Unread, Value

MILLIWATTS = 1000.0


def library() -> Any | str:
    """NVML, ready to be asked; or why it is not there."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        return f"NVML cannot be asked: {error}"
    return pynvml


def read(nvml: Any) -> Reading:
    """What NVML tells of every GPU. What a board does not support is told with NVML's own words.

    Args:
        nvml: The module ``pynvml``, after ``nvmlInit``.
    """
    values: list[Value] = []
    unread: list[Unread] = []
    try:
        count = nvml.nvmlDeviceGetCount()
    except nvml.NVMLError as error:
        return Reading(unread=(Unread("gpu", f"NVML: {error}"),))
    for index in range(count):
        try:
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            subject = f"gpu {index} {_text(nvml.nvmlDeviceGetName(handle))}"
        except nvml.NVMLError as error:
            # One that fell off the bus is counted, and answers nothing.
            unread.append(Unread(f"gpu {index}", f"NVML: {error}"))
            continue
        for name, unit, ask in _questions(nvml):
            try:
                values.append(Value(subject, name, unit, ask(handle)))
            except nvml.NVMLError as error:
                unread.append(Unread(f"{subject}: {name}", f"NVML: {error}"))
    return Reading(tuple(values), tuple(unread))


def _questions(nvml: Any) -> tuple[tuple[str, str, Callable[[Any], float]], ...]:
    return (
        ("utilisation", "%", lambda gpu: float(nvml.nvmlDeviceGetUtilizationRates(gpu).gpu)),
        ("used", "B", lambda gpu: float(nvml.nvmlDeviceGetMemoryInfo(gpu).used)),
        ("total", "B", lambda gpu: float(nvml.nvmlDeviceGetMemoryInfo(gpu).total)),
        (
            "temperature",
            "°C",
            lambda gpu: float(nvml.nvmlDeviceGetTemperature(gpu, nvml.NVML_TEMPERATURE_GPU)),
        ),
        ("power", "W", lambda gpu: nvml.nvmlDeviceGetPowerUsage(gpu) / MILLIWATTS),
        ("clock", "MHz", lambda gpu: float(nvml.nvmlDeviceGetClockInfo(gpu, nvml.NVML_CLOCK_SM))),
        ("memory clock", "MHz", lambda gpu: float(nvml.nvmlDeviceGetClockInfo(gpu, nvml.NVML_CLOCK_MEM))),
    )


def _text(name: str | bytes) -> str:
    """Older bindings answer bytes."""
    return name.decode(errors="replace") if isinstance(name, bytes) else name
