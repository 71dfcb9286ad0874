"""Which report is this machine's certificate, and what it is held against."""

from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import keep
from tests.examples import draft
from tests.fleet.certificates import certify, facts_here
from verify.cli.certificate import UncertifiedError, certificate_here
from verify.errors import Exit, IntegrityError
from verify.run.identity import machine_id
from verify.spec.builds import state_directory
from verify.spec.lock import read_lock

pytestmark = pytest.mark.environment


@pytest.fixture
def facts(furnished: Path, tmp_path: Path) -> dict[str, Any]:
    return facts_here(furnished, tmp_path)


def look(project: Path, number: int) -> Path:
    """Keep a quick look at this machine, which gives no verdict."""
    machine = machine_id(state_directory(project) / "machine")
    return keep(
        project, draft("v1", id=f"{number:012x}", environment={"name": "cpu", "digest": "0" * 64}, machine=machine)
    )


@pytest.mark.parametrize("all_proven", [True, False])
def test_a_quick_look_in_between_voids_no_certificate(furnished: Path, facts: dict[str, Any], all_proven: bool) -> None:
    with pytest.raises(UncertifiedError, match="reports/cpu/ holds no certificate of this machine") as error:
        certificate_here(furnished, "cpu", all_proven=all_proven)
    assert error.value.exit == Exit.USAGE
    certify(furnished, facts, 1)
    certify(furnished, facts, 2)
    look(furnished, 3)
    last, _ = certificate_here(furnished, "cpu", all_proven=all_proven)
    assert (last.id, last.sequence) == ("000000000002", 2)


def test_it_is_held_against_this_machine_and_this_lock_as_they_are(furnished: Path, facts: dict[str, Any]) -> None:
    certify(furnished, facts | {"memory_bytes": 1}, 1)
    last, present = certificate_here(furnished, "cpu", all_proven=True)
    assert (last.facts.memory_bytes, present.facts.memory_bytes) == (1, facts["memory_bytes"])
    assert present.lock_digest == read_lock(furnished, "linux-x86_64-cpu").digest


def test_a_damaged_report_before_the_certificate_is_found_by_who_proves_them_all(
    furnished: Path, facts: dict[str, Any]
) -> None:
    first = certify(furnished, facts, 1)
    certify(furnished, facts, 2)
    first.write_bytes(first.read_bytes().replace(b'"certified"', b'"refused"', 1))
    assert certificate_here(furnished, "cpu", all_proven=False)[0].sequence == 2
    with pytest.raises(IntegrityError):
        certificate_here(furnished, "cpu", all_proven=True)
