import os
import sys
from pathlib import Path

import pytest

from verify.run.supervise import Bench

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A bench on this very interpreter: good enough for checks that need no framework."""
    return Bench(
        python=Path(sys.executable),
        environment={"PATH": os.environ["PATH"]},
        root=ROOT,
        lock=tmp_path / "lock.txt",
        cache=tmp_path / "cache",
        scratch=tmp_path / "scratch",
        processors=2,
    )
