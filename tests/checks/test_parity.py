"""What a known issue says is wrong with saved checkpoints is all that is wrong with them."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.checks.cases import DRIVER, FAULTS
from tests.checks.conftest import Provisioned

ASK = """
import importlib.util, json, pathlib, sys
driver, faults, check, cache = sys.argv[1:]
spec = importlib.util.spec_from_file_location("driver", driver)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
repaired = module.module_at(pathlib.Path(faults), "parity_faults").mlx_reading
print(json.dumps(module.ask(repaired, check, "mlx", cache)))
"""


@pytest.mark.environment
def test_a_saved_checkpoint_means_the_same_to_an_mlx_that_reads_the_rope_base(
    provisioned: Provisioned, tmp_path: Path
) -> None:
    check = "functional/parity.a_checkpoint_that_transformers_saved_means_the_same_to_mlx"
    words = [provisioned.python, "-P", "-c", ASK, DRIVER, FAULTS / "parity.py", check, tmp_path]
    ended = subprocess.run(
        list(map(str, words)), env=provisioned.variables, check=True, capture_output=True, text=True, timeout=120
    )
    answer: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    assert answer["outcome"] == "passed", answer["reason"]
