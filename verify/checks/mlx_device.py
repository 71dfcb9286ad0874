"""MLX's device, made ready for a check: there, seeded, and computing in the precision that was asked for."""

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from verify.probe.context import Context


def ready(ctx: "Context") -> str:
    """The kind of device that MLX computes on; the check fails here when it is the CPU of a Mac."""
    # MLX reads this once, and allows TF32 without it. TF32 keeps 10 of float32's 23 fraction bits; what is measured
    # here is float32: https://github.com/ml-explore/mlx/issues/3534
    os.environ["MLX_ENABLE_TF32"] = "0"
    import mlx.core as mx

    kind = "gpu" if mx.default_device() == mx.Device(mx.gpu) else "cpu"
    ctx.require(kind == "gpu" or sys.platform != "darwin", "mlx computes on the CPU although this is a Mac")
    mx.random.seed(ctx.seed)
    return kind
