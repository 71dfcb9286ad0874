"""Two commands timed in turn, so that a drifting machine slows both."""

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pair:
    """Seconds of two commands, run in turn.

    Attributes:
        ours: One sample a round.
        theirs: The other's, of the same round.
    """

    ours: tuple[float, ...]
    theirs: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """The median over rounds of ours over theirs."""
        return statistics.median(a / b for a, b in zip(self.ours, self.theirs, strict=True))

    @property
    def difference(self) -> float:
        """The median over rounds of ours less theirs, in seconds."""
        return statistics.median(a - b for a, b in zip(self.ours, self.theirs, strict=True))


def compare(ours: Callable[[], float], theirs: Callable[[], float], rounds: int) -> Pair:
    """Run both in turn, the other first every second time."""
    samples: list[tuple[float, float]] = []
    for number in range(rounds):
        if number % 2:
            second, first = theirs(), ours()
        else:
            first, second = ours(), theirs()
        samples.append((first, second))
    return Pair(tuple(a for a, _ in samples), tuple(b for _, b in samples))


def command(words: Sequence[str], environment: Mapping[str, str] | None = None) -> Callable[[], float]:
    """A command that must succeed, as something that can be timed."""

    def timed() -> float:
        start = time.perf_counter()
        subprocess.run(words, check=True, capture_output=True, env={**os.environ, **(environment or {})})
        return time.perf_counter() - start

    return timed


def row(what: str, against: str, pair: Pair, figure: str) -> str:
    """One line of the table."""
    ours, theirs = statistics.median(pair.ours), statistics.median(pair.theirs)
    return f"| {what} | {against} | {ours:.3f} s | {theirs:.3f} s | {figure} | {len(pair.ours)} |"
