"""How often a gate is wrong, and what it finds: simulated with the noise of duels between two equal sets of packages.

The noise is recorded on a machine by ``--record-duels N``, whatever else it does meanwhile. A simulated gate draws its
groups from the record in runs of neighbours, all figures together, so that drift, correlation and heavy tails stay as
they were; either side could have been the candidate, so half of the gates see it turned around. One figure at a time
is then made slower.
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
from verify.gate.duel import Measured, figures_of, groups
from verify.gate.timed import QUESTION, limits_of, why_stop
from verify.judge.gate_policy import GatePolicy
from verify.judge.sequential import Terms, judged
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
            line = {
                "load": round(os.getloadavg()[0], 2),
                "differences": {figure.name: round(sample.difference, 6) for figure, sample in group.items()},
            }
            with RECORD.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            yield f"{number} of {count} groups, load {line['load']}"


def rows(root: Path, gates: int) -> Iterator[str]:
    """So many simulated gates for each cell of the table."""
    policy, recorded = gate_policy(root), read()
    seen = sorted(group.load for group in recorded)
    load = f"{seen[0]:g} to {seen[-1]:g}, median {statistics.median(seen):g}"
    yield f"{len(recorded)} groups, recorded under a load of {load}\n"
    yield f"{in_a_row(recorded, policy)}\n"
    yield HEAD
    for scale, change in itertools.product(SCALES, CHANGES):
        yield row(recorded, policy, scale=scale, change=change, gates=gates)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One group: the load meanwhile, and the difference of each figure."""

    load: float
    differences: Mapping[str, float]


def read(path: Path = RECORD) -> list[Recorded]:
    """The record, in the order in which it was taken."""
    return [Recorded(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def row(recorded: Sequence[Recorded], policy: GatePolicy, *, scale: float, change: float, gates: int) -> str:
    """One cell of the table: what came of so many gates, the change going round the figures."""
    # Not for secrecy: a table must come out the same again.
    chance = random.Random(SEED)  # noqa: S311
    figures = figures_of(list(MAKERS["cpu"]), "cpu")
    slowed = [figure for figure in figures if figure.unit == "s"]
    ended: Counter[str] = Counter()
    needed: list[int] = []
    for number in range(gates):
        drawn = draw(recorded, policy.looks[-1], scale, chance)
        worse = slowed[number % len(slowed)].name
        series = {f: [d[f.name] + (math.log1p(change) if f.name == worse else 0.0) for d in drawn] for f in figures}
        verdict, groups_needed = simulated(series, policy)
        ended[verdict] += 1
        needed.append(groups_needed)
    shares = " | ".join(f"{ended[word] / gates:.1%}" for word in ("refused", "accepted", "inconclusive"))
    noise = "as recorded" if scale == 1 else f"{scale:g} times as recorded"
    return f"| {noise} | {change:+.0%} | {shares} | {statistics.median(needed):g} |"


def in_a_row(recorded: Sequence[Recorded], policy: GatePolicy) -> str:
    """What gates say that take the record's groups one after the other, none twice: each as it would have been then."""
    figures, ended, at = figures_of(list(MAKERS["cpu"]), "cpu"), Counter[str](), 0
    while at + policy.looks[0] <= len(recorded):
        groups_left = recorded[at : at + policy.looks[-1]]
        series = {figure: [group.differences[figure.name] for group in groups_left] for figure in figures}
        within = policy.model_copy(update={"looks": policy.looks_within(len(groups_left))})
        verdict, needed = simulated(series, within)
        ended[verdict] += 1
        at += needed
    told = ", ".join(f"{ended[word]} {word}" for word in ("accepted", "refused", "inconclusive") if ended[word])
    return f"{ended.total()} gates of no change, one after the other through the record: {told}"


def draw(recorded: Sequence[Recorded], count: int, scale: float, chance: random.Random) -> list[dict[str, float]]:
    """So many groups, in runs of neighbours from anywhere in the record, which is closed to a ring."""
    sign, drawn = scale * chance.choice((1, -1)), list[dict[str, float]]()
    while len(drawn) < count:
        start = chance.randrange(len(recorded))
        run = (recorded[(start + step) % len(recorded)] for step in range(RUN))
        drawn += [{name: sign * value for name, value in group.differences.items()} for group in run]
    return drawn[:count]


def simulated(series: Mapping[Measured, Sequence[float]], policy: GatePolicy) -> tuple[str, int]:
    """What a gate says of these differences, and after how many groups it stops."""
    terms = Terms(policy.false_alarms, len(series), policy.looks)
    for look in policy.looks:
        known = {figure: judged(values[:look], limits_of(figure, policy), terms) for figure, values in series.items()}
        if why_stop(known, look, terms):
            break
    decisions = {judgement.decision for judgement in known.values()}
    if "regressed" in decisions:
        return "refused", look
    return ("accepted" if decisions == {"held"} else "inconclusive"), look
