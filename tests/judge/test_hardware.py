"""Peaks are those of exactly this part, or unknown."""

import json
import math

import pytest
from pydantic import ValidationError

from tests import examples
from tests.examples import device, hardware
from verify.judge.hardware import BANDWIDTH, Hardware, peak_for, percent_of_peak
from verify.report import v1, v3
from verify.report.fields import Device, Note

H200 = {"title": "NVIDIA H200", "cores": 132, "memory_bytes": 150_110_011_392}


def machine(processor: str, *devices: examples.Data) -> v1.Facts:
    """A machine with this processor and these devices."""
    known = {"name": processor, "physical_cores": 1, "logical_cores": 1, "instruction_sets": []}
    return v1.Facts.model_validate_json(json.dumps(examples.facts(processor=known, devices=list(devices))))


def mac(chip: str, cores: int | None) -> v1.Facts:
    """A Mac with this chip."""
    return machine(chip, device("cpu"), device("mps", title=chip, cores=cores), device("mlx", title="Device(gpu, 0)"))


def box(**gpu: object) -> v1.Facts:
    """A machine with this GPU."""
    return machine("AMD EPYC", device("cpu"), device("cuda", **gpu))


@pytest.mark.parametrize(
    ("of", "name", "quantity", "peak"),
    [
        (mac("Apple M2 Ultra", 60), "mps", "float32", 21.5),
        (mac("Apple M2 Ultra", 76), "mps", "float32", 27.2),
        (mac("Apple M2 Ultra", 76), "mlx", "float16", 27.2),
        (mac("Apple M2 Ultra", 60), "mlx", BANDWIDTH, 800),
        (mac("Apple M4 Pro", 20), "mps", BANDWIDTH, 273),
        (mac("Apple M4 Max", 32), "mps", BANDWIDTH, 410),
        (mac("Apple M5", 10), "mps", "float32", 4.04),
        (box(**H200), "cuda", "bfloat16", 989),
        (box(**H200), "cuda", BANDWIDTH, 4800),
        (box(title="NVIDIA GeForce RTX 3060", memory_bytes=12_630_000_000), "cuda", BANDWIDTH, 360),
    ],
)
def test_a_part_is_known_by_its_exact_name_cores_and_memory(
    of: v1.Facts, name: Device, quantity: str, peak: float
) -> None:
    found = peak_for(of, name, quantity, hardware())
    assert found is not None
    assert found.value == peak


@pytest.mark.parametrize(
    ("of", "name", "quantity"),
    [
        (mac("Apple M2 Ultra", 64), "mps", "float32"),
        (mac("Apple M2 Ultra", None), "mps", "float32"),
        (mac("Apple M9", 10), "mps", "float32"),
        (mac("Apple M2 Ultra", 60), "mps", "bfloat16"),
        (mac("Apple M2 Ultra", 60), "cpu", "float32"),
        (mac("Apple M4", 10), "mps", "float16"),
        (mac("Apple M5 Max", 40), "mps", "float32"),
        (box(title="NVIDIA H200 NVL"), "cuda", "bfloat16"),
        (box(title="NVIDIA GeForce RTX 3060", memory_bytes=8_360_000_000), "cuda", BANDWIDTH),
        (box(), "cuda", "float32"),
        (box(**H200), "mlx", "float32"),
        (box(**H200), "cuda", "int4"),
    ],
)
def test_whatever_is_not_exactly_known_is_unknown(of: v1.Facts, name: Device, quantity: str) -> None:
    assert peak_for(of, name, quantity, hardware()) is None


def figure(unit: str, value: float, **conditions: Note) -> v3.Measurement:
    """A measured figure."""
    return v3.Measurement(
        name="it",
        unit=unit,
        direction="higher",
        samples=(value,),
        value=value,
        limits=v3.Limits(),
        conditions=conditions,
        provenance="measured",
    )


@pytest.mark.parametrize(
    ("measurement", "percent"),
    [
        (figure("GFLOPS", 494_500, dtype="bfloat16"), 50),
        (figure("TFLOPS", 494.5, dtype="torch.float16"), 50),
        (figure("GFLOPS", 33_500, dtype="fp32"), 50),
        (figure("GFLOPS", 247_250, dtype="float32", tf32=True), 50),
        (figure("GB/s", 2400), 50),
        (figure("TB/s", 2.4), 50),
    ],
)
def test_a_figure_is_given_in_percent_of_its_own_peak(measurement: v3.Measurement, percent: float) -> None:
    share = percent_of_peak(measurement, "cuda", box(**H200), hardware())
    assert share is not None
    assert math.isclose(share.percent, percent)
    assert math.isclose(share.peak * share.percent, 100 * measurement.value)


@pytest.mark.parametrize(
    "measurement",
    [figure("GFLOPS", 1), figure("GFLOPS", 1, dtype="int8"), figure("s", 1), figure("GB/s", 1, level="cache")],
)
def test_other_figures_have_no_peak(measurement: v3.Measurement) -> None:
    assert percent_of_peak(measurement, "cuda", box(**H200), hardware()) is None
    assert percent_of_peak(measurement, None, box(**H200), hardware()) is None


def test_the_numbers_of_the_hand_written_report_come_out_otherwise() -> None:
    """12.6 TFLOPS were called near the peak of an M2 Ultra, and 357 GB/s near that of its memory."""
    for cores, percent in ((60, 58.8), (76, 46.4)):
        share = percent_of_peak(
            figure("GFLOPS", 12634, dtype="float32"), "mps", mac("Apple M2 Ultra", cores), hardware()
        )
        assert share is not None
        assert round(share.percent, 1) == percent
        assert "not verified" in share.source
    share = percent_of_peak(figure("GB/s", 357), "mps", mac("Apple M2 Ultra", 60), hardware())
    assert share is not None
    assert round(share.percent, 1) == 44.6


def test_every_part_says_where_its_figures_are_from() -> None:
    parts = hardware().parts
    assert len({(part.name, part.memory_gb) for part in parts}) == len(parts)
    for part in parts:
        assert part.source
        assert part.gigabytes_per_second
        doubtful = any(word in part.source for word in ("derived", "memory", "unknown", "as Apple states"))
        assert part.verified != doubtful


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="teraflop"):
        Hardware.model_validate({"parts": [{"name": "x", "kind": "cuda", "titles": ["x"], "teraflop": 1}]})
