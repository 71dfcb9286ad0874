"""What is kept of a run outlasts whoever watches it."""

from pathlib import Path

import pytest

from tests.fleet.runs import handed_over, kept, plan
from verify.errors import IntegrityError, StorageError, UsageError
from verify.fleet.plan import Entry, Kept


def test_a_plan_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    asked = plan("n1", "n2", absent={"n2": "down"}, options=("--account=x",))
    assert kept(tmp_path, asked).plan() == asked


def test_a_run_is_begun_once(tmp_path: Path) -> None:
    kept(tmp_path, plan())
    with pytest.raises(StorageError):
        kept(tmp_path, plan())


def test_a_folder_that_is_none_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no run of a fleet"):
        Kept(tmp_path / "nothing").plan()


def test_a_plan_that_was_changed_is_refused(tmp_path: Path) -> None:
    run = kept(tmp_path, plan())
    path = run.folder / "run.json"
    path.write_text(path.read_text().replace('"minutes": 60', '"minutes": "60"'))
    with pytest.raises(IntegrityError, match="minutes"):
        run.plan()


def test_the_journal_is_read_in_its_order(tmp_path: Path) -> None:
    run = kept(tmp_path, plan("n1", "n2"))
    first, second = handed_over(run, "n1", 1), handed_over(run, "n2", 2)
    third = Entry("n1", 1, 1, 9, "TIMEOUT", 0, "TimeLimit")
    run.note(third)
    assert list(run.entries()) == [first, second, third]


def test_a_line_that_a_kill_cut_off_hides_no_other(tmp_path: Path) -> None:
    run = kept(tmp_path, plan("n1", "n2"))
    first = handed_over(run, "n1", 1)
    journal = run.folder / "journal"
    whole = journal.read_bytes()
    for cut in range(len(whole)):
        journal.write_bytes(whole + whole[:cut])
        again = handed_over(run, "n2", 2)
        assert set(run.entries()) == {first, again}
