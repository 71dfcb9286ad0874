import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from verify.checks.installation import locked_versions
from verify.judge.known_issues import known_issue
from verify.probe.check import Check
from verify.probe.discover import find_checks
from verify.report.v1 import Package
from verify.run.plan import plan
from verify.run.policies import known_issues
from verify.run.supervise import Bench, ask_all

ROOT = Path(__file__).resolve().parents[2]
CHECKS = ROOT / "verify" / "checks"
MODULES = sorted(path for path in CHECKS.rglob("*.py") if path.name != "__init__.py")
LAUNCH = ROOT / "verify" / "probe" / "launch.py"
EVERY = find_checks()
TOPICS = """
    installed devices tensors autograd training optimisers transformers models tokenizers datasets dataloading
    attention compilation quantization float8 memory fallback distributed mlx parity
    lora adapters finetune qlora lora_mlx lora_parity
    matmul bandwidth kernel_launch forward activations attention_speed sequence_length training_throughput generation
    loading pretraining device_speedup collectives energy lora_throughput
"""
# Where there is nothing to ask on some torch device.
NOT_EVERYWHERE = {
    "distributed": {"cpu", "cuda"},  # torch.distributed offers no backend for mps
    "collectives": {"cpu", "cuda"},  # nor here
    "device_speedup": {"cuda", "mps"},  # the CPU is what an accelerator is compared with
    "qlora": {"cpu", "cuda"},  # four bits on a Mac are MLX's
    "fallback": {"mps"},  # only there may an operation go to the CPU unasked
}
FRAMEWORKS = ["torch", "transformers", "peft", "mlx", "numpy", "tokenizers", "safetensors", "gguf"]


def id_of(check: Check) -> str:
    return check.id


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_imports_with_nothing_but_the_standard_library(path: Path) -> None:
    """A worker imports a check before it knows what is installed, and a list of checks must cost nothing."""
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    code = (
        f"import importlib, importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location('launch', {str(LAUNCH)!r})\n"
        f"launch = importlib.util.module_from_spec(spec)\n"
        f"spec.loader.exec_module(launch)\n"
        f"importlib.import_module({name!r})\n"
        f"early = [one for one in {FRAMEWORKS!r} if one in sys.modules]\n"
        f"assert not early, early\n"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("check", EVERY, ids=id_of)
def test_a_check_says_what_it_claims_and_what_to_do(check: Check) -> None:
    assert len(check.title.split()) >= 5
    assert check.title[0].isupper()
    assert len(check.advice.split()) >= 10
    assert check.advice.endswith(".")


@pytest.mark.parametrize("check", EVERY, ids=id_of)
def test_a_check_may_take_at_most_ten_minutes_and_half_a_minute_when_quick(check: Check) -> None:
    assert 30 <= check.terms.timeout_seconds <= 600
    assert check.kind != "benchmark" or check.terms.level == "certify"


def test_the_suite_asks_about_each_of_its_topics() -> None:
    topics = {check.id.partition(".")[0] for check in EVERY}
    assert topics == set(TOPICS.split())


def test_every_torch_question_is_asked_of_every_torch_device() -> None:
    torch_devices = {"cpu", "cuda", "mps"}
    asked = [check for check in EVERY if set(check.terms.devices) & torch_devices]
    assert asked
    for check in asked:
        topic = check.id.partition(".")[0]
        assert set(check.terms.devices) & torch_devices == NOT_EVERYWHERE.get(topic, torch_devices), check.id


@pytest.mark.environment
def test_the_sound_environment_passes_every_functional_check(provisioned: Any, material: Path, tmp_path: Path) -> None:
    bench = Bench(
        python=provisioned.python,
        environment=provisioned.variables,
        root=ROOT,
        lock=provisioned.lock,
        cache=material,
        scratch=tmp_path,
        processors=os.cpu_count() or 1,
    )
    checks = [check for check in EVERY if check.kind != "benchmark"]
    locked = locked_versions(provisioned.lock)
    jobs = plan(checks, level="full", environment="cpu", promised=["cpu", "mlx"], locked=sorted(locked))
    answers = list(ask_all(jobs, bench, lambda _: None))
    failed = {answer.job.id: answer.reason for answer in answers if answer.outcome not in {"passed", "skipped"}}
    packages = [Package(name=name, version=version) for name, version in locked.items()]
    excused = {
        job.id for job in jobs if known_issue(known_issues(ROOT), job.check.id, job.device, "cpu", packages) is not None
    }
    assert {name: reason for name, reason in failed.items() if name not in excused} == {}
    assert {answer.job.check.kind for answer in answers if answer.outcome == "passed"} == {"functional", "lora"}
