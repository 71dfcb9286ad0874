"""The ledger of what falls back, kept with torch for real, on the CPU: what it counts, times, reads and judges."""

import json
import subprocess
from collections import Counter
from typing import Any

import pytest

from tests.checks.cases import DRIVER
from tests.checks.conftest import Provisioned
from verify.checks.measures.fallback_ledger import Ledger, fallen_back

SAID = "The operator 'aten::{}' is not currently supported on the MPS backend and will fall back to run on the CPU."

KEEP = """
import importlib.util, json, sys, warnings
spec = importlib.util.spec_from_file_location("driver", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
import torch
from verify.checks.measures.fallback_ledger import ledger_of, train
waits = []
def told(ledger):
    return {"calls": ledger.calls, "seconds": ledger.seconds, "fallen": ledger.fallen, "elsewhere": ledger.elsewhere,
            "share": ledger.share(ledger.calls), "told": ledger.told()}
def product():
    for _ in range(3):
        torch.ones(64, 64) @ torch.ones(64, 64)
def warned():
    torch.ones(2, 2).add(1)
    for _ in range(2):
        warnings.warn(sys.argv[2])
training = ledger_of("cpu", lambda: train("cpu", 0), lambda: waits.append(1))
found = {"training": told(training), "waits": len(waits)}
found["product"] = told(ledger_of("cpu", product, lambda: None))
found["moved"] = told(ledger_of("meta", product, lambda: None))
found["warned"] = told(ledger_of("cpu", warned, lambda: None))
found["always"] = torch.is_warn_always_enabled()
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def kept(provisioned: Provisioned) -> Any:
    """Ledgers that the environment's own torch filled."""
    words = [provisioned.python, "-P", "-c", KEEP, DRIVER, SAID.format("add.Tensor")]
    ended = subprocess.run(
        list(map(str, words)), env=provisioned.variables, check=True, capture_output=True, text=True, timeout=120
    )
    return json.loads(ended.stdout.splitlines()[-1])


@pytest.mark.environment
def test_a_training_on_the_cpu_is_seen_whole_and_stays_there(kept: Any) -> None:
    calls = kept["training"]["calls"]
    assert {"aten::embedding", "aten::gelu", "aten::gelu_backward", "aten::native_layer_norm"} <= set(calls)
    assert calls["aten::gelu"] == calls["aten::gelu_backward"] == 2
    assert (kept["training"]["told"], kept["training"]["fallen"], kept["training"]["elsewhere"]) == ("", {}, {})


@pytest.mark.environment
def test_the_device_is_waited_for_before_and_after_every_operation(kept: Any) -> None:
    assert kept["waits"] == 2 * sum(kept["training"]["calls"].values()) + 1


@pytest.mark.environment
def test_every_call_is_counted_and_has_its_share_of_the_time(kept: Any) -> None:
    assert kept["product"]["calls"] == {"aten::ones": 6, "aten::mm": 3}
    assert set(kept["product"]["seconds"]) == set(kept["product"]["calls"])
    assert kept["product"]["share"] == pytest.approx(1)


@pytest.mark.environment
def test_results_on_another_device_are_told(kept: Any) -> None:
    assert kept["moved"]["elsewhere"] == {"aten::ones": 6, "aten::mm": 3}
    assert "aten::mm 3 times" in kept["moved"]["told"]


@pytest.mark.environment
def test_every_warning_counts_and_torch_is_left_as_it_was(kept: Any) -> None:
    assert kept["warned"]["fallen"] == {"aten::add.Tensor": 2}
    assert kept["always"] is False


def test_the_operations_that_fell_back_are_read_from_torchs_words() -> None:
    said = [SAID.format("linalg_svd"), SAID.format("linalg_svd"), SAID.format("_foo.out"), "something else"]
    assert fallen_back(said) == {"aten::linalg_svd": 2, "aten::_foo.out": 1}


def test_other_words_for_falling_back_are_not_lost() -> None:
    assert fallen_back(["MPS: no kernel, falling back to CPU\nmore"]) == {"MPS: no kernel, falling back to CPU": 1}


def test_what_fell_back_is_told_with_its_share_the_slowest_first() -> None:
    seconds = {"aten::mm": 1.0, "aten::a": 1.0, "aten::b": 2.0}
    ledger = Ledger(Counter(), seconds, fallen=Counter({"aten::a": 3, "aten::b": 1}), elsewhere=Counter())
    assert ledger.told() == "aten::b 1 times, 50% of the time; aten::a 3 times, 25% of the time"
