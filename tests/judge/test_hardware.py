"""Peaks are those of exactly this part, or unknown."""

import json
import math
import re

import pytest
from pydantic import ValidationError

from tests import examples
from tests.examples import device, hardware
from verify.judge.hardware import BANDWIDTH, Hardware, ceiling_for, peak_for, percent_of_peak
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
        (box(title="Tesla V100-SXM2-16GB", memory_bytes=16_935_682_048), "cuda", "float16", 125),
        (box(title="Tesla V100-SXM2-32GB", memory_bytes=34_089_730_048), "cuda", "float16", 125),
        (box(title="NVIDIA A100-SXM4-40GB", memory_bytes=42_298_834_944), "cuda", BANDWIDTH, 1555),
        (box(title="NVIDIA A100-SXM4-80GB", memory_bytes=84_974_239_744), "cuda", BANDWIDTH, 2039),
        (box(title="NVIDIA B200", memory_bytes=191_510_765_568), "cuda", BANDWIDTH, 8000),
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
        (box(**H200 | {"memory_bytes": 18_790_481_920}), "cuda", "float32"),  # an eighth of it
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
    [
        figure("GFLOPS", 1),
        figure("GFLOPS", 1, dtype="int8"),
        figure("s", 1),
        figure("GB/s", 1, level="cache"),
        figure("GB/s", 1, level="unsettled"),
        figure("GB/s", 1, working_set_bytes=1),
    ],
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
        doubts = ("derived", "memory", "unknown", "as Apple states", "as cited by")
        doubtful = any(word in part.source for word in doubts)
        assert part.verified != doubtful


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="teraflop"):
        Hardware.model_validate({"parts": [{"name": "x", "kind": "cuda", "titles": ["x"], "teraflop": 1}]})


ZEN5: examples.Data = {
    "name": "AMD EPYC 9555",
    "physical_cores": 64,
    "logical_cores": 128,
    "instruction_sets": ["avx2", "fma", "avx512f", "avx512_bf16"],
    "vendor": "AuthenticAMD",
    "family": 26,
    "model": 2,
    "clock_hertz": 4_400_000_000,
    "clock_is": "highest",
}


def server(**changes: object) -> v1.Facts:
    """A machine with 64 cores of Zen 5."""
    return v1.Facts.model_validate_json(json.dumps(examples.facts(processor=ZEN5 | changes, devices=[device("cpu")])))


def test_a_processors_peak_is_its_cores_times_its_cycles_times_its_highest_clock() -> None:
    peak = peak_for(server(), "cpu", "float32", hardware())
    assert peak is not None
    assert peak.value == pytest.approx(64 * 64 * 4.4e9 / 1e12)
    assert peak.source.startswith("64 cores x 64 operations a cycle x 4.4 GHz; ")
    bf16 = peak_for(server(), "cpu", "bfloat16", hardware())
    assert bf16 is not None
    assert bf16.value == pytest.approx(2 * peak.value)
    half = percent_of_peak(figure("GFLOPS", peak.value * 500, dtype="float32"), "cpu", server(), hardware())
    assert half is not None
    assert half.percent == pytest.approx(50)


@pytest.mark.parametrize(
    ("changes", "quantity"),
    [
        ({"clock_is": "a virtual machine's nominal one"}, "float32"),
        ({"clock_is": "at the moment it was read"}, "float32"),
        ({"clock_hertz": None, "clock_is": None}, "float32"),
        ({"family": 27}, "float32"),
        ({"model": 36}, "float32"),
        ({"vendor": None}, "float32"),
        ({"instruction_sets": ["avx2", "fma"]}, "float32"),
        ({}, "float16"),
        ({}, BANDWIDTH),
    ],
)
def test_a_processor_that_does_not_tell_all_of_it_has_no_peak(changes: examples.Data, quantity: str) -> None:
    assert peak_for(server(**changes), "cpu", quantity, hardware()) is None


@pytest.mark.parametrize(
    ("changes", "quantity", "ceiling"),
    [
        ({}, "float32", 64 * 64 * 6.5e-3),
        ({}, "bfloat16", 64 * 128 * 6.5e-3),
        ({"instruction_sets": ["avx2", "fma"]}, "bfloat16", 64 * 32 * 6.5e-3),
        ({"physical_cores": 8, "logical_cores": 2}, "float32", 2 * 64 * 6.5e-3),  # a container on a large host
        ({"physical_cores": 64, "logical_cores": 2}, "float32", 2 * 64 * 6.5e-3),
        ({"clock_is": "a virtual machine's nominal one"}, "float32", 128 * 64 * 6.5e-3),  # its threads may be cores
        ({"instruction_sets": []}, "float32", None),
        ({}, "int8", None),
    ],
)
def test_a_processor_has_a_ceiling_whatever_its_clock(
    changes: examples.Data, quantity: str, ceiling: float | None
) -> None:
    found = ceiling_for(server(**changes).processor, quantity, hardware())
    assert found == (None if ceiling is None else pytest.approx(ceiling))


def test_no_core_does_more_than_the_ceiling_of_its_instruction_sets() -> None:
    known = hardware()
    for core in known.cores:
        for dtype, rate in core.flops_per_cycle.items():
            rates = [
                c.flops_per_cycle.get(dtype, 0) for c in known.ceilings if c.instruction_set in core.instruction_sets
            ]
            assert rate <= max(rates), core.name


def test_every_core_is_one_alone_and_says_where_its_figures_are_from() -> None:
    cores = hardware().cores
    numbers = [
        (core.vendor, core.family, n) for core in cores for low, high in core.models for n in range(low, high + 1)
    ]
    assert len(set(numbers)) == len(numbers)
    assert all(core.source.startswith("derived") != core.verified for core in cores)


def test_what_is_derived_from_a_clock_is_what_the_clock_gives() -> None:
    for part in hardware().parts:
        told = re.search(r"GPU cores x 128 ALUs x 2 x ([0-9.]+) GHz", part.source)
        if told and part.cores:
            exact = part.cores * 128 * 2 * float(told[1]) / 1000
            assert part.teraflops["float32"] == pytest.approx(exact, rel=0.01), part.name
