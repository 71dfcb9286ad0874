"""A node reads the shared project, and writes to its own."""

from pathlib import Path

import pytest

from verify.errors import UsageError
from verify.fleet.node import own_project
from verify.spec.builds import environments_directory


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    root = tmp_path / "shared"
    for name in ("envs", "lockfiles", "policy", "schemas", "reports/cpu", ".environments/builds/cpu-1/bin"):
        (root / name).mkdir(parents=True)
    environments = environments_directory(root)
    (environments / "builds/cpu-1/bin/python").touch()
    (environments / "cpu").symlink_to("builds/cpu-1")
    (environments / "current").write_text("cpu\n")
    for name in ("run", "lock", "machine"):
        (environments / name).touch()
    for name in ("scratch", "cache", "fleets"):
        (environments / name).mkdir()
    return root


def test_it_has_the_environments_and_nothing_that_runs_write_to(shared: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    made = own_project(shared, own)
    assert {path.name for path in environments_directory(made).iterdir()} == {"builds", "cpu", "current"}
    assert (environments_directory(made) / "cpu").is_symlink()
    assert (environments_directory(made) / "cpu/bin/python").exists()
    assert {path.name for path in made.iterdir()} == {".environments", "envs", "lockfiles", "policy", "schemas"}
    assert not (made / "reports").exists()


def test_without_an_environment_there_is_nothing_to_run(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    with pytest.raises(UsageError, match="has no environment"):
        own_project(tmp_path / "nothing", tmp_path / "own")
