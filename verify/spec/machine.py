"""The machine at hand, as far as choosing an environment needs it."""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from verify.process import run

_SYSCTL: Final = "/usr/sbin/sysctl"
_NVIDIA: Final = ("/dev/nvidiactl", "/proc/driver/nvidia/version", "/dev/dxg")


@dataclass(frozen=True, slots=True)
class Machine:
    """What decides which environments fit.

    Attributes:
        system: As ``uname`` says it: ``Linux`` or ``Darwin``.
        arch: As ``uname`` says it: ``x86_64`` or ``arm64``.
        chip: Apple's brand string; None elsewhere.
        memory_bytes: Installed memory, in bytes.
        has_nvidia: Whether an NVIDIA driver answers.
    """

    system: str
    arch: str
    chip: str | None
    memory_bytes: int
    has_nvidia: bool


def this_machine(*, environ: Mapping[str, str]) -> Machine:
    """Look at the machine we run on; costs a few milliseconds."""
    system = platform.system()
    darwin = system == "Darwin"
    return Machine(
        system=system,
        arch=_arch(environ) if darwin else platform.machine(),
        chip=_sysctl("machdep.cpu.brand_string", environ) if darwin else None,
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        has_nvidia=any(Path(path).exists() for path in _NVIDIA),
    )


def _arch(environ: Mapping[str, str]) -> str:
    """See through Rosetta, under which ``uname`` says x86_64 on Apple silicon."""
    return "arm64" if _sysctl("hw.optional.arm64", environ) == "1" else platform.machine()


def _sysctl(name: str, environ: Mapping[str, str]) -> str | None:
    finished = run([_SYSCTL, "-n", name], env=environ, cwd=Path("/"))
    return finished.out.strip() or None if finished.status == 0 else None
