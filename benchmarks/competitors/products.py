"""Matrix products as anyone would time them: a bare loop over the library, its best rate in GFLOPS printed last.

Run by the environment's interpreter: ``products.py torch|numpy SECONDS N...``.
"""

import sys
import time
from collections.abc import Callable


def main() -> None:
    """Print the best rate over all sizes."""
    library, seconds, *sizes = sys.argv[1:]
    make = {"torch": torch_product, "numpy": numpy_product}[library]
    print(max(best(make(int(n)), 2 * int(n) ** 3, float(seconds)) for n in sizes))


def torch_product(n: int) -> Callable[[], object]:
    """What torch was built with: oneDNN or MKL."""
    import os

    import torch

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    left, right, result = torch.randn(n, n), torch.randn(n, n), torch.empty(n, n)
    return lambda: torch.mm(left, right, out=result)


def numpy_product(n: int) -> Callable[[], object]:
    """OpenBLAS, which numpy's wheels bring along."""
    import numpy as np

    random = np.random.default_rng(0)
    left, right = (random.standard_normal((n, n), dtype=np.float32) for _ in range(2))
    result = np.empty((n, n), dtype=np.float32)
    return lambda: np.matmul(left, right, out=result)


def best(work: Callable[[], object], operations: int, seconds: float) -> float:
    """The rate of the fastest stretch of at least 20 ms, as our own samples are, after a first call."""
    work()
    start = time.perf_counter()
    work()
    calls = max(1, round(0.02 / (time.perf_counter() - start)))
    fastest, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        for _ in range(calls):
            work()
        fastest = min(fastest, (time.perf_counter() - start) / calls)
    return operations / fastest / 1e9


if __name__ == "__main__":
    main()
