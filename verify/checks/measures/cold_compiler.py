"""A compiler that is ready to compile, and has compiled nothing yet: what starting a run with it costs."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from verify.probe.timing import synchroniser

# Where a run may compile; what it gives counts the files that were written.
Cold = Callable[[], AbstractContextManager[Callable[[], int]]]


def nothing_compiles() -> AbstractContextManager[Callable[[], int]]:
    """For runs that compile nothing: no files."""
    return nullcontext(lambda: 0)


@contextmanager
def cold_compiler(scratch: Path) -> Iterator[Callable[[], int]]:
    """Compile into a new folder and leave nothing behind: what was compiled earlier would hide the start-up."""
    # Not above: listing checks imports this file, and must cost nothing.
    from unittest.mock import patch

    import torch

    torch.compiler.reset()
    _forget_libraries()
    folder = Path(tempfile.mkdtemp(prefix="compiled", dir=scratch))
    with patch.dict(os.environ, TORCHINDUCTOR_CACHE_DIR=str(folder), TRITON_CACHE_DIR=str(folder / "triton")):
        yield lambda: sum(path.is_file() for path in folder.rglob("*"))


def readied(device: str) -> float:
    """Seconds that the compiler takes to compile anything at all.

    Its modules are imported, the processor's vector instructions are tried out, and its patterns are prepared.
    """
    import torch

    def loss(weight: Any) -> Any:
        return (weight @ weight).tanh().sum()

    weight, synchronise = torch.ones(8, 8, device=device, requires_grad=True), synchroniser(device)
    start = time.perf_counter()
    torch.compile(loss)(weight).backward()
    synchronise()
    return time.perf_counter() - start


def _forget_libraries() -> None:
    """Drop the kernels that this process has loaded, which `torch.compiler.reset` keeps.

    There is no public way; where torch has it no longer, fewer files are written, which the caller is told.
    """
    from torch._inductor import utils

    forget = getattr(utils, "clear_caches", None)
    if forget:
        forget()
