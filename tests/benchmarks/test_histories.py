"""The made-up history is one, or what it shows is worth nothing."""

import shutil
from pathlib import Path

from benchmarks.histories import QUERY
from benchmarks.made_up import PROJECT, with_results, write
from tests import examples
from verify.report.history import stored
from verify.report.index import refresh
from verify.report.query import asked
from verify.report.read import read_report
from verify.report.wholeness import verify_history
from verify.run.auditing import How, audited_history

COUNT = 25


def test_a_made_up_history_is_valid_and_whole_and_can_be_asked(tmp_path: Path) -> None:
    whole = examples.certify()
    like = with_results(whole, [result for result in whole.results if result.outcome == "passed"])
    for part in PROJECT:
        shutil.copytree(examples.ROOT / part, tmp_path / part)
    write(tmp_path, like, COUNT)
    reports = [read_report(path, tmp_path) for path in stored(tmp_path, "m2")]
    assert sorted(report.id for report in reports) == [f"{number:012x}" for number in range(COUNT)]
    assert verify_history(tmp_path) == []
    assert audited_history(tmp_path, How()).findings == []
    refresh(tmp_path, tmp_path / "index")
    with asked(tmp_path / "index", QUERY) as answers:
        ((value,),) = answers.rows
    assert isinstance(value, float)
    query = "SELECT count(DISTINCT value) FROM measurements WHERE check_id = 'training.tinynet_learns[mps]'"
    with asked(tmp_path / "index", f"{query} AND provenance = 'measured'") as answers:
        assert list(answers.rows) == [(COUNT,)]
