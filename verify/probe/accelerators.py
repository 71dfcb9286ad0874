"""The devices that frameworks of this environment can see: built in, available, computing."""

import ctypes
import importlib.util
import sys
from types import ModuleType
from typing import Any

from verify.probe import sysctl

DeviceFacts = dict[str, Any]

# What a framework raises when its device does not work.
TROUBLE = (RuntimeError, OSError, ImportError, AssertionError, NotImplementedError, ValueError)

COUNTED = 1000
TWICE_THEIR_SUM = 2.0 * sum(range(COUNTED))


def devices() -> list[DeviceFacts]:
    """One entry each for cpu, cuda, mps and mlx, whatever the machine has."""
    torch, problem = _import("torch")
    if torch is None:
        torch_devices = [_device(name, problem=problem) for name in ("cpu", "cuda", "mps")]
    else:
        torch_devices = [_cpu(torch), _cuda(torch), _mps(torch)]
    return [*torch_devices, _mlx()]


def _device(name: str, **known: Any) -> DeviceFacts:
    unknown: DeviceFacts = {
        "built": False,
        "available": False,
        "computes": False,
        "title": None,
        "cores": None,
        "memory_bytes": None,
        "driver": None,
        "runtime": None,
        "built_for": None,
        "cache_bytes": None,
        "problem": None,
    }
    return {"name": name, **unknown, **known}


def _import(name: str) -> tuple[ModuleType | None, str | None]:
    if importlib.util.find_spec(name) is None:
        return None, f"{name} is not installed"
    try:
        __import__(name)
    except (ImportError, OSError) as error:
        return None, f"{name} cannot be imported: {error}"
    return sys.modules[name], None


def _cpu(torch: ModuleType) -> DeviceFacts:
    known = {
        "title": torch.backends.cpu.get_cpu_capability(),
        "runtime": torch.__version__,
        "cores": torch.get_num_threads(),
    }
    return _device("cpu", built=True, available=True, **known, **_computing(torch, "cpu"))


def _cuda(torch: ModuleType) -> DeviceFacts:
    known = {"built": torch.version.cuda is not None, "built_for": torch.version.cuda, "driver": nvidia_driver()}
    if not torch.cuda.is_available():
        why = "torch finds no usable NVIDIA GPU" if known["built"] else "this torch is built without CUDA"
        return _device("cuda", **known, problem=why)
    properties = torch.cuda.get_device_properties(0)
    seen = {
        "title": properties.name,
        "cores": properties.multi_processor_count,
        "memory_bytes": properties.total_memory,
        "cache_bytes": getattr(properties, "L2_cache_size", None),
        "runtime": _cuda_version(torch._C._cuda_getDriverVersion()),  # noqa: SLF001 - has no public name
    }
    return _device("cuda", **known, **seen, available=True, **_computing(torch, "cuda"))


def _cuda_version(packed: int) -> str:
    return f"{packed // 1000}.{packed % 1000 // 10}"


def _mps(torch: ModuleType) -> DeviceFacts:
    known: DeviceFacts = {"built": bool(torch.backends.mps.is_built())}
    if not torch.backends.mps.is_available():
        why = "macOS offers no Metal device" if known["built"] else "this torch is built without MPS"
        return _device("mps", **known, problem=why)
    seen = {
        "title": sysctl.text("machdep.cpu.brand_string"),
        "cores": _mps_cores(torch),
        "memory_bytes": int(torch.mps.recommended_max_memory()),
    }
    return _device("mps", **known, **seen, available=True, **_computing(torch, "mps"))


def _mps_cores(torch: ModuleType) -> int | None:
    count = getattr(torch.backends.mps, "get_core_count", None)
    return int(count()) if count else None


def _computing(torch: ModuleType, device: str) -> DeviceFacts:
    """Whether a sum on the device is right, and was done there."""
    try:
        result = (torch.arange(COUNTED, device=device, dtype=torch.float32) * 2).sum()
        right = result.device.type == device and float(result) == TWICE_THEIR_SUM
    except TROUBLE as error:
        return {"computes": False, "problem": _one_line(error)}
    return {"computes": right, "problem": None if right else f"a sum gave {float(result)} on {result.device}"}


def _mlx() -> DeviceFacts:
    mx, problem = _import("mlx.core") if importlib.util.find_spec("mlx") else (None, "mlx is not installed")
    if mx is None:
        return _device("mlx", problem=problem)
    try:
        right = float((mx.arange(COUNTED, dtype=mx.float32) * 2).sum()) == TWICE_THEIR_SUM
        title = str(mx.default_device())
    except TROUBLE as error:
        return _device("mlx", built=True, problem=_one_line(error))
    why = None if right else "a sum came out wrong"
    return _device("mlx", built=True, available=True, computes=right, title=title, runtime=mx.__version__, problem=why)


def _one_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"


def nvidia_driver() -> str | None:
    """The NVIDIA driver's version as NVML tells it, or None."""
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return None
    text = ctypes.create_string_buffer(96)
    if nvml.nvmlInit_v2() or nvml.nvmlSystemGetDriverVersion(text, ctypes.c_uint(len(text))):
        return None
    return text.value.decode(errors="replace")
