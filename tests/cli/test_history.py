import csv
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests import examples
from tests.cli.conftest import Verify, keep
from verify.errors import Exit
from verify.report.versions import AnyReport


@pytest.fixture
def history(verify: Verify) -> Verify:
    """``verify history`` on the project."""
    return partial(verify, "history")


def rate(number: int, value: float, **changes: Any) -> AnyReport:
    """A figure that is about what is said."""
    samples = [value * (1 + 0.001 * offset) for offset in (number % 3, 4, -3)]
    conditions = {"dtype": "float32"}
    figure = examples.measured("rate", samples, "GFLOPS", conditions=conditions)
    results = [*examples.results()[:1], examples.result("matmul.rate", "mps", kind="benchmark", measurements=[figure])]
    return examples.draft_judged(id=f"{number:012x}", results=results, **changes)


def test_every_part_says_how_to_make_a_report_when_there_is_none(history: Verify) -> None:
    for words in (("list",), ("show", "1"), ("diff", "1", "2"), ("prove",)):
        ended = history(*words)
        assert ended.returncode == Exit.USAGE
        assert ended.stderr == "error: reports/ holds no report\nhint: make one: ./noxw -s setup verify\n"
    assert json.loads(history("list", "--json").stdout) == []


def test_reports_are_listed_and_shown_by_id_and_number(project: Path, history: Verify) -> None:
    for number in range(2):
        keep(project, examples.draft_judged(id=f"{number:012x}"))
    assert [line.split()[:4] for line in history("list").stdout.splitlines()] == [
        ["id", "environment", "machine", "number"],
        ["000000000000", "m2", "aaaaaaaaaaaa", "1"],
        ["000000000001", "m2", "aaaaaaaaaaaa", "2"],
    ]
    assert [row["number"] for row in json.loads(history("list", "--json").stdout)] == [1, 2]
    assert history("show", "000000000001").stdout == history("show", "2").stdout
    assert json.loads(history("show", "2", "--json").stdout)["sequence"] == 2
    missing = history("show", "ffffffffffff")
    assert (missing.returncode, len(missing.stderr.splitlines())) == (Exit.USAGE, 2)
    assert json.loads(history("list", "--json", "--environment", "m4").stdout) == []


def test_an_id_finds_its_environment(project: Path, history: Verify) -> None:
    keep(project, examples.draft_judged(id="0" * 12))
    keep(project, examples.draft_judged(id="1" * 12, environment={"name": "m4", "digest": "e" * 64}))
    assert history("show", "1" * 12).stdout.startswith("m4: ")
    assert history("show", "1", "--environment", "m4").stdout.startswith("m4: ")
    unknown = history("show", "f" * 12)
    assert "reports/ holds no report ffffffffffff" in unknown.stderr
    assert unknown.returncode == Exit.USAGE


def test_two_reports_are_compared(project: Path, history: Verify) -> None:
    keep(project, examples.draft_judged(id="0" * 12))
    keep(project, examples.draft_judged(id="1" * 12, results=examples.results()[1:]))
    ended = history("diff", "0" * 12, "1" * 12)
    assert ended.returncode == Exit.HOLDS
    assert "installed.is_the_lock  passed" in ended.stdout
    told = json.loads(history("diff", "1", "2", "--json").stdout)
    assert told["outcomes"] == [{"what": "installed.is_the_lock", "before": "passed", "after": None}]


def test_a_query_is_answered_in_three_forms_and_never_writes(project: Path, history: Verify) -> None:
    for number in range(3):
        keep(project, examples.draft_judged(id=f"{number:012x}"))
    query = "SELECT sequence, '=1+1' AS text FROM reports ORDER BY 1"
    assert history("sql", query).stdout.splitlines()[1].split() == ["1", "=1+1"]
    assert json.loads(history("sql", query, "--json").stdout)[2] == {"sequence": 3, "text": "=1+1"}
    rows = list(csv.reader(history("sql", query, "--csv").stdout.splitlines()))
    assert rows == [["sequence", "text"], ["1", "'=1+1"], ["2", "'=1+1"], ["3", "'=1+1"]]
    assert history("sql", "SELECT 1 WHERE 0").stdout == "no rows\n"
    odd = history("sql", "SELECT x'00ff' AS bytes, 9e999 AS large, NULL AS missing", "--json")
    assert json.loads(odd.stdout) == [{"bytes": "00ff", "large": "inf", "missing": None}]
    assert "two columns have one name" in history("sql", "SELECT 1 AS a, 2 AS a", "--json").stderr
    refused = history("sql", "DELETE FROM reports")
    assert (refused.returncode, refused.stdout) == (Exit.USAGE, "")
    assert refused.stderr.startswith("error: the query: it may read, and nothing else\nhint: the tables: ")
    assert len(json.loads(history("sql", query, "--json").stdout)) == 3


def test_a_whole_history_is_proven_and_a_cut_tail_is_found(project: Path, history: Verify) -> None:
    paths = [keep(project, examples.draft_judged(id=f"{number:012x}")) for number in range(3)]
    whole = history("prove")
    assert (whole.returncode, whole.stdout) == (Exit.HOLDS, "reports looked at: 3; findings: 0\n")
    kept = project.parent / "head"
    head = next((project / "reports/m2").glob("*.head"))
    kept.write_bytes(head.read_bytes())
    paths[2].unlink()
    cut = history("prove", "--json")
    assert cut.returncode == Exit.INTEGRITY
    assert [finding["rule"] for finding in json.loads(cut.stdout)["findings"]] == ["chain.cut"]
    head.unlink()
    assert history("prove").returncode == Exit.HOLDS
    rolled = history("prove", "--head", str(kept))
    assert rolled.returncode == Exit.INTEGRITY
    assert "chain.rolled_back" in rolled.stdout
    wrong = history("prove", "--head", str(paths[0]))
    assert (wrong.returncode, len(wrong.stderr.splitlines())) == (Exit.INTEGRITY, 2)


def test_a_history_of_which_nothing_is_left_but_a_head_elsewhere_is_no_success(project: Path, history: Verify) -> None:
    path = keep(project, examples.draft_judged())
    kept = project.parent / "head"
    next(path.parent.glob("*.head")).rename(kept)
    for left in path.parent.iterdir():
        left.unlink()
    assert history("prove", "--head", str(kept)).returncode == Exit.INTEGRITY


def test_a_step_is_told_with_what_changed_beside_it(project: Path, history: Verify) -> None:
    facts = examples.facts(system_build="25C57", packages=[{"name": "torch", "version": "2.11.0"}])
    for number in range(8):
        keep(project, rate(number, 100 + number % 3) if number < 4 else rate(number, 80 + number % 3, facts=facts))
    ended = history("changes", "--metric", "rate")
    assert ended.returncode == Exit.HOLDS
    assert "from number 5 on: " in ended.stdout
    assert "worse" in ended.stdout
    for change in (("build", "25C56", "25C57"), ("torch", "2.10.0", "2.11.0")):
        assert change in [tuple(line.split()) for line in ended.stdout.splitlines()]
    assert "of 1 histories of a figure:\n  1 have a step" in ended.stdout
    (told,) = json.loads(history("changes", "--json").stdout)
    assert (told["course"]["shape"], told["course"]["points"], told["course"]["steps"][0]["first"]) == ("steps", 8, 5)
    few = history("changes", "--last", "7")
    assert "1 have too few values: a step takes 4 on each side" in few.stdout
    assert history("changes", "--last", "0").returncode == Exit.USAGE


def test_a_changed_report_is_refused_by_every_question(project: Path, history: Verify) -> None:
    path = keep(project, examples.draft_judged())
    path.write_text(path.read_text(encoding="utf-8").replace("macOS 26.2", "macOS 26.3"), encoding="utf-8")
    for words in (("list",), ("show", "1"), ("diff", "1", "1"), ("sql", "SELECT 1"), ("changes",), ("prove",)):
        ended = history(*words)
        assert ended.returncode == Exit.INTEGRITY
        assert path.name in ended.stderr + ended.stdout
