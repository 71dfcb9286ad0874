"""Which datasheets a document's machine may have."""

import pytest

from tests import examples
from tests.judge.audit.documents import document, machine
from verify.judge.audit.chips import own_chip, own_parts, parts_named


@pytest.mark.parametrize(
    ("chip", "expected"),
    [
        ("M1 Max", ["Apple M1 Max, 24-core GPU", "Apple M1 Max, 32-core GPU"]),
        ("Apple M1 Max", ["Apple M1 Max, 24-core GPU", "Apple M1 Max, 32-core GPU"]),
        ("RTX 4090", ["NVIDIA GeForce RTX 4090"]),
        ("nvidia geforce rtx 4090", ["NVIDIA GeForce RTX 4090"]),
        ("L40", []),
        ("H100", ["NVIDIA H100 PCIe", "NVIDIA H100 SXM"]),
        ("RTX 4060", []),
        ("M1 Mega", []),
        ("", []),
    ],
)
def test_a_chip_is_found_by_its_name(chip: str, expected: list[str]) -> None:
    assert [part.name for part in parts_named(chip, examples.hardware())] == expected


def test_cores_tell_which_variant_it_is() -> None:
    written = document(machines=(machine(chip="M1 Max"), machine(2, gpu_cores=24)))
    assert own_chip(written) == "M1 Max"
    assert [part.cores for part in own_parts(written, examples.hardware())] == [24]


def test_a_text_about_several_machines_has_none_of_its_own() -> None:
    several = document(machines=(machine(chip="M1 Max"), machine(2, gpu="NVIDIA L4")))
    assert own_parts(several, examples.hardware()) == []
    named_twice = document(machines=(machine(chip="M1 Max"), machine(2, chip="Apple M1 Max")))
    assert len(own_parts(named_twice, examples.hardware())) == 2
