"""A compiler that is ready to compile, and has compiled nothing yet: what starting a run with it costs."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

# Where a run may compile; what it gives counts the files that were written.
Cold = Callable[[], AbstractContextManager[Callable[[], int]]]


def nothing_compiles() -> AbstractContextManager[Callable[[], int]]:
    """For runs that compile nothing: no files."""
    return nullcontext(lambda: 0)


@contextmanager
def cold_compiler(scratch: Path) -> Iterator[Callable[[], int]]:
    """Compile into a new folder and leave nothing behind: what was compiled earlier would hide the start-up."""
    import torch

    torch.compiler.reset()
    _forget_libraries()
    folder = Path(tempfile.mkdtemp(prefix="compiled", dir=scratch))
    with _compiling_into(folder):
        yield lambda: sum(path.is_file() for path in folder.rglob("*"))


def readied(device: str, cache: Path, scratch: Path) -> float:
    """Seconds that the compiler takes before it compiles a model: its modules, its probes, its patterns."""
    start = time.perf_counter()
    probed(device, cache)
    with cold_compiler(scratch):
        _compile_a_little(device)
    return time.perf_counter() - start


def probed(device: str, cache: Path) -> None:
    """Have torch find out which of the processor's instructions its compiler makes, or read what it found here before.

    It compiles and loads a library for each, which takes longer than most models do. Their names hold torch's version,
    the compiler's and its options, and each is loaded again.
    """
    with _compiling_into(cache / "compiler"):
        _compile_a_little(device)


@contextmanager
def _compiling_into(folder: Path) -> Iterator[None]:
    # Not above: listing checks imports this file, and must cost nothing.
    from unittest.mock import patch

    with patch.dict(os.environ, TORCHINDUCTOR_CACHE_DIR=str(folder), TRITON_CACHE_DIR=str(folder / "triton")):
        yield


def _compile_a_little(device: str) -> None:
    """With a backward pass, before which other patterns are prepared."""
    import torch

    def loss(weight: Any) -> Any:
        return (weight @ weight).tanh().sum()

    weight = torch.ones(8, 8, device=device, requires_grad=True)
    torch.compile(loss)(weight).backward()
    # Which waits for the device.
    weight.tolist()


def _forget_libraries() -> None:
    """Drop the kernels that this process has loaded, which `torch.compiler.reset` keeps.

    There is no public way; where torch has it no longer, fewer files are written, which the caller is told.
    """
    from torch._inductor import utils

    forget = getattr(utils, "clear_caches", None)
    if forget:
        forget()
