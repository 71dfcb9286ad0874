"""How much memory a device has, so that what is measured fits it."""

import os

from verify.probe.cgroup import memory_limit_bytes
from verify.probe.memory import device_peak_memory_bytes, peak_memory_bytes

# Attention by its formula in plain operations holds scores, mask and probabilities: some copies of so many numbers of
# four bytes as there are heads x tokens x tokens. They may take a part of a device's memory only.
SCORE_COPIES = 4
SHARE = 0.25


def scores_fit(device: str, heads: int, tokens: int) -> bool:
    """Whether attention that is taken apart has room for the scores of one text."""
    return SCORE_COPIES * heads * tokens**2 * 4 <= SHARE * total_bytes(device)


def total_bytes(device: str) -> int:
    """The memory of a torch device; for the CPU that of the machine, of which a container may be allowed a part."""
    if device == "cpu":
        machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        return min(machine, memory_limit_bytes() or machine)
    import torch

    if device == "mps":
        return int(torch.mps.recommended_max_memory())
    return int(torch.cuda.get_device_properties(torch.cuda.current_device()).total_memory)


def most_used_bytes(device: str) -> int:
    """The most of it that this process has used so far."""
    import torch

    if device == "mps":
        # It has no peak of its own; what the driver was asked for is kept until the end.
        return int(torch.mps.driver_allocated_memory())
    on_device = device_peak_memory_bytes(device)
    return peak_memory_bytes() if on_device is None else on_device
