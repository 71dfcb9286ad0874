import sys
from pathlib import Path

import pytest

from verify.probe import facts
from verify.probe.accelerators import devices
from verify.probe.facts import _cpuinfo, collect

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


@pytest.mark.parametrize(("text", "limit"), [("max", None), ("1073741824", 2**30), ("9223372036854771712", None)])
def test_a_memory_limit_is_read_and_a_boundless_one_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, limit: int | None
) -> None:
    path = tmp_path / "memory.max"
    path.write_text(text + "\n")
    monkeypatch.setattr(facts, "MEMORY_LIMITS", (path,))
    assert facts.memory_limit_bytes() == limit


def test_without_frameworks_every_device_says_why_it_is_absent() -> None:
    found = devices()
    assert [device["name"] for device in found] == ["cpu", "cuda", "mps", "mlx"]
    assert all(device["computes"] or device["problem"] for device in found)
