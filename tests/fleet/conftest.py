from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import furnished, project, verify
from tests.fleet.loopback import Loopback, missing

__all__ = ["furnished", "project", "verify"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Slurm is started only where it was asked for: its tests take minutes, and processes of root."""
    if "slurm" in config.option.markexpr:
        return
    for item in items:
        if item.get_closest_marker("slurm"):
            item.add_marker(pytest.mark.skip(reason="starts a Slurm of its own: ./noxw -s tests-fleet"))


@pytest.fixture
def loopbacks() -> Iterator[list[Loopback]]:
    """Clusters that a test starts; they end with it. Their folders stay where one does not come up."""
    started: list[Loopback] = []
    why = missing()
    if why is not None:
        pytest.skip(why)
    yield started
    for one in started:
        one.stop()


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder that all nodes reach."""
    folder = tmp_path / "shared"
    folder.mkdir()
    return folder
