"""How much memory a training process may take on a device, who says so, and what its runtime takes of that."""

import ctypes
import sys
from dataclasses import dataclass
from pathlib import Path

from verify.checks.fit.recipe import Recipe, made_ready, optimiser_of, step
from verify.checks.measures.memory_meter import resident_bytes
from verify.probe import cgroup, sysctl

MEMINFO = Path("/proc/meminfo")
GIBIBYTE = 2**30
# What macOS lets a GPU have by default: 10.67 of 16 GB have been told (https://github.com/exo-explore/exo/pull/1672),
# three quarters (https://github.com/gpustack/gpustack/issues/1375), and 107.5 of 128 GB by a newer macOS
# (https://github.com/antirez/ds4/pull/893). Assumed is the lesser; where the turn lies is a convention of ours.
SMALL_MAC, SMALL_SHARE, LARGE_SHARE = 36 * GIBIBYTE, 2 / 3, 3 / 4
# A context of CUDA takes 300 to 400 MB of the GPU (https://github.com/pytorch/pytorch/issues/107667,
# https://github.com/pytorch/pytorch/issues/109888); the rest is for workspaces, such as that of cuBLAS.
CUDA_CONTEXT = 600 * 10**6
# mallopt(3): pieces from this size on are mapped one by one, and go back when they are freed.
M_MMAP_THRESHOLD = -3
GIVEN_BACK_FROM = 64 * 1024


@dataclass(frozen=True, slots=True)
class Room:
    """What a process may take, and what its runtime takes of it before there is a model.

    Attributes:
        limit: Bytes.
        source: Who says so, or what is assumed.
        runtime: Bytes that Python, the framework and its kernels take.
        runtime_source: Where that is from.
    """

    limit: int
    source: str
    runtime: int
    runtime_source: str

    @property
    def left(self) -> int:
        """What is left for a training step."""
        return max(0, self.limit - self.runtime)


def room_on(device: str, memory: int | None) -> Room:
    """The room on a device: of this machine's, as it is now; or of one with so much memory, by assumption."""
    if device == "cpu" or (device == "mlx" and sys.platform != "darwin" and memory is None):
        limit, source = _processor_limit() if memory is None else (memory, "the memory that was named")
        return Room(limit, source, resident_bytes(), "resident after a step of a tiny model, measured")
    own = "counted by the device apart from the process; the process itself was not counted"
    if memory is None:
        limit, source = _accelerator_limit(device)
        return Room(limit, source, 0, own)
    if device == "cuda":
        return Room(memory, "the memory that was named", CUDA_CONTEXT, "a CUDA context, assumed")
    share = SMALL_SHARE if memory <= SMALL_MAC else LARGE_SHARE
    return Room(
        int(memory * share), f"macOS's default share of the memory that was named, {share:.3g}, assumed", 0, own
    )


def warm_up(device: str) -> None:
    """A step of a tiny model, so that what a framework loads and sets up at its first is there."""
    tiny = {"model_type": "llama", "vocab_size": 64, "hidden_size": 64, "intermediate_size": 64}
    heads = {"num_hidden_layers": 1, "num_attention_heads": 1, "num_key_value_heads": 1}
    recipe = Recipe("lora", dtype="float32")
    model = made_ready({**tiny, **heads}, recipe, device)
    step(model, optimiser_of(model, recipe), 2, 8)


def give_freed_memory_back() -> bool:
    """Have the C library return what is freed, for this process; whether it can.

    glibc keeps freed activations in a heap with holes: a step's resident peak has been seen at up to 1.6 times what was
    in use. The environment variable ``MALLOC_MMAP_THRESHOLD_=65536`` does the same from outside.
    """
    library = ctypes.CDLL(None)
    return hasattr(library, "mallopt") and bool(library.mallopt(M_MMAP_THRESHOLD, GIVEN_BACK_FROM))


def _processor_limit() -> tuple[int, str]:
    """What is available now, or what a control group leaves, whichever is less."""
    if not MEMINFO.exists():
        return int(sysctl.number("hw.memsize") or 0), "the machine's memory, hw.memsize"
    lines = dict(line.split(":", 1) for line in MEMINFO.read_text(encoding="ascii").splitlines())
    available = int(lines["MemAvailable"].split()[0]) * 1024
    left = cgroup.memory_left_bytes()
    if left is not None and left < available:
        return left, "what the control group leaves: its limit less what is used"
    return available, "MemAvailable in /proc/meminfo"


def _accelerator_limit(device: str) -> tuple[int, str]:
    if device == "mlx":
        import mlx.core as mx

        return int(mx.device_info()["max_recommended_working_set_size"]), "mlx's max_recommended_working_set_size"
    import torch

    if device == "mps":
        return int(torch.mps.recommended_max_memory()), "torch.mps.recommended_max_memory()"
    return int(torch.cuda.mem_get_info()[0]), "free by torch.cuda.mem_get_info(), after the context"
