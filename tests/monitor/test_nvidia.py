"""What NVML says is read as it says it: by a library that only pretends, since no test needs a GPU."""

from typing import Any, NamedTuple

from verify.monitor import nvidia
from verify.monitor.reading import Unread, Value


class Rates(NamedTuple):
    gpu: int
    memory: int


class Memory(NamedTuple):
    total: int
    used: int
    free: int


class Trouble(Exception):  # noqa: N818 - as NVML names it
    pass


class Library:
    """Two GPUs, of which the second does not tell its power, and a third that fell off the bus."""

    NVMLError = Trouble
    NVML_TEMPERATURE_GPU, NVML_CLOCK_SM, NVML_CLOCK_MEM = 0, 1, 2

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return 3

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        if index == 2:
            raise Trouble("GPU is lost")
        return index

    def nvmlDeviceGetName(self, _: int) -> bytes:  # noqa: N802
        return b"NVIDIA H200"

    def nvmlDeviceGetUtilizationRates(self, gpu: int) -> Rates:  # noqa: N802
        return Rates(98 - gpu, 40)

    def nvmlDeviceGetMemoryInfo(self, _: int) -> Memory:  # noqa: N802
        return Memory(150_754_820_096, 40_000_000_000, 110_754_820_096)

    def nvmlDeviceGetTemperature(self, _: int, kind: int) -> int:  # noqa: N802
        assert kind == self.NVML_TEMPERATURE_GPU
        return 61

    def nvmlDeviceGetPowerUsage(self, gpu: int) -> int:  # noqa: N802
        if gpu == 1:
            raise Trouble("Not Supported")
        return 650_500

    def nvmlDeviceGetClockInfo(self, _: int, kind: int) -> int:  # noqa: N802
        return {1: 1980, 2: 3201}[kind]


def test_each_gpu_is_read_and_what_one_does_not_tell_is_said_so() -> None:
    reading = nvidia.read(Library())
    first = {value.name: (value.value, value.unit) for value in reading.values if value.subject == "gpu 0 NVIDIA H200"}
    assert first == {
        "utilisation": (98.0, "%"),
        "used": (40e9, "B"),
        "total": (150_754_820_096.0, "B"),
        "temperature": (61.0, "°C"),
        "power": (650.5, "W"),
        "clock": (1980.0, "MHz"),
        "memory clock": (3201.0, "MHz"),
    }
    assert Value("gpu 1 NVIDIA H200", "utilisation", "%", 97.0) in reading.values
    assert reading.unread == (
        Unread("gpu 1 NVIDIA H200: power", "NVML: Not Supported"),
        Unread("gpu 2", "NVML: GPU is lost"),
    )


def test_a_driver_that_does_not_answer_is_a_reason_and_no_number() -> None:
    class Broken(Library):
        def nvmlDeviceGetCount(self) -> int:  # noqa: N802
            raise Trouble("Driver Not Loaded")

    assert nvidia.read(Broken()).unread == (Unread("gpu", "NVML: Driver Not Loaded"),)


def test_a_machine_without_nvml_says_so_or_has_it() -> None:
    found: Any = nvidia.library()
    assert found.startswith("NVML cannot be asked: ") if isinstance(found, str) else found.nvmlDeviceGetCount() >= 0
