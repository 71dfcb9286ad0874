from pathlib import Path

import pytest

from tests import examples
from tests.cli.conftest import keep
from verify.cli.stored import report_called
from verify.errors import IntegrityError, StorageError, UsageError


@pytest.fixture
def kept(project: Path) -> list[Path]:
    """Two reports of one machine, and the first of another."""
    first, second = [keep(project, examples.draft_judged(id=f"{number:012d}")) for number in (1, 2)]
    return [first, second, keep(project, examples.draft_judged(id="0123456789ab", machine="b" * 32))]


def test_a_report_is_called_by_its_file_its_id_or_its_number(project: Path, kept: list[Path]) -> None:
    assert report_called(str(kept[1]), project, "m2").id == "000000000002"
    assert report_called("000000000002", project, "m2").id == "000000000002"
    assert report_called("2", project, "m2").id == "000000000002"


def test_a_number_that_two_machines_have_is_told_with_their_ids(project: Path, kept: list[Path]) -> None:
    with pytest.raises(UsageError, match="2 machines have a report 1 of m2") as error:
        report_called("1", project, "m2")
    assert "000000000001" in error.value.hint
    assert "0123456789ab" in error.value.hint


@pytest.mark.parametrize("name", ["3", "ffffffffffff"])
def test_a_report_that_is_not_there_is_told(project: Path, kept: list[Path], name: str) -> None:
    with pytest.raises(UsageError, match=f"holds no report {name}"):
        report_called(name, project, "m2")


def test_a_file_that_is_not_there_or_was_changed_is_told(project: Path, kept: list[Path]) -> None:
    with pytest.raises(StorageError, match="cannot read"):
        report_called(str(project / "reports" / "m2" / "absent.json"), project, "m2")
    kept[0].write_bytes(kept[0].read_bytes() + b" ")
    with pytest.raises(IntegrityError, match="bytes are not those"):
        report_called("000000000001", project, "m2")


def test_another_environments_report_says_nothing_of_this_one(project: Path, kept: list[Path]) -> None:
    with pytest.raises(UsageError, match="is of the environment m2, not of cpu") as error:
        report_called("000000000002", project, "cpu")
    assert "--environment m2" in error.value.hint
