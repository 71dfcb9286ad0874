from pathlib import Path

import pytest

from verify.spec.builds import live_build
from verify.spec.licences import UNKNOWN, LicenceChange, licence_changes, licences_of
from verify.spec.lock import read_lock

OURS = Path(__file__).resolve().parents[2]


def install(build: Path, name: str, headers: str) -> None:
    folder = build / "lib" / "python3.11" / "site-packages" / f"{name}-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\n{headers}\nLicense: in the text below the headers\n"
    )


@pytest.mark.parametrize(
    ("headers", "licence"),
    [
        ("License-Expression: Apache-2.0\nLicense: MIT\n", "Apache-2.0"),
        ("License: MIT\nClassifier: License :: OSI Approved :: BSD License\n", "BSD License"),
        (
            "Classifier: License :: OSI Approved :: BSD License\nClassifier: License :: OSI Approved :: MIT License\n",
            "BSD License, MIT License",
        ),
        ("License: BSD 3-Clause\n  Copyright 2020\n  All rights reserved\n", "BSD 3-Clause"),
        ("Classifier: License :: OSI Approved\nLicense: ISC\n", "ISC"),
        ("Classifier: Programming Language :: Python\nLicense: ISC\n", "ISC"),
        ("License: UNKNOWN\n", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_a_licence_is_read_where_it_is_stated_most_exactly(tmp_path: Path, headers: str, licence: str) -> None:
    install(tmp_path, "A_Package", headers)
    assert licences_of(tmp_path) == {"a-package": licence}


def test_metadata_of_any_bytes_is_read(tmp_path: Path) -> None:
    install(tmp_path, "a", "")
    metadata = next(tmp_path.rglob("METADATA"))
    metadata.write_bytes(b"\xff\xfe no header at all")
    assert licences_of(tmp_path) == {}


def test_licences_that_change_come_and_go_are_told() -> None:
    before = {"a": "MIT", "b": "MIT", "c": "MIT"}
    after = {"b": "AGPL-3.0-only", "c": "MIT", "d": UNKNOWN}
    assert licence_changes(before, after) == (
        LicenceChange("a", "MIT", None),
        LicenceChange("b", "MIT", "AGPL-3.0-only"),
        LicenceChange("d", None, UNKNOWN),
    )


@pytest.mark.environment
def test_every_distribution_of_a_real_build_has_an_entry() -> None:
    build = live_build(OURS, "cpu")
    if build is None:
        pytest.skip("needs the environment `cpu`: ./noxw -s setup-cpu")
    licences = licences_of(build)
    assert {package.name for package in read_lock(OURS, "linux-x86_64-cpu").packages} <= licences.keys()
    assert licences["transformers"].startswith("Apache")
    assert sum(licence == UNKNOWN for licence in licences.values()) < len(licences) / 4
