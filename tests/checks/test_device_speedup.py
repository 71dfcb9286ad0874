import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

FAULTS = Path(__file__).resolve().parent / "faults"
# The check's own body on the processor and the processor, with a model that it trains in milliseconds.
CODE = """
import importlib.util, json, sys
from pathlib import Path
folder = Path(sys.argv[1])
spec = importlib.util.spec_from_file_location("driver", folder / "driver.py")
driver = importlib.util.module_from_spec(spec)
spec.loader.exec_module(driver)
faults = driver.module_at(folder / "device_speedup.py", "device_speedup_faults")
print(json.dumps(driver.ask(faults.small, faults.LORA, "cpu", sys.argv[2])))
"""


@pytest.mark.environment
def test_a_processor_beside_itself_trains_the_same_and_gets_a_speedup_with_its_interval(
    provisioned: Any, material: Path
) -> None:
    words = [str(provisioned.python), "-P", "-c", CODE, str(FAULTS), str(material)]
    done = subprocess.run(words, env=provisioned.variables, check=True, capture_output=True, text=True, timeout=300)
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["outcome"] == "passed", answer
    found = {figure["name"]: figure["value"] for figure in answer["measurements"]}
    # How fast is not asserted: a neighbour that comes and goes moves it.
    assert 0 < found["speedup_low"] <= found["speedup"] <= found["speedup_high"]
    assert found["first_loss_gap"] == found["later_loss_gap"] == 0.0
    assert {f"seconds_for_{samples}_samples_on_device" for samples in (50, 100, 200)} <= set(found)
