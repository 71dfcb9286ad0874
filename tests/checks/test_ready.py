"""A check's device computes in the precision that was asked for, whatever the user's environment allows."""

import subprocess
from pathlib import Path

import pytest

from tests.checks.conftest import ROOT, Provisioned

BEGIN = """
import importlib.util, os, pathlib, sys
root, scratch, device = sys.argv[1:]
spec = importlib.util.spec_from_file_location("launch", f"{root}/verify/probe/launch.py")
launch = importlib.util.module_from_spec(spec)
spec.loader.exec_module(launch)
launch.enter()
from verify.checks import mlx_device, torch_device
from verify.probe.context import Context
there = {name: pathlib.Path(scratch) for name in ("root", "lock", "scratch", "cache")}
ctx = Context(device=device, seed=0, threads=1, **there)
"""
TORCH = """
import torch
products = torch.backends.cuda.matmul
products.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
products.allow_fp16_reduced_precision_reduction = products.allow_bf16_reduced_precision_reduction = True
torch_device.ready(ctx)
print(products.allow_tf32, torch.backends.cudnn.allow_tf32)
print(products.allow_fp16_reduced_precision_reduction, products.allow_bf16_reduced_precision_reduction)
"""
MLX = """
mlx_device.ready(ctx)
print(os.environ["MLX_ENABLE_TF32"])
"""


def said(provisioned: Provisioned, scratch: Path, device: str, words: str) -> list[str]:
    command = [str(provisioned.python), "-P", "-c", BEGIN + words, str(ROOT), str(scratch), device]
    variables = {**provisioned.variables, "MLX_ENABLE_TF32": "1"}
    ended = subprocess.run(command, env=variables, check=False, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.split()


@pytest.mark.environment
def test_torch_neither_shortens_factors_nor_adds_in_short_formats(provisioned: Provisioned, tmp_path: Path) -> None:
    assert said(provisioned, tmp_path, "cpu", TORCH) == ["False"] * 4


@pytest.mark.environment
def test_mlx_does_not_shorten_factors(provisioned: Provisioned, tmp_path: Path) -> None:
    assert said(provisioned, tmp_path, "mlx", MLX) == ["0"]
