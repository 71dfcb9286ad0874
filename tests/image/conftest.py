import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of its own: this one's environments and locks."""
    root = tmp_path / "project"
    for part in ("envs", "lockfiles"):
        shutil.copytree(ROOT / part, root / part)
    return root
