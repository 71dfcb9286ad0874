"""Chaos proves something: what is lost, damaged or not found is counted."""

import hashlib
import random
import shutil
from pathlib import Path

import pytest

from tests.chaos.corruptions import SPOIL
from tests.chaos.proof import Count, acknowledged, prove, spoil
from tests.chaos.writer import report
from verify.render import markdown
from verify.report import history

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a history of four reports."""
    for number in range(4):
        made = report(number, "a" * 32, 0)
        history.append(tmp_path / "project", made, render=markdown.render, audit=lambda _: [])
    for name in ("envs", "lockfiles", "policy"):
        shutil.copytree(ROOT / name, tmp_path / "project" / name)
    return tmp_path / "project"


def kept(root: Path) -> dict[str, str]:
    """What was acknowledged of it."""
    paths = (root / "reports/m2").glob("*.json")
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def test_a_whole_history_holds(root: Path) -> None:
    count = Count()
    prove(root, kept(root), count)
    assert count.holds
    assert (count.acknowledged, count.unacknowledged) == (4, 0)


def test_a_report_that_is_gone_is_lost_and_one_that_changed_is_corrupted(root: Path) -> None:
    told, (first, second, *_) = kept(root), sorted((root / "reports/m2").glob("*.json"))
    first.unlink()
    second.write_bytes(second.read_bytes()[:-1])
    count = Count()
    prove(root, told, count)
    assert count.lost == [str(first.relative_to(root))]
    assert str(second.relative_to(root)) in count.corrupted
    assert not count.holds


def test_a_report_that_nobody_told_of_is_counted(root: Path) -> None:
    count = Count()
    prove(root, dict(list(kept(root).items())[1:]), count)
    assert (count.holds, count.unacknowledged) == (True, 1)


def test_what_is_half_made_is_counted(root: Path) -> None:
    (root / "reports/m2/.x.json.part").write_text("half")
    count = Count()
    prove(root, kept(root), count)
    assert not count.holds


@pytest.mark.parametrize("kind", SPOIL)
def test_every_corruption_is_found(kind: str, root: Path) -> None:
    count = Count()
    spoil(root, [kind], random.Random(1), count)
    assert count.undetected == []
    assert count.faults[f"spoilt: {kind}"] == 1
    assert count.text()


def test_a_line_that_was_cut_off_acknowledges_nothing() -> None:
    whole = f"kept reports/m2/x.json {'0' * 64}"
    assert acknowledged(f"noise\n{whole}\n{whole[:-1]}") == {"reports/m2/x.json": "0" * 64}
