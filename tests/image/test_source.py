from pathlib import Path

import pytest

from verify.image.source import LEFT_OUT, SHIPPED, shipped, source_digest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "verify/__pycache__").mkdir(parents=True)
    (tmp_path / "lockfiles").mkdir()
    (tmp_path / "tests").mkdir()
    for name in ("noxw", "verify/a.py", "lockfiles/x.txt"):
        (tmp_path / name).write_text(name)
    return tmp_path


def test_what_is_shipped_decides_the_digest(tree: Path) -> None:
    before = source_digest(tree)
    (tree / "verify/a.py").write_text("other")
    changed = source_digest(tree)
    (tree / "verify/a.py").rename(tree / "verify/b.py")
    assert len({before, changed, source_digest(tree)}) == 3


@pytest.mark.parametrize(
    "name", ["verify/__pycache__/a.pyc", "verify/.hidden", "lockfiles/x.candidate.txt", "tests/test_a.py", "image.json"]
)
def test_what_is_not_shipped_does_not(tree: Path, name: str) -> None:
    before = source_digest(tree)
    (tree / name).write_text("anything")
    assert source_digest(tree) == before


def test_the_build_is_given_just_that() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    said = [line for line in lines if line and not line.startswith("#")]
    assert said == ["*", *(f"!{name}" for name in SHIPPED), *LEFT_OUT]


def test_everything_that_is_shipped_is_there_and_holds_the_locks() -> None:
    names = [file.relative_to(ROOT).as_posix() for file in shipped(ROOT)]
    assert {name.partition("/")[0] for name in names} == set(SHIPPED)
    assert "lockfiles/linux-x86_64-cpu.txt" in names
    assert names == sorted(names, key=lambda name: ROOT / name)
