"""Versions that are known to go wrong together."""

import pytest

from tests.judge.audit.documents import claim, document, machine, pinned, rules


@pytest.mark.parametrize(
    ("datasets", "python", "expected"),
    [
        ("3.6.0", "3.14", ["combination.datasets-python-3-14"]),
        ("4.4.1", "3.14", []),
        ("3.6.0", "3.13", []),
        ("3.x", "3.14", []),
        ("3.6.0", None, []),
    ],
)
def test_an_advisory_applies_where_all_of_it_is_told(datasets: str, python: str | None, expected: list[str]) -> None:
    assert rules(document(pinned=pinned(datasets=datasets), machines=(machine(python=python),))) == expected


def test_an_advisory_for_a_device_needs_the_device() -> None:
    versions = pinned(torch="2.10.0")
    on_mps = document(claim("duration", "1", "s", device="mps"), pinned=versions)
    assert "combination.mps-attention-before-2-11" in rules(on_mps)
    assert rules(document(pinned=versions)) == []


def test_an_advisory_for_a_class_of_machines_needs_its_chip() -> None:
    told = claim("duration", "1", "s", device="mps")
    found = [
        rules(document(told, pinned=pinned(torch="2.13.0"), machines=(machine(chip=chip),)))
        for chip in ("M1 Pro", "M4")
    ]
    assert found == [["combination.mps-products-past-32767"], []]


def test_a_device_that_the_machine_cannot_have_is_only_compared_with() -> None:
    told = claim("power", "170", "W", device="cuda")
    written = document(told, pinned=pinned(torch="2.12.0"), machines=(machine(chip="M4"),))
    assert rules(written) == []
    gpu = document(told, pinned=pinned(torch="2.12.0"), machines=(machine(gpu="NVIDIA L4"),))
    assert rules(gpu) == ["combination.compiled-layer-norm-gradients"]
