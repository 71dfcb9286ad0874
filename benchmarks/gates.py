"""How often a gate is wrong, and what it finds: simulated with the noise of duels between two equal sets of packages.

The noise is recorded on a machine by ``--record-duels N``, whatever else it does meanwhile. A simulated gate draws its
groups from the record in runs of neighbours, all figures together, so that drift, correlation and heavy tails stay as
they were; any of the three processes of a group could have been the candidate, so each gate draws which was. One figure
at a time is then made slower.
"""

import itertools
import json
import math
import os
import random
import statistics
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.asking import asker
from verify.checks.duel.workloads import MAKERS
from verify.gate.duel import Measured, figures_of, groups, sample_of
from verify.gate.timed import QUESTION, why_stop
from verify.judge.gate_policy import GatePolicy
from verify.judge.sequential import Judgement, Terms, judged
from verify.probe.discover import find_checks
from verify.run.plan import Job
from verify.run.policies import gate_policy

RECORD = Path(__file__).resolve().parent / "recorded" / "duels.jsonl"
HEAD = (
    "| noise | change of one figure | refused | accepted | inconclusive | groups, median |\n|---|---|---|---|---|---|"
)
# Neighbours that stay together: longer than what lasts, a build beside it for example, takes in groups.
RUN = 6
SEED = 20_260_101
CHANGES = (0.0, 0.05, 0.10)
SCALES = (1.0, 2.0)
# Twice as much as two processors can do, beside the three processes of a group.
CROWDED = 4.0
FIGURES = figures_of(list(MAKERS["cpu"]), "cpu")


def record(root: Path, count: int) -> Iterator[str]:
    """Add so many groups of one set of packages against itself to the record."""
    host = asker(root)
    (asked,) = find_checks([QUESTION], suite=False)
    workloads = list(MAKERS["cpu"])
    job = Job(replace(asked, kind="functional"), "cpu", required=True, skip=None, settings={"workloads": workloads})
    with tempfile.TemporaryDirectory(prefix="v-") as folder:
        benches = [host.bench(Path(folder) / str(seat)) for seat in range(3)]
        benches = [replace(bench, together=bench.processors) for bench in benches]
        for number, group in enumerate(itertools.islice(groups(job, benches), count), 1):
            values = {figure.name: [float(f"{one:.6g}") for one in sample.values] for figure, sample in group.items()}
            line = {"load": round(os.getloadavg()[0], 2), "values": values}
            with RECORD.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            yield f"{number} of {count} groups, load {line['load']}"


def rows(root: Path, gates: int) -> Iterator[str]:
    """So many simulated gates for each cell of two tables: of a machine that others use too, and of a crowded one."""
    policy, recorded = gate_policy(root), read()
    parts = {
        f"a load below {CROWDED:g}": [group for group in recorded if group.load < CROWDED],
        f"a load from {CROWDED:g}": [group for group in recorded if group.load >= CROWDED],
    }
    for under, part in parts.items():
        if len(part) < policy.looks[-1]:
            yield f"{len(part)} groups recorded under {under}: too few\n"
            continue
        yield f"{len(part)} groups, recorded under {under}, median {statistics.median(g.load for g in part):g}\n"
        yield f"{in_a_row(part, policy)}\n"
        yield HEAD
        for scale, change in itertools.product(SCALES, CHANGES):
            yield row(part, policy, scale=scale, change=change, gates=gates)
        yield ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One group: the load meanwhile, and what its three processes gave, by figure."""

    load: float
    values: Mapping[str, Sequence[float]]


def read(path: Path = RECORD) -> list[Recorded]:
    """The record, in the order in which it was taken."""
    return [Recorded(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def row(recorded: Sequence[Recorded], policy: GatePolicy, *, scale: float, change: float, gates: int) -> str:
    """One cell of the table: what came of so many gates, the change going round the figures."""
    # Not for secrecy: a table must come out the same again.
    chance = random.Random(SEED)  # noqa: S311
    slowed = [figure for figure in FIGURES if figure.unit == "s"]
    ended: Counter[str] = Counter()
    needed: list[int] = []
    for number in range(gates):
        worse = slowed[number % len(slowed)]
        seats = chance.sample(range(3), 3)
        drawn = draw(recorded, policy.looks[-1], chance)
        series = {figure: [seen(group, figure, seats, scale) for group in drawn] for figure in FIGURES}
        series[worse] = [(difference + math.log1p(change), copies) for difference, copies in series[worse]]
        verdict, groups_needed = simulated(series, policy)
        ended[verdict] += 1
        needed.append(groups_needed)
    shares = " | ".join(f"{ended[word] / gates:.1%}" for word in ("refused", "accepted", "inconclusive"))
    noise = "as recorded" if scale == 1 else f"{scale:g} times as recorded"
    return f"| {noise} | {change:+.0%} | {shares} | {statistics.median(needed):g} |"


def in_a_row(recorded: Sequence[Recorded], policy: GatePolicy) -> str:
    """What gates say that take the record's groups one after the other, none twice: each as it would have been then.

    The last one counts only where the record was long enough for it.
    """
    ended, at = Counter[str](), 0
    while at < len(recorded):
        left = recorded[at : at + policy.looks[-1]]
        series = {figure: [seen(group, figure, (0, 1, 2), 1.0) for group in left] for figure in FIGURES}
        verdict, needed = simulated(series, policy)
        if needed > len(left):
            break
        ended[verdict] += 1
        at += needed
    told = ", ".join(f"{ended[word]} {word}" for word in ("accepted", "refused", "inconclusive") if ended[word])
    return f"{ended.total()} gates of no change, one after the other through the record: {told or 'too few groups'}"


def draw(recorded: Sequence[Recorded], count: int, chance: random.Random) -> list[Recorded]:
    """So many groups, in runs of neighbours from anywhere in the record, which is closed to a ring."""
    drawn = list[Recorded]()
    while len(drawn) < count:
        start = chance.randrange(len(recorded))
        drawn += [recorded[(start + step) % len(recorded)] for step in range(RUN)]
    return drawn[:count]


def seen(group: Recorded, figure: Measured, seats: Sequence[int], scale: float) -> tuple[float, float]:
    """The difference and that of the copies, had the processes sat so, and been so many times as noisy."""
    values = group.values[figure.name]
    sample = sample_of([values[seat] for seat in seats], figure.scale)
    return scale * sample.difference, scale * sample.copies


def simulated(series: Mapping[Measured, Sequence[tuple[float, float]]], policy: GatePolicy) -> tuple[str, int]:
    """What a gate says of these differences and copies, and after how many groups it stops.

    Where there are too few to stop, the verdict is inconclusive, and the groups are those of the look that is missing.
    """
    terms = Terms(policy.false_alarms, len(series), policy.looks)
    there = min(map(len, series.values()))
    for look in policy.looks:
        if look > there:
            return "inconclusive", look
        known = {figure: _judged(figure, pairs[:look], policy, terms) for figure, pairs in series.items()}
        if why_stop(known, look, terms):
            break
    decisions = {judgement.decision for judgement in known.values()}
    if "regressed" in decisions:
        return "refused", look
    return ("accepted" if decisions == {"held"} else "inconclusive"), look


def _judged(figure: Measured, pairs: Sequence[tuple[float, float]], policy: GatePolicy, terms: Terms) -> Judgement:
    differences, copies = zip(*pairs, strict=True)
    return judged(differences, copies, policy.limits_of(figure.scale, figure.unit), terms)
