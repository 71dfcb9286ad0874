import ctypes
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from verify.checks.measures import energy_counters
from verify.checks.measures.energy_counters import Counter, Unreadable, joules_between, nvml, powermetrics_watts, rapl

RANGE = 262_143_328_850
# As a two-socket server shows them: packages, a zone within one, and a zone that counts the whole board again.
RECORDED = {
    "intel-rapl:0": ("package-0", 261_999_000_000),
    "intel-rapl:0:0": ("dram", 41_000_000),
    "intel-rapl:1": ("package-1", 12_345_678),
    "intel-rapl:2": ("psys", 999_000_000),
}
# The end of one sample of powermetrics on an Apple chip.
POWERMETRICS = """
E-Cluster HW active frequency: 1042 MHz
CPU Power: {cpu} mW
GPU Power: 27 mW
ANE Power: 0 mW
Combined Power (CPU + GPU + ANE): {all} mW

**** GPU usage ****
GPU Power: 27 mW
"""


def recorded(folder: Path) -> Path:
    for name, (title, shown) in RECORDED.items():
        zone = folder / name
        zone.mkdir()
        for file, value in (("name", title), ("energy_uj", shown), ("max_energy_range_uj", RANGE)):
            (zone / file).write_text(f"{value}\n", encoding="ascii")
    return folder


def test_only_whole_packages_are_counted(tmp_path: Path) -> None:
    found = rapl(recorded(tmp_path))
    assert found == {
        "intel-rapl:0": Counter(261_999_000_000, RANGE),
        "intel-rapl:1": Counter(12_345_678, RANGE),
    }


def test_a_counter_that_wraps_round_has_counted_on(tmp_path: Path) -> None:
    before = rapl(recorded(tmp_path))
    (tmp_path / "intel-rapl:0" / "energy_uj").write_text("55671150\n", encoding="ascii")
    (tmp_path / "intel-rapl:1" / "energy_uj").write_text("112345678\n", encoding="ascii")
    # 262,143.32885 - 261,999 + 55.67115 J of the one, 100 J of the other.
    assert joules_between(before, rapl(tmp_path)) == pytest.approx(200 + 100)


def test_a_counter_that_cannot_wrap_must_not_fall() -> None:
    with pytest.raises(ValueError, match="gpu fell from 9 to 8"):
        joules_between({"gpu": Counter(9, 0)}, {"gpu": Counter(8, 0)})


def test_a_counter_that_vanishes_is_an_error() -> None:
    with pytest.raises(ValueError, match="became"):
        joules_between({"one": Counter(1, 9), "two": Counter(1, 9)}, {"one": Counter(2, 9)})


def test_a_machine_without_counters_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="counts no energy"):
        rapl(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_counter_kept_from_users_says_so(tmp_path: Path) -> None:
    (recorded(tmp_path) / "intel-rapl:0" / "energy_uj").chmod(0)
    with pytest.raises(Unreadable, match="only root may read"):
        rapl(tmp_path)


def test_powermetrics_tells_the_power_of_the_whole_chip() -> None:
    text = POWERMETRICS.format(cpu=5016, all=5043) + POWERMETRICS.format(cpu=900, all=1000)
    assert powermetrics_watts(text) == [5.043, 1.0]


def test_powermetrics_without_power_says_so() -> None:
    with pytest.raises(Unreadable, match="no combined power"):
        powermetrics_watts("powermetrics must be invoked as the superuser")


def library(answers: dict[str, int], millijoules: int = 0) -> Any:
    def consumption(_: Any, told: Any) -> int:
        told._obj.value = millijoules  # noqa: SLF001 - what ctypes.byref offers
        return answers.get("nvmlDeviceGetTotalEnergyConsumption", 0)

    return SimpleNamespace(
        nvmlInit_v2=lambda: answers.get("nvmlInit_v2", 0),
        nvmlDeviceGetHandleByUUID=lambda name, _: int(name != b"GPU-8f1e"),
        nvmlDeviceGetTotalEnergyConsumption=consumption,
    )


def test_a_gpu_is_asked_by_its_uuid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: library({}, millijoules=123))
    assert nvml("8f1e") == nvml("GPU-8f1e") == {"GPU-8f1e": Counter(123_000, 0)}


def test_a_gpu_that_does_not_count_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: library({"nvmlDeviceGetTotalEnergyConsumption": 3}))
    with pytest.raises(Unreadable, match="nvmlDeviceGetTotalEnergyConsumption answered 3"):
        nvml("8f1e")


def test_a_machine_without_nvml_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(energy_counters, "NVML", "libno-such-thing.so.1")
    with pytest.raises(Unreadable, match="cannot be loaded"):
        nvml("8f1e")
