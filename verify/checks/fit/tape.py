"""What a piece of work allocates and frees, in its order."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from math import prod
from operator import mul


@dataclass(frozen=True, slots=True)
class Tape:
    """Allocations and releases, in order.

    Attributes:
        events: The number of what is allocated, or its complement (``~number``) when it is freed.
        sizes: Bytes of each allocation, by its number.
    """

    events: tuple[int, ...]
    sizes: tuple[int, ...]

    def held(self) -> list[int]:
        """Bytes that are allocated after each event."""
        return list(accumulate(self.sizes[event] if event >= 0 else -self.sizes[~event] for event in self.events))

    def peak(self) -> int:
        """The most bytes that are allocated at once."""
        return max(self.held(), default=0)


def is_one_work(tapes: Mapping[int, Tape]) -> bool:
    """Whether tapes are of the same work at several sizes: their events are the same."""
    return len({tape.events for tape in tapes.values()}) == 1


class Between:
    """The peaks of a piece of work at any size, from tapes of it at a few.

    Sizes are products of batch, sequence length and widths: with the batch they grow linearly, with the sequence length
    as its square at most, so two tapes of the one and three of the other say all. The peak need not grow so: it is
    taken over all events, each of which does.

    Args:
        tapes: At sizes that differ.

    Raises:
        ValueError: The tapes are not of the same work: their events differ.
    """

    def __init__(self, tapes: Mapping[int, Tape]) -> None:
        if not is_one_work(tapes):
            raise ValueError("the work allocates in another order at another size")
        self._points = list(tapes)
        self._held = list(zip(*(tape.held() for tape in tapes.values()), strict=True))

    def peak(self, at: int) -> int:
        """The peak at another size."""
        shares = [self._share(index, at) for index in range(len(self._points))]
        peak: float = max(sum(map(mul, shares, held)) for held in self._held)
        return round(peak)

    def _share(self, index: int, at: int) -> float:
        """Lagrange's polynomial of one point."""
        own = self._points[index]
        return prod((at - other) / (own - other) for other in self._points if other != own)
