from pathlib import Path

import pytest

from verify.spec.lock import LockedPackage
from verify.spec.wheels import lists_wheel_of, locked_wheels

TORCH = LockedPackage("torch", "2.13.0+cpu", ("0" * 64,))
DASHED = LockedPackage("a-b", "1.0", ("0" * 64,))


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl", {"torch"}),
        ("torch-2.13.0+cpu-1build-cp311-cp311-linux_x86_64.whl", {"torch"}),
        ("torch-2.13.0+cpu-cp312-cp312-manylinux_2_28_x86_64.whl", set()),
        ("torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl", set()),
        ("A_b-1.0-py2.py3-none-any.whl", {"a-b"}),
        ("a_b-1.0.tar.gz", set()),
        ("not a wheel.whl", set()),
    ],
)
def test_a_locked_wheel_is_known_by_name_version_and_python(tmp_path: Path, name: str, found: set[str]) -> None:
    (tmp_path / name).touch()
    assert locked_wheels(str(tmp_path), [TORCH, DASHED], "3.11") == found


def test_any_version_of_a_package_is_seen(tmp_path: Path) -> None:
    (tmp_path / "torch-1.0-cp39-cp39-any.whl").touch()
    assert lists_wheel_of(str(tmp_path), ["torch"])
    assert not lists_wheel_of(str(tmp_path), ["numpy"])


@pytest.mark.parametrize("place", ["https://x.invalid/", "/nowhere/at/all", ""])
def test_a_place_that_is_no_directory_holds_nothing(place: str) -> None:
    assert not lists_wheel_of(place, ["torch"])
