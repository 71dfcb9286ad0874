"""What the published figures are worth: beside what other programs reach on the same machine, in turns."""

import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from benchmarks.asked.reached import OURS, TURNS
from benchmarks.asking import Measurement, asker, measured, tell
from verify.probe import paired
from verify.probe.discover import checks_of

REACHED = Path(__file__).resolve().parent / "asked" / "reached.py"
AIM = 0.97
# Names of the figures, and what a reader calls them.
KINDS = {"best_rate": "best seen", "median_rate": "median"}
# What is asked for each part, what it is called, and its unit.
ASKED: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "matmul": [
        ("products_in_turns", "matmul, float32, torch.mm", "GFLOPS"),
        ("best_products_in_turns", "matmul, float32, the faster library", "GFLOPS"),
    ],
    "bandwidth": [
        ("triads_in_turns", "bandwidth, triad", "GB/s"),
        ("copies_in_turns", "bandwidth, copy", "GB/s"),
    ],
    "training": [
        ("steps_of_16_in_turns", "training GPT-2 2x256, float32, AdamW, batch 16 x 32", "samples/s"),
        ("steps_of_32_in_turns", "training GPT-2 2x256, float32, AdamW, batch 32 x 32", "samples/s"),
    ],
}
# Rates of one turn, by whose they are.
Undisturbed = Mapping[str, float]


def rows(part: str, root: Path, turns: int) -> Iterator[str]:
    """Two lines for each of the others: best seen against best seen, and median against median.

    Raises:
        RuntimeError: A check did not pass, so that its rates are worth nothing.
    """
    for claim, what, unit in ASKED[part]:
        figures = _figures(root, claim, math.ceil(turns / TURNS))
        for whose in others_in(figures):
            for kind, title in KINDS.items():
                taken = turns_in(figures, kind)
                pairs = [(turn[OURS], turn[whose]) for turn in taken if {OURS, whose} <= turn.keys()]
                yield line(f"{what}: {title}", whose, pairs, len(taken), unit)


PARTS: Mapping[str, Callable[[Path, int], Iterator[str]]] = {part: partial(rows, part) for part in ASKED}


def _figures(root: Path, claim: str, processes: int) -> list[list[Measurement]]:
    """What each process recorded."""
    (check,) = (check for check in checks_of(REACHED, "benchmark") if check.id.endswith(f".{claim}"))
    found: list[list[Measurement]] = []
    for answer in asker(root).answers([check] * processes):
        if answer.outcome != "passed":
            raise RuntimeError(f"{claim}: {answer.outcome}, {answer.reason}\n{answer.log or ''}")
        tell(f"{claim}: {len(found) + 1} of {processes} processes, in {answer.wall_seconds:.0f} s")
        found.append([one for one in measured(answer) if one["name"] in KINDS])
    return found


def others_in(figures: Sequence[Sequence[Measurement]]) -> list[str]:
    """Whom ours took turns with, in their order."""
    return list(dict.fromkeys(one["conditions"]["whose"] for one in figures[0] if one["conditions"]["whose"] != OURS))


def turns_in(figures: Sequence[Sequence[Measurement]], kind: str) -> list[Undisturbed]:
    """The turns of all processes, each with what was undisturbed in it."""
    turns: dict[tuple[int, int], dict[str, float]] = {}
    for process, recorded in enumerate(figures):
        for one in recorded:
            if one["name"] == kind:
                turn = turns.setdefault((process, one["conditions"]["turn"]), {})
                if one["inconclusive"] is None:
                    turn[one["conditions"]["whose"]] = one["value"]
    return list(turns.values())


def line(what: str, against: str, pairs: Sequence[tuple[float, float]], turns: int, unit: str) -> str:
    """One line: the medians of both, and by Hodges and Lehmann the ratio of ours to theirs, with its interval."""
    if not pairs:
        return f"| {what} | {against} | | | no turn was left undisturbed | 0 of {turns} |"
    mine, other = (statistics.median(side) for side in zip(*pairs, strict=True))
    seen = paired.of_differences([math.log(one) - math.log(two) for one, two in pairs], 0.95)
    left = f"{len(pairs)} of {turns}" if len(pairs) < turns else str(turns)
    return f"| {what} | {against} | {mine:.1f} {unit} | {other:.1f} {unit} | {ratio(seen)} | {left} |"


def ratio(seen: paired.Comparison) -> str:
    """The ratio with its interval, and whether it reaches the aim."""
    if not math.isfinite(seen.high):
        return f"{seen.ratio:.2f}, of too few turns for an interval"
    reached = "met" if seen.low >= AIM else "missed" if seen.high < AIM else "not told"
    return f"{seen.ratio:.2f} [{seen.low:.2f}, {seen.high:.2f}] at 95% (aim: ≥ {AIM}: {reached})"
