"""How much memory a device has, so that what is measured fits it."""

import os

from verify.probe.memory import device_peak_memory_bytes, peak_memory_bytes


def total_bytes(device: str) -> int:
    """The memory of a torch device; of the machine, for the CPU."""
    import torch

    if device == "cuda":
        return int(torch.cuda.get_device_properties(torch.cuda.current_device()).total_memory)
    if device == "mps":
        return int(torch.mps.recommended_max_memory())
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def most_used_bytes(device: str) -> int:
    """The most of it that this process has used so far."""
    import torch

    if device == "mps":
        # It has no peak of its own; what the driver was asked for is kept until the end.
        return int(torch.mps.driver_allocated_memory())
    on_device = device_peak_memory_bytes(device)
    return peak_memory_bytes() if on_device is None else on_device
