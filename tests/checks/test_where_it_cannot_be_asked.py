"""What checks ask for, and what they make of refusals, where no machine at hand shows it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.checks.cases import DRIVER
from tests.checks.conftest import Provisioned
from verify.checks.functional import attention, compilation, dataloading, float8
from verify.probe.context import Context, Failed, Skipped

# As on macOS, where the file cache keeps what it has.
ASK = """
import contextlib, importlib.util, json, sys, unittest.mock
spec = importlib.util.spec_from_file_location("driver", sys.argv[1])
driver = importlib.util.module_from_spec(spec)
spec.loader.exec_module(driver)
@contextlib.contextmanager
def kept():
    with unittest.mock.patch("verify.checks.measures.file_cache.forgotten", lambda _: False):
        yield
print(json.dumps(driver.ask(kept, "functional/transformers.saving_and_loading_keeps_the_logits", "cpu", sys.argv[2])))
"""


def context(device: str, folder: Path) -> Context:
    return Context(device, 0, 1, folder, folder, folder, folder)


def test_metal_is_asked_for_the_formula_alone() -> None:
    assert attention.asked_of("mps") == ("MATH",)
    assert attention.asked_of("cpu") == attention.asked_of("cuda") == tuple(attention.BACKENDS)


@pytest.mark.parametrize("words", ["No space left on device (28)", "is killed by signal: Bus error. It is possible"])
def test_a_full_shared_memory_is_named(tmp_path: Path, words: str) -> None:
    with pytest.raises(Failed, match="shm is too small"), dataloading.room_to_share(context("cpu", tmp_path)):
        raise RuntimeError(f"Caught RuntimeError in DataLoader worker process 0.\nunable to resize file: {words}")


@pytest.mark.skipif(sys.platform != "linux", reason="macOS shares memory in another way")
def test_shared_memory_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataloading, "SHARED", str(tmp_path / "shm"))
    with pytest.raises(Failed, match=r"there is no .*/shm"), dataloading.room_to_share(context("cpu", tmp_path)):
        raise AssertionError("the workers are asked all the same")


def test_another_error_of_a_worker_is_its_own(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="timed out"), dataloading.room_to_share(context("cpu", tmp_path)):
        raise RuntimeError("DataLoader timed out after 60 seconds")


def test_c_alone_compiles_nothing_for_a_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/gcc" if name == "gcc" else None)
    with pytest.raises(Skipped, match=r"no compiler for kernels on cpu, looked for (clang|g)[+][+]: install"):
        compilation.require_compiler(context("cpu", tmp_path))
    compilation.require_compiler(context("cuda", tmp_path))
    compilation.require_compiler(context("mps", tmp_path))


def test_the_compiler_that_is_named_is_the_one_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "icpx")
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/g++" if name == "g++" else None)
    with pytest.raises(Skipped, match="looked for icpx: install"):
        compilation.require_compiler(context("cpu", tmp_path))


def test_a_product_that_metal_lacks_is_skipped_in_its_own_words(tmp_path: Path) -> None:
    def missing() -> None:
        raise NotImplementedError("The operator 'aten::_scaled_mm' is not currently implemented for the MPS device.")

    with pytest.raises(Skipped, match="no float8 product on mps: The operator 'aten::_scaled_mm' is not"):
        float8.given(context("mps", tmp_path), "product", missing)
    for device in ("cpu", "cuda"):
        with pytest.raises(NotImplementedError):
            float8.given(context(device, tmp_path), "product", missing)


@pytest.mark.environment
def test_a_cold_cache_that_cannot_be_had_is_told(provisioned: Provisioned, tmp_path: Path) -> None:
    words = list(map(str, [provisioned.python, "-P", "-c", ASK, DRIVER, tmp_path]))
    ended = subprocess.run(words, env=provisioned.variables, check=True, capture_output=True, text=True, timeout=120)
    answer: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    assert answer["outcome"] == "passed", answer["reason"]
    assert "not measured" in answer["notes"]["cold_file_cache"]
    caches = {measured["conditions"]["file_cache"] for measured in answer["measurements"]}
    assert caches == {"first", "warm"}
