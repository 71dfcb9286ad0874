"""A check is not done until a test has watched it fail: each fault here is put into a framework, and must be seen."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.checks.cases import Case, answers_to, every_case
from tests.checks.mutations import TABLE
from verify.probe.discover import find_checks

CASES = list(every_case())


def name_of(case: Case) -> str:
    return f"{case.check}-{case.fault}"


@pytest.fixture(scope="module")
def said(
    request: pytest.FixtureRequest, provisioned: Any, material: Path, tmp_path_factory: pytest.TempPathFactory
) -> Any:
    """What the checks said to the faults of a file, of which those that were selected are tried in one process."""
    selected: dict[Path, list[Case]] = {}
    for item in request.session.items:
        if isinstance(item, pytest.Function) and item.path == Path(__file__) and "said" in item.fixturenames:
            chosen: dict[str, Any] = item.callspec.params
            case: Case = chosen["case"]
            selected.setdefault(case.file, []).append(case)

    @functools.cache
    def answers(file: Path) -> dict[str, Any]:
        return answers_to(
            selected[file],
            python=provisioned.python,
            variables=provisioned.variables,
            cache=material,
            scratch=tmp_path_factory.mktemp("faults"),
        )

    return answers


@pytest.mark.environment
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_check_fails_for_the_reason_that_was_put_in(
    said: Any, case: Case, record_property: Callable[[str, object], None]
) -> None:
    answer = said(case.file)[case.fault]
    record_property("observed", f"{answer['outcome']}: {answer['reason']}")
    assert case.is_seen_in(answer), answer


def test_every_check_has_a_fault() -> None:
    assert {check.id for check in find_checks()} == {case.check for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_the_documented_table_has_every_fault(case: Case) -> None:
    rows = [row for row in TABLE.read_text(encoding="utf-8").splitlines() if f"`{case.check}`" in row]
    assert any(case.fault.replace("_", " ") in row for row in rows), "write it anew: ./noxw -s mutations"
