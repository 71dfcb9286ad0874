"""Releases are numbers, not texts."""

import pytest

from verify.report.releases import all_within, within


@pytest.mark.parametrize(
    ("version", "span", "expected"),
    [
        ("2.10.0", ">=2.9,<2.12", True),
        ("2.9", ">=2.9.0", True),
        ("2.10", "<2.9", False),
        ("2.12.0", "<2.12", False),
        ("2.10.0+cpu", "==2.10", True),
        ("2.10.0rc1", "<=2.10", True),
        ("3", ">2.99", True),
        ("unknown", ">=1", False),
    ],
)
def test_ranges_compare_releases_by_number(version: str, span: str, expected: bool) -> None:
    assert within(version, span) is expected


def test_every_package_must_be_there_whatever_its_name_is_spelled_like() -> None:
    there = {"foo-bar": "1.0.0", "torch": "2.10.0"}
    assert all_within(there, {})
    assert all_within(there, {"Foo_Bar": "==1", "torch": ">=2.9,<2.12"})
    assert not all_within(there, {"Foo.Bar": "==1", "torch": "<2.10"})
    assert not all_within(there, {"Foo_Bar": "==1", "mlx": ">0"})
