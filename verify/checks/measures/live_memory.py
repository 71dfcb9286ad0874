"""The most memory that the tensors of a piece of work hold at once."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def peak_bytes(device: str, work: Callable[[], object]) -> int:
    """The peak of what the work allocates, on top of what was there before.

    CUDA's allocator keeps a peak of its own. Those of the CPU and of MPS do not, so every operation's results are
    followed there for as long as they live, whoever holds them: autograd, the work or a cache.
    """
    import torch

    if device == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        work()
        torch.cuda.synchronize()
        return int(torch.cuda.max_memory_allocated() - before)
    return _followed(work)


def _followed(work: Callable[[], object]) -> int:
    from torch.multiprocessing.reductions import StorageWeakRef
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    live: dict[int, tuple[Any, int]] = {}
    held = peak = 0

    def follow(storage: "torch.UntypedStorage") -> None:
        nonlocal held, peak
        reference = StorageWeakRef(storage)
        if reference.cdata in live:
            return
        live[reference.cdata] = (reference, storage.nbytes())
        held += storage.nbytes()
        if held > peak:
            # Only now does it matter which of them are gone.
            for key in [key for key, (known, _) in live.items() if known.expired()]:
                held -= live.pop(key)[1]
            peak = max(peak, held)

    class Following(TorchDispatchMode):  # type: ignore[misc] # torch has no types here
        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            result = function(*args, **(kwargs or {}))
            for leaf in tree_leaves(result):
                if hasattr(leaf, "untyped_storage"):
                    follow(leaf.untyped_storage())
            return result

    with Following():
        work()
    return peak
