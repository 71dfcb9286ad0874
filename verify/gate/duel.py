"""Speed and memory of two sets of packages: groups of fresh processes, timed in turns, until enough is known.

A group is three processes that are alive at once: two copies of the current set and the candidate. They do blocks of
each workload in turns of some tens of milliseconds, in all six orders, so that what drifts meets all alike. Of a
process counts the lower decile of its blocks, which neighbours on a shared machine seldom disturb; a group gives one
difference a figure, and groups are what the statistics count, for samples of one process are not independent. The two
copies differ by noise alone, and say how much of that there is in this very run.
"""

import itertools
import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from verify.gate.referee import Player, table
from verify.probe.check import Device
from verify.report.gate import Scale
from verify.run.answer import Answer
from verify.run.plan import Job
from verify.run.supervise import Bench

# Long against the clock and the messages, short against what drifts; MPS queues deeply.
BLOCK_SECONDS = 0.02
# Every order of the three three times: the decile lies between the second and the third of them.
ROUNDS = 18
ORDERS = tuple(itertools.permutations(range(3)))
PROBES = 3
DECILE = 0.1
# What a process uses grows while its caches fill: the slope is taken over the second half.
SETTLED = 0.5
GROWTH, PEAK = "memory_growth", "peak_memory"


@dataclass(frozen=True, slots=True)
class Sample:
    """What one group tells of one figure.

    Attributes:
        current: With the current set, the mean of its two copies.
        candidate: With the candidate.
        difference: Candidate less current: of logarithms for a ratio, else in the unit. Positive is worse.
        copies: The second copy less the first, likewise.
        values: What the first copy, the second and the candidate gave.
    """

    current: float
    candidate: float
    difference: float
    copies: float
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """Which figure it is.

    Attributes:
        name: Of the workload, or of what was measured of the memory.
        device: Where.
        scale: How two are compared.
        unit: ``s``; ``B``, or ``B`` a round of all workloads.
    """

    name: str
    device: Device
    scale: Scale
    unit: str


Group = Mapping[Measured, Sample]


def figures_of(workloads: Sequence[str], device: Device) -> list[Measured]:
    """All figures that a group on a device gives."""
    return [
        *(Measured(workload, device, "ratio", "s") for workload in workloads),
        Measured(PEAK, device, "ratio", "B"),
        Measured(GROWTH, device, "difference", "B/round"),
    ]


def groups(job: Job, benches: Sequence[Bench], rounds: int = ROUNDS) -> Iterator[Group]:
    """One group after another, for as long as somebody asks.

    Args:
        job: The question; its settings name the workloads, its device where they run.
        benches: Of the current set, of its copy, and of the candidate.
        rounds: How many blocks each process does of each workload.

    Raises:
        VerifyError: A process did not get ready, or ended.
    """
    units: dict[str, int] = {}
    for number in itertools.count():
        # Who starts first, and who last, goes round as the orders do.
        seating = ORDERS[number % len(ORDERS)]
        with table(job, [benches[arm] for arm in seating]) as seated:
            players = [seated.players[seating.index(arm)] for arm in range(len(benches))]
            # The same for every group, or their figures would not be of the same thing.
            units = units or {workload: _units(players[0], workload) for workload in job.settings["workloads"]}
            played = _played(players, units, rounds, number)
            answers = seated.leave()
        yield _group(job, played, units, [_peak(answers[seating.index(arm)]) for arm in range(len(benches))])


@dataclass(frozen=True, slots=True)
class Played:
    """What the processes of a group did.

    Attributes:
        blocks: Seconds of each block, by workload and then by process.
        used: Bytes in use after each round, by process.
    """

    blocks: Mapping[str, Sequence[list[float]]]
    used: Sequence[list[float]]


def _units(player: Player, workload: str) -> int:
    """How many units of a workload make a block."""
    unit = min(player.play(workload, 1) for _ in range(PROBES))
    return max(1, round(BLOCK_SECONDS / unit))


def _played(players: Sequence[Player], units: Mapping[str, int], rounds: int, number: int) -> Played:
    played = Played({workload: [[] for _ in players] for workload in units}, [[] for _ in players])
    for turn in range(rounds):
        order = ORDERS[(turn + number) % len(ORDERS)]
        for workload, count in units.items():
            for arm in order:
                played.blocks[workload][arm].append(players[arm].play(workload, count))
        for arm in order:
            played.used[arm].append(players[arm].rest())
    return played


def _group(job: Job, played: Played, units: Mapping[str, int], peaks: Sequence[float]) -> Group:
    values = {
        workload: [lower_decile(blocks) / units[workload] for blocks in arms]
        for workload, arms in played.blocks.items()
    }
    values |= {PEAK: list(peaks), GROWTH: [growth(used) for used in played.used]}
    figures = figures_of(list(units), job.device or "cpu")
    return {figure: sample_of(values[figure.name], figure.scale) for figure in figures}


def sample_of(values: Sequence[float], scale: Scale) -> Sample:
    """What the values of two copies of the current set, and of the candidate, tell."""
    shown: Callable[[float], float] = math.log if scale == "ratio" else float
    first, second, candidate = (shown(value) for value in values)
    difference, copies = candidate - (first + second) / 2, second - first
    return Sample(statistics.fmean(values[:2]), values[2], difference, copies, tuple(values))


def lower_decile(values: Sequence[float]) -> float:
    """What a tenth of the values lies below, between neighbours as it falls."""
    ordered, place = sorted(values), DECILE * (len(values) - 1)
    below = int(place)
    return ordered[below] + (place - below) * (ordered[min(below + 1, len(ordered) - 1)] - ordered[below])


def growth(used: Sequence[float]) -> float:
    """Bytes a round by which the memory in use grows, once it has settled: the median slope between all pairs."""
    settled = used[int(len(used) * SETTLED) :]
    pairs = itertools.combinations(enumerate(settled), 2)
    return statistics.median((late - early) / (after - before) for (before, early), (after, late) in pairs)


def _peak(answer: Answer) -> float:
    (peak,) = (each["value"] for each in answer.measured["measurements"] if each["name"] == PEAK)
    return float(peak)
