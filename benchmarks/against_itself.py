"""Whether pretraining's comparison finds a run as fast as itself, on this machine: alone, and beside a busy loop."""

import contextlib
import math
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.asked.itself import COMPARISONS
from benchmarks.asking import Asker, Measurement, asker, measured, tell
from verify.probe.discover import checks_of
from verify.probe.paired import Comparison

ITSELF = Path(__file__).resolve().parent / "asked" / "itself.py"
HEAD = "| a run against itself | 1.0 in the interval | of those believed | inconclusive | half of the interval |"
PROMISED = 0.95
# It ends with whoever started it, however that ends.
LOOP = "import os, sys\nwhile os.getppid() == int(sys.argv[1]): pass"
# How unlikely a number of misses must be, were the promise kept, to say that it is not.
UNLIKELY = 0.01
# Beside a busy loop a comparison takes several times as long.
BUSY_SHARE = 10


@dataclass(frozen=True, slots=True)
class Found:
    """One comparison of a run with itself."""

    ratio: Comparison
    inconclusive: str | None


def rows(root: Path, comparisons: int) -> Iterator[str]:
    """The comparisons alone, then a tenth as many beside a busy loop."""
    yield HEAD
    yield "|---|---|---|---|---|"
    host = asker(root)
    yield row("alone", list(_compared(host, comparisons, "alone")))
    with busy_loop():
        yield row("beside a busy loop", list(_compared(host, comparisons // BUSY_SHARE, "beside a busy loop")))


def row(where: str, found: Sequence[Found]) -> str:
    """One line: what of the comparisons covers one, and whether the promise is kept where they are believed."""
    believed = [one for one in found if one.inconclusive is None]
    widths = [(one.ratio.high / one.ratio.low - 1) / 2 for one in found]
    typical = f"±{statistics.median(widths):.1%} (median)" if widths else ""
    doubted = f"{len(found) - len(believed)} of {len(found)}"
    return f"| {where} | {covered(found)} | {covered(believed)} {kept(believed)} | {doubted} | {typical} |"


def covered(found: Sequence[Found]) -> str:
    """How many intervals hold 1.0."""
    return f"{sum(one.ratio.covers_one for one in found)} of {len(found)}"


def kept(found: Sequence[Found]) -> str:
    """Whether so many can be, were each to hold it with 95%."""
    if not found:
        return "(none to judge by)"
    least = fewest(len(found))
    holds = sum(one.ratio.covers_one for one in found) >= least
    return f"({'kept' if holds else 'NOT kept'}: fewer than {least} would refute {PROMISED:.0%})"


def fewest(count: int) -> int:
    """The fewest of so many that are not yet too few for 95% each, by the binomial distribution."""
    seen = 0.0
    for number in range(count + 1):
        seen += math.comb(count, number) * PROMISED**number * (1 - PROMISED) ** (count - number)
        if seen > UNLIKELY:
            return number
    return count


def _compared(host: Asker, comparisons: int, where: str) -> Iterator[Found]:
    """So many, in as many processes as they need."""
    asked = list(checks_of(ITSELF, "benchmark")) * math.ceil(comparisons / COMPARISONS)
    left = comparisons
    for answer in host.answers(asked):
        found = comparisons_in(measured(answer))[:left]
        left -= len(found)
        if answer.outcome != "passed":
            raise RuntimeError(f"{answer.outcome}: {answer.reason}")
        inside = [one.ratio.covers_one for one in found]
        tell(f"{where}: {comparisons - left} of {comparisons}; 1.0 is within {sum(inside)} of the last {len(inside)}")
        yield from found


def comparisons_in(measurements: Sequence[Measurement]) -> list[Found]:
    """The comparisons that a check recorded, in their order."""
    figures: dict[Any, dict[str, Measurement]] = {}
    for one in measurements:
        figures.setdefault(one["conditions"]["comparison"], {})[one["name"]] = one
    return [read(found, "times_as_fast") for found in figures.values()]


def read(figures: dict[str, Measurement], name: str) -> Found:
    """A ratio with the ends of its interval."""
    high = figures.get(f"{name}_high", {"value": math.inf})["value"]
    middle = figures[name]
    seen = Comparison(middle["value"], figures[f"{name}_low"]["value"], high, 0)
    return Found(seen, middle["inconclusive"])


@contextlib.contextmanager
def busy_loop() -> Iterator[subprocess.Popen[bytes]]:
    """Someone else who keeps one processor busy."""
    process = subprocess.Popen([sys.executable, "-c", LOOP, str(os.getpid())])
    try:
        yield process
    finally:
        process.kill()
        process.wait()
