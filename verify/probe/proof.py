"""Proofs that a clock tells the truth here: building blocks for checks that can fail."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from verify.probe.timing import Timing, block_seconds, time_blocks

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Ends:
    """Seconds that the same work takes, by what its time is ended with; one entry a round, taken in turns.

    Attributes:
        queued: By nothing: the work may only have been queued.
        synchronised: By synchronising, as everything here is timed.
        read: By reading the result, which cannot be there before the work is done, whatever synchronising does.
    """

    queued: tuple[float, ...]
    synchronised: tuple[float, ...]
    read: tuple[float, ...]

    @property
    def over_queued(self) -> float:
        """A synchronised time over one that is not: never below 1, but for noise.

        It finds a clock that runs back or stops while it is waited for. On a device where synchronising does nothing
        it is 1, as on a CPU, whose work is done when it returns: that is found by `over_read` alone.
        """
        return min(self.synchronised) / max(min(self.queued), 1e-9)

    @property
    def over_read(self) -> float:
        """A synchronised time over one until the result was read: near 1; near 0 where synchronising does not wait."""
        return min(self.synchronised) / max(min(self.read), 1e-9)


@dataclass(frozen=True, slots=True)
class Launch:
    """What it costs to have nothing done.

    Attributes:
        queued: An empty operation among many, waited for once: the least that every operation costs the host.
        round_trip: One empty operation, and waiting for it.
    """

    queued: Timing
    round_trip: Timing


def ends(
    work: Work,
    *,
    synchronise: Callable[[], None],
    read: Callable[[], object],
    calls: int = 1,
    rounds: int = 10,
    clock: Callable[[], float] = time.perf_counter,
) -> Ends:
    """Time the same work in turns, ended by nothing, by synchronising, and by reading its result.

    The fastest of many rounds, which is what a busy machine disturbs least, is what `Ends` compares.

    Args:
        work: Long enough that launching it is little beside doing it.
        synchronise: What is to be proved.
        read: Brings something that depends on all of the result to the host, for example ``result.sum().item()``.
        calls: Of the work, before each end.
        rounds: How often each end is timed, after one round that is not.
        clock: Seconds, monotonic.
    """

    def until(end: Callable[[], object]) -> float:
        start = clock()
        for _ in range(calls):
            work()
        end()
        seconds = clock() - start
        # Reading drains the queue even where synchronising does not, so that no round pays for the one before.
        read()
        return seconds

    taken = [(until(lambda: None), until(synchronise), until(read)) for _ in range(rounds + 1)]
    queued, synchronised, result = zip(*taken[1:], strict=True)
    return Ends(queued, synchronised, result)


def launch(
    empty: Work,
    *,
    synchronise: Callable[[], None],
    budget_seconds: float,
    device: str = "cpu",
    clock: Callable[[], float] = time.perf_counter,
) -> Launch:
    """Time an operation that does next to nothing, such as adding zero to one element in place."""

    def waited() -> None:
        empty()
        synchronise()

    queued, round_trip = (
        time_blocks(
            work,
            synchronise=synchronise,
            budget_seconds=budget_seconds / 2,
            shortest_block=block_seconds(device),
            device=device,
            clock=clock,
        )
        for work in (empty, waited)
    )
    return Launch(queued, round_trip)
