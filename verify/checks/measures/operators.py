"""Which of torch's operators some work calls, as torch's profiler sees them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def observed(*, with_formats: bool = False) -> "torch.autograd.profiler.profile":
    """The profiler, of operators only: which of them were called is the same on every device.

    ``torch.profiler.profile`` sees the same, and imports torch's compiler for a look at one of its settings, which
    takes two seconds.

    Args:
        with_formats: Whether the trace tells the number formats of their inputs.
    """
    from torch.autograd.profiler import profile

    return profile(record_shapes=with_formats)


def names(seen: "torch.autograd.profiler.profile") -> list[str]:
    """The operators that were called, in their order, once it no longer looks."""
    return [event.name for event in seen.function_events]
