"""Matrix products as anyone would time them: a bare loop over the library.

Run by the environment's interpreter: ``products torch|numpy|onednn SECONDS``. For each line that it reads, a
size, it prints the best and the median rate in GFLOPS.
"""

import sys
from collections.abc import Callable

from benchmarks.competitors.stretches import print_each_turn, rates, use_all_processors


def main() -> None:
    """Print the rates of one library, turn by turn."""
    library, seconds = sys.argv[1:]
    print_each_turn(lambda size: product_rates(library, int(size), float(seconds)))


def product_rates(library: str, n: int, seconds: float) -> tuple[float, float]:
    """The best rate and the median of products of two n x n matrices, in GFLOPS."""
    make = {"torch": torch_product, "numpy": numpy_product, "onednn": onednn_product}[library]
    return rates(make(n), 2 * n**3 / 1e9, seconds)


def torch_product(n: int) -> Callable[[], object]:
    """What torch multiplies by if nobody says otherwise."""
    import torch

    use_all_processors()
    left, right, result = torch.randn(n, n), torch.randn(n, n), torch.empty(n, n)
    return lambda: torch.mm(left, right, out=result)


def onednn_product(n: int) -> Callable[[], object]:
    """What torch is built with for tensors in a layout of its own."""
    import torch
    from torch.nn.functional import linear

    use_all_processors()
    left, right = (torch.randn(n, n).to_mkldnn() for _ in range(2))
    return lambda: linear(left, right)


def numpy_product(n: int) -> Callable[[], object]:
    """OpenBLAS, which numpy's wheels bring along."""
    import numpy as np

    random = np.random.default_rng(0)
    left, right = (random.standard_normal((n, n), dtype=np.float32) for _ in range(2))
    result = np.empty((n, n), dtype=np.float32)
    return lambda: np.matmul(left, right, out=result)


if __name__ == "__main__":
    main()
