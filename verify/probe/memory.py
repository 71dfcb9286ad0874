"""Peak memory of this process and of its device, in bytes."""

import resource
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


def peak_memory_bytes() -> int:
    """The largest resident size that this process has had.

    On Linux ``VmHWM``: ``ru_maxrss`` there includes the size that the parent had when it forked.
    """
    if STATUS.exists():
        for line in STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def device_peak_memory_bytes(device: str) -> int | None:
    """The device's own peak, where its framework is loaded and keeps one."""
    torch = sys.modules.get("torch")
    if device == "cuda" and torch is not None:
        return int(torch.cuda.max_memory_allocated())
    mlx = sys.modules.get("mlx.core")
    if device == "mlx" and mlx is not None:
        return int(mlx.get_peak_memory())
    return None
