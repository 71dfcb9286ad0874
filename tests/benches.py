"""Where tests ask checks."""

import os
import sys
from pathlib import Path

from verify.run.supervise import Bench

ROOT = Path(__file__).resolve().parents[1]


def bench_in(folder: Path) -> Bench:
    """A bench on this very interpreter: good enough for checks that need no framework."""
    return Bench(
        python=Path(sys.executable),
        environment={"PATH": os.environ["PATH"]},
        root=ROOT,
        lock=folder / "lock.txt",
        cache=folder / "cache",
        scratch=folder / "scratch",
        processors=2,
    )
