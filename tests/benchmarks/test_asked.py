"""The checks that only the benchmarks ask, and the options that ask them."""

from pathlib import Path

import pytest

from benchmarks.__main__ import HEAD, parser, rows
from benchmarks.against_itself import ITSELF
from benchmarks.doubled import DOUBLED
from benchmarks.reachable import REACHED
from verify.checks.benchmark import pretraining
from verify.checks.measures.pace import STEADY_FROM
from verify.probe.discover import checks_of, find_checks, load
from verify.run.plan import plan


def test_only_the_benchmarks_ask_them_and_alone() -> None:
    checks = [check for path in (ITSELF, DOUBLED, REACHED) for check in checks_of(path, "benchmark")]
    jobs = plan(checks, level="certify", environment="cpu", promised=["cpu"], locked=["torch", "transformers"])
    assert len(jobs) == 10
    assert all(job.alone and not job.skip for job in jobs)
    assert not {check.id for check in checks} & {check.id for check in find_checks()}


def test_for_each_comparison_of_pretraining_there_is_one_over_twice_the_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    module, asked = load(DOUBLED), []
    monkeypatch.setattr(module, "compare", lambda _, arms, turns: asked.append((tuple(arms), turns)))
    monkeypatch.setattr(module, "compare_compiled", lambda _, arm, turns: asked.append(((arm,), turns)))
    for check in checks_of(DOUBLED, "benchmark"):
        getattr(module, check.id.partition(".")[2])(None)
    wanted = {pretraining.ALONE, (pretraining.COMPILED,), (pretraining.TOGETHER,)}
    assert {arms for arms, _ in asked} == wanted
    assert {turns for _, turns in asked} == {2 * pretraining.TURNS}
    # Turns that count come in rounds of two.
    assert (2 * pretraining.TURNS - STEADY_FROM) % 2 == 0


def test_one_part_of_what_is_reachable_can_be_asked_for_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks import reachable

    def part(root: Path, rounds: int) -> list[str]:
        return [f"| {rounds} |"]

    monkeypatch.setattr(reachable, "PARTS", {"training": part})
    asked = parser().parse_args(["--only", "training", "--reachable", "8"])
    assert list(rows(asked)) == [HEAD, "| 8 |"]
