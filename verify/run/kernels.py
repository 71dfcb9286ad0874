"""Kernels that MLX compiled for one question, carried to the next.

On a processor MLX compiles each with the system's compiler, for half a second and more, into the temporary folder,
where every later process finds them. A question has a temporary folder of its own, so that each compiled them all anew:
three quarters of what fine-tuning a small model by mlx-lm took. They are carried to and fro whole, because two
processes that compiled into one folder would load each other's halves.
"""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from verify.run.plan import Job

# Where MLX leaves them below the temporary folder, its version next
# (https://github.com/ml-explore/mlx/blob/0ab6558dc98625f9df9d76470ffc518555c39e19/mlx/backend/cpu/compiled.cpp).
FOLDER = "mlx"


def kept_for(job: Job, scratch: Path) -> Path | None:
    """Where the kernels of a run are kept for a job; None where it is timed, for compiling them is its start-up."""
    return scratch / FOLDER if job.device == "mlx" and not job.alone else None


def carry(source: Path, target: Path) -> None:
    """Copy what kernels are not there yet; one that cannot be copied is compiled again."""
    for kernel in sorted(source.rglob("*.so")):
        place = target / kernel.relative_to(source)
        # What is no file could be anything: a check's temporary folder is its own.
        if kernel.is_file() and not place.exists():
            with contextlib.suppress(OSError):
                place.parent.mkdir(parents=True, exist_ok=True)
                _copy(kernel, place)


def _copy(kernel: Path, place: Path) -> None:
    """Whole or not at all: another thread may be carrying what lies there."""
    number, name = tempfile.mkstemp(dir=place.parent)
    os.close(number)
    shutil.copy(kernel, name)
    Path(name).replace(place)
