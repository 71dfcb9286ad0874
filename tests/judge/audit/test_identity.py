"""Chip, cores, system and driver can exist together."""

from typing import Any

import pytest

from tests.judge.audit.documents import audited, claim, document, machine, rules


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"chip": "M3 Max", "gpu_cores": 40}, []),
        ({"chip": "M3 Max", "gpu_cores": 60}, ["identity.cores"]),
        ({"chip": "Apple M2", "gpu_cores": 16}, ["identity.cores"]),
        ({"chip": "M99", "gpu_cores": 16}, []),
        ({"gpu": "NVIDIA L4", "gpu_memory_gb": 24.0}, []),
        ({"gpu": "NVIDIA L4", "gpu_memory_gb": 48.0}, ["identity.memory"]),
        ({"kernel": "Darwin 24.1.0", "system": "macOS"}, ["identity.kernel"]),
        ({"kernel": "Darwin 24.1.0", "system": "macOS 15.1"}, []),
        ({"kernel": "6.8.0-40-generic", "system": "Linux"}, ["identity.kernel"]),
        ({"kernel": "6.8.0-40-generic", "system": "Ubuntu 24.04"}, []),
    ],
)
def test_what_one_line_tells_can_exist(told: dict[str, Any], expected: list[str]) -> None:
    assert rules(document(machines=(machine(**told),))) == expected


def test_the_chip_that_has_so_many_cores_is_named() -> None:
    (finding,) = audited(document(machines=(machine(chip="M2", gpu_cores=19),)))
    assert "Apple M2 Pro, 19-core GPU" in finding.message


def test_one_machine_has_one_chip() -> None:
    assert rules(document(machines=(machine(chip="M1"), machine(2, chip="M1 Max")))) == ["identity.chips"]
    assert rules(document(machines=(machine(chip="M1"), machine(2, chip="M1")))) == []


def test_the_driver_s_cuda_is_not_the_build_s() -> None:
    unsaid, build = machine(cuda="12.8"), machine(2, cuda="12.4", cuda_is="build")
    assert rules(document(machines=(unsaid, build))) == ["identity.cuda"]
    assert rules(document(machines=(machine(cuda="12.8", cuda_is="runtime"), build))) == []
    assert rules(document(machines=(machine(cuda="12.4"), build))) == []


def test_a_table_that_compares_chips_may_name_a_sister_of_the_own() -> None:
    own, sister = (claim("bandwidth", told, "GB/s", chip=chip) for told, chip in (("60", "M1"), ("190", "M1 Pro")))
    assert "identity.chips" not in rules(document(own, sister, machines=(machine(chip="M1"),)))
    assert "identity.chips" in rules(document(sister, machines=(machine(chip="M1"),)))
