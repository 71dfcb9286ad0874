"""What one environment left is held against another: the same one agrees, and one with a fault put in does not."""

import functools
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.checks.cases import LONGEST_SECONDS, Case, cases_of
from tests.checks.conftest import Provisioned
from verify.probe.check import Check
from verify.probe.discover import find_checks

HERE = Path(__file__).resolve().parent
CHECKS = find_checks([HERE.parents[2] / "verify" / "checks" / "behaviour"], suite=False)
FILES = sorted((HERE / "faults").glob("*.py"))
CASES = [case for file in FILES for case in cases_of(file)]


@pytest.fixture(scope="module")
def said(provisioned: Provisioned, material: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the checks of a file of faults said, all of them asked in one process."""

    @functools.cache
    def answers(file: Path) -> dict[str, Any]:
        scratch = tmp_path_factory.mktemp("behaviour")
        found, names = scratch / "answers.json", ",".join(case.fault for case in cases_of(file))
        words = [provisioned.python, "-P", HERE / "driver.py", file, names, material, scratch, found]
        ended = subprocess.run(
            [*map(str, words)],
            env=provisioned.variables,
            check=False,
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
        )
        assert ended.returncode == 0, ended.stderr[-2000:]
        told: dict[str, Any] = json.loads(found.read_text(encoding="utf-8"))
        return told

    return answers


def name_of(case: Case) -> str:
    return f"{case.check}-{case.fault}"


def id_of(check: Check) -> str:
    return check.id


@pytest.mark.environment
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_check_fails_for_the_reason_that_was_put_in(said: Any, case: Case) -> None:
    answer = said(case.file)[case.fault]
    assert case.is_seen_in(answer), answer


@pytest.mark.environment
@pytest.mark.parametrize("check", CHECKS, ids=id_of)
@pytest.mark.parametrize("name", ["first", "control"])
def test_a_check_passes_alone_and_against_itself(said: Any, check: Check, name: str) -> None:
    (file,) = (file for file in FILES if file.stem == check.id.partition(".")[0])
    answer = said(file)[f"behaviour/{check.id} {name}"]
    assert answer["outcome"] == "passed", answer
    assert answer["notes"]["compared"] == (name == "control")


def test_every_check_has_a_fault() -> None:
    assert {check.id for check in CHECKS} == {case.check for case in CASES}
