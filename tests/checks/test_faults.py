"""A check is not done until a test has watched it fail: each fault here is put into a framework, and must be seen."""

import functools
import importlib.util
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from verify.probe.discover import find_checks

FAULTS = Path(__file__).resolve().parent / "faults"
DRIVER = FAULTS / "driver.py"


@functools.cache
def cases_of(path: Path) -> list[tuple[str, str, str, str]]:
    spec = importlib.util.spec_from_file_location(f"{path.stem}_faults", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    cases: list[tuple[str, str, str, str]] = module.CASES
    return cases


def every_case() -> Iterator[Any]:
    for path in sorted(FAULTS.glob("*.py")):
        if path != DRIVER:
            for fault, check, _, words in cases_of(path):
                yield pytest.param(path, fault, words, id=f"{check.partition('.')[2]}-{fault}")


@pytest.fixture(scope="module")
def said(
    request: pytest.FixtureRequest, provisioned: Any, material: Path, tmp_path_factory: pytest.TempPathFactory
) -> Any:
    """What the checks said to the faults of a file, of which those that were selected are tried in one process."""
    selected: dict[Path, list[str]] = {}
    for item in request.session.items:
        if isinstance(item, pytest.Function) and item.path == Path(__file__) and "fault" in item.fixturenames:
            chosen: dict[str, Any] = item.callspec.params
            selected.setdefault(chosen["path"], []).append(chosen["fault"])

    @functools.cache
    def answers(path: Path) -> dict[str, Any]:
        found = tmp_path_factory.mktemp("faults") / "answers.json"
        words = [provisioned.python, "-P", DRIVER, path, ",".join(selected[path]), material, found]
        ended = subprocess.run(
            list(map(str, words)), env=provisioned.variables, check=False, capture_output=True, text=True, timeout=600
        )
        assert ended.returncode == 0, ended.stderr[-2000:]
        told: dict[str, Any] = json.loads(found.read_text(encoding="utf-8"))
        return told

    return answers


@pytest.mark.environment
@pytest.mark.parametrize(("path", "fault", "words"), list(every_case()))
def test_a_check_fails_for_the_reason_that_was_put_in(said: Any, path: Path, fault: str, words: str) -> None:
    answer = said(path)[fault]
    assert answer["outcome"] == "failed", answer
    assert words in answer["reason"]


def test_every_check_that_asks_a_framework_has_a_fault() -> None:
    checks = {check.id for check in find_checks() if not check.id.startswith("installed.")}
    broken = {case[1].partition("/")[2] for path in FAULTS.glob("*.py") if path != DRIVER for case in cases_of(path)}
    assert checks == broken
