"""Does the device that was promised really compute?"""

from typing import TYPE_CHECKING, Any

from verify.checks import mlx_device
from verify.checks.torch_device import ready, require_on
from verify.probe.check import check
from verify.probe.context import Context

if TYPE_CHECKING:
    import numpy as np

SIDE = 256
# Each of the 256 products adds one rounding; relative to the sum of the products' sizes that is far below one
# eps each, so eight in all is generous and still a hundred times below a result in half precision.
AT_MOST_EPS = 8.0
FLOAT32_EPS = 2.0**-23


@check(level="quick", needs=["numpy"], devices=["cpu", "cuda", "mps", "mlx"], timeout_seconds=90)
def the_device_computes(ctx: Context) -> None:
    """The device multiplies matrices there, not on the CPU behind one's back, and gets them right.

    Compare `verify devices`: a build without the device, a missing driver, or a driver older than the build
    needs are the usual reasons.
    """
    import numpy as np

    random = np.random.default_rng(ctx.seed)
    left, right = (random.standard_normal((SIDE, SIDE)).astype(np.float32) for _ in range(2))
    product = _mlx_product(ctx, left, right) if ctx.device == "mlx" else _torch_product(ctx, left, right)
    exact = left.astype(np.float64) @ right.astype(np.float64)
    size = np.abs(left).astype(np.float64) @ np.abs(right).astype(np.float64)
    error = float(np.max(np.abs(product - exact) / size)) / FLOAT32_EPS
    ctx.measure("error_in_eps", error, unit="1", at_most=AT_MOST_EPS, conditions={"n": SIDE, "dtype": "float32"})


def _torch_product(ctx: Context, left: "np.ndarray[Any, Any]", right: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    import torch

    device = ready(ctx)
    ctx.note(torch=torch.__version__, built_for_cuda=torch.version.cuda or "none")
    product = torch.from_numpy(left).to(device) @ torch.from_numpy(right).to(device)
    require_on(ctx, product)
    if ctx.device == "cuda":
        ctx.require(torch.cuda.memory_allocated() >= 3 * left.nbytes, "the matrices are not in the GPU's memory")
        ctx.note(
            gpu=torch.cuda.get_device_name(), compute_capability=".".join(map(str, torch.cuda.get_device_capability()))
        )
    if ctx.device == "mps":
        ctx.require(torch.mps.current_allocated_memory() >= 3 * left.nbytes, "the matrices are not in Metal's memory")
    result: np.ndarray[Any, Any] = product.cpu().double().numpy()
    return result


def _mlx_product(ctx: Context, left: "np.ndarray[Any, Any]", right: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    kind = mlx_device.ready(ctx)
    import mlx.core as mx
    import numpy as np

    ctx.note(mlx=mx.__version__, default_device=kind)
    product = mx.array(left) @ mx.array(right)
    mx.eval(product)
    return np.array(product, dtype=np.float64)
