from pathlib import Path

import pytest

from tests.benches import bench_in
from verify.run.supervise import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return bench_in(tmp_path)
