"""A device, made ready for a check: there, seeded, and computing in the precision that was asked for."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from verify.probe.context import Context


def ready(ctx: "Context") -> "torch.device":
    """The check's torch device; the check fails here when the device is not available."""
    # Read when cuBLAS starts, and needed for its results to repeat:
    # https://docs.nvidia.com/cuda/cublas/#results-reproducibility
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    import torch

    ctx.require(available(ctx.device), f"torch offers no {ctx.device} here")
    torch.manual_seed(ctx.seed)
    torch.set_num_threads(ctx.threads)
    # TF32 keeps 10 of float32's 23 fraction bits; what is measured here is float32.
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    # cuBLAS may add parts of a product in the short format, by torch's default; asked for are sums in float32:
    # https://docs.pytorch.org/docs/stable/notes/numerical_accuracy.html
    torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
    return torch.device(ctx.device)


def available(device: str) -> bool:
    """Whether torch can use the device."""
    import torch

    match device:
        case "cpu":
            return True
        case "cuda":
            return bool(torch.cuda.is_available())
        case "mps":
            return bool(torch.backends.mps.is_available())
    return False


def require_on(ctx: "Context", tensor: "torch.Tensor") -> None:
    """Fail unless the tensor is on the check's device: work that moved to the CPU is not what was asked."""
    ctx.require(tensor.device.type == ctx.device, f"asked for {ctx.device}, but the result is on {tensor.device.type}")
