import sys
from pathlib import Path

import pytest

from verify.probe import facts
from verify.probe.accelerators import devices
from verify.probe.facts import HIGHEST, MOMENTARY, NOMINAL, _cpuinfo, caches, clocked, collect, identified, mac_caches

APPLE_LIKE = "processor\t: 0\nBogoMIPS\t: 48.00\nFeatures\t: fp asimd sve\n"
TWO_SOCKETS = "\n\n".join(
    f"processor\t: {n}\nmodel name\t: Some CPU\nphysical id\t: {n // 4}\ncore id\t\t: {n % 2}\nflags\t\t: fma avx2"
    for n in range(8)
)


def test_cores_are_counted_over_sockets_and_without_their_threads() -> None:
    assert _cpuinfo(TWO_SOCKETS) == ("Some CPU", {"fma", "avx2"}, 4)


def test_a_processor_without_a_name_or_core_ids_is_told_as_it_is() -> None:
    assert _cpuinfo(APPLE_LIKE) == (None, {"fp", "asimd", "sve"}, 0)


def test_facts_have_no_blank_where_every_machine_has_something() -> None:
    found = collect()
    assert found["memory_bytes"] > 2**28
    assert found["processor"]["logical_cores"] >= 1
    assert found["python"]["version"].startswith(f"{sys.version_info[0]}.{sys.version_info[1]}.")
    assert {package["name"] for package in found["packages"]}


@pytest.mark.parametrize(
    ("groups", "kind"),
    [
        ("0::/kubepods.slice/pod1\n", "kubernetes"),
        ("4:memory:/docker/5f\n", "docker"),
        ("4:memory:/libpod_parent/libpod-63\n", "podman"),
        ("0::/user.slice\n", None),
    ],
)
def test_a_container_without_a_mark_is_known_by_its_control_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, groups: str, kind: str | None
) -> None:
    (tmp_path / "cgroup").write_text(groups)
    monkeypatch.setattr(facts, "CONTAINER_MARKS", {tmp_path / "absent": "docker"})
    assert facts.container(tmp_path / "cgroup") == kind
    assert facts.container(tmp_path / "absent") is None


def test_the_mark_that_an_engine_leaves_goes_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cgroup").write_text("4:memory:/docker/5f\n")
    monkeypatch.setattr(facts, "CONTAINER_MARKS", {tmp_path: "podman"})
    assert facts.container(tmp_path / "cgroup") == "podman"


def test_without_frameworks_every_device_says_why_it_is_absent() -> None:
    found = devices()
    assert [device["name"] for device in found] == ["cpu", "cuda", "mps", "mlx"]
    assert all(device["computes"] or device["problem"] for device in found)


EPYC = """processor\t: 0
vendor_id\t: AuthenticAMD
cpu family\t: 26
model\t\t: 2
model name\t: AMD EPYC
cpu MHz\t\t: 2596.096
flags\t\t: fpu hypervisor avx2

processor\t: 1
cpu MHz\t\t: 3000.000
"""
GRAVITON = "processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n"


def test_a_processor_tells_its_family_and_model() -> None:
    assert identified(EPYC) == {"vendor": "AuthenticAMD", "family": 26, "model": 2}
    assert identified(GRAVITON) == {"vendor": "0x41", "family": None, "model": 0xD40}
    assert identified("") == {"vendor": None, "family": None, "model": None}


def written(folder: Path, **files: object) -> None:
    """Small files, as the kernel shows them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(f"{content}\n")


def test_a_clock_is_called_what_it_is(tmp_path: Path) -> None:
    assert clocked(EPYC, tmp_path) == {"clock_hertz": 2_596_096_000, "clock_is": NOMINAL}
    assert clocked(EPYC.replace("hypervisor ", ""), tmp_path) == {"clock_hertz": 2_596_096_000, "clock_is": MOMENTARY}
    assert clocked(GRAVITON, tmp_path) == {"clock_hertz": None, "clock_is": None}


@pytest.mark.parametrize(("driver", "kind"), [("amd-pstate-epp", HIGHEST), ("acpi-cpufreq", NOMINAL)])
def test_the_highest_clock_is_believed_of_drivers_that_know_it(tmp_path: Path, driver: str, kind: str) -> None:
    for core, clock in ((0, 3_800_000), (1, 5_100_000)):
        written(tmp_path / f"cpu{core}/cpufreq", cpuinfo_max_freq=clock, scaling_driver=driver)
    assert clocked(EPYC, tmp_path)["clock_is"] == kind
    if kind == HIGHEST:
        assert clocked(EPYC, tmp_path)["clock_hertz"] == 5_100_000_000


def test_caches_are_counted_once_however_many_share_them(tmp_path: Path) -> None:
    for core in range(4):
        folder = tmp_path / f"cpu{core}/cache"
        written(folder / "index0", level=1, type="Data", size="48K", shared_cpu_list=core)
        written(folder / "index1", level=1, type="Instruction", size="32K", shared_cpu_list=core)
        written(folder / "index3", level=3, type="Unified", size="32768K", shared_cpu_list="0-1" if core < 2 else "2-3")
    written(tmp_path / "cpu0/cache/index4", level=4)
    assert caches(tmp_path) == [
        {"level": 1, "bytes": 48 * 1024, "count": 4},
        {"level": 3, "bytes": 2**25, "count": 2},
    ]


def test_a_macs_caches_are_those_of_its_kinds_of_core() -> None:
    told: dict[str, int] = {
        "hw.perflevel0.l2cachesize": 16 * 2**20,
        "hw.perflevel0.physicalcpu": 16,
        "hw.perflevel0.cpusperl2": 4,
        "hw.perflevel1.l2cachesize": 4 * 2**20,
        "hw.perflevel1.physicalcpu": 8,
        "hw.perflevel1.cpusperl2": 4,
    }
    assert mac_caches(told.get) == [
        {"level": 2, "bytes": 16 * 2**20, "count": 4},
        {"level": 2, "bytes": 4 * 2**20, "count": 2},
    ]
    assert mac_caches(lambda _: None) == []
