import json
from pathlib import Path

import pytest

from tests.cli.conftest import Verify
from verify.spec.lock import read_lock

STATUS = """Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9
Description: GNU C Library
 Version: not this one

Package: gone
Status: deinstall ok config-files
Version: 1
"""


def test_the_bill_holds_every_package_of_the_lock(verify: Verify, project: Path) -> None:
    ended = verify("sbom", "cpu")
    assert ended.returncode == 0
    named = {(part["name"], part["version"]) for part in json.loads(ended.stdout)["components"]}
    assert named == {(part.name, part.version) for part in read_lock(project, "linux-x86_64-cpu").packages}


def test_what_is_installed_of_a_distribution_is_added(verify: Verify, project: Path) -> None:
    (project / "status").write_text(STATUS)
    ended = verify("sbom", "cuda", "--dpkg", str(project / "status"), "--out", str(project / "bill.json"))
    assert (ended.returncode, ended.stdout) == (0, "")
    bill = json.loads((project / "bill.json").read_text())
    found = {part["name"]: part["version"] for part in bill["components"] if part["purl"].startswith("pkg:deb/")}
    assert found == {"libc6": "2.36-9"}


def test_equal_locks_have_equal_bills_and_the_caller_may_say_the_time(verify: Verify) -> None:
    assert verify("sbom", "cpu").stdout == verify("sbom", "cpu").stdout
    dated = json.loads(verify("sbom", "cpu", SOURCE_DATE_EPOCH="1700000000").stdout)
    assert dated["metadata"]["timestamp"].startswith("2023-11-14T22:13:20")


@pytest.mark.parametrize(
    ("words", "code"),
    [(["nowhere"], 2), ([], 2), (["cpu", "--dpkg", "/absent/status"], 5), (["cpu", "--dpkg", ""], 2)],
)
def test_what_cannot_be_told_is_an_error_without_a_traceback(verify: Verify, words: list[str], code: int) -> None:
    ended = verify("sbom", *words)
    assert ended.returncode == code
    assert "Traceback" not in ended.stderr
