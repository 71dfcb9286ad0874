"""Figures that are held against one another have one unit."""

import pytest

from tests.judge.audit.documents import claim, document, rules
from verify.claims.claim import Unit


@pytest.mark.parametrize(("unit", "expected"), [("GB", []), ("GiB", ["units.mixed"])])
def test_gigabytes_are_not_gibibytes(unit: Unit, expected: list[str]) -> None:
    assert rules(document(claim("memory_total", "64", "GB"), claim("memory_peak", "3.1", unit))) == expected


@pytest.mark.parametrize(("unit", "expected"), [("GB/s", []), ("Gb/s", ["units.mixed"])])
def test_bytes_are_not_bits(unit: Unit, expected: list[str]) -> None:
    assert rules(document(claim("bandwidth", "64", "GB/s"), claim("bandwidth", "30", unit))) == expected
