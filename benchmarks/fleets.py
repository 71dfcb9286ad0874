"""What comparing a fleet is worth: which slow nodes it names among ten thousand, which it names wrongly; and its cost.

Nodes are made up: each is a little faster or slower than the others as a whole, and more so in every figure, by noise
that is lognormal, has heavy tails, or is skewed towards slowness as queues and throttling are. One in a hundred is
slower still, in all of its figures or in a single one.
"""

import hashlib
import json
import math
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rfc8785

from benchmarks.asking import tell
from benchmarks.made_up import template
from verify.fleet.plan import Entry, Kept, Plan
from verify.fleet.script import BEGAN, ENDED, REPORT
from verify.judge.fleet import Column, compare
from verify.report.canonical import stored_text
from verify.report.fields import moment, plain

HEAD = (
    "| nodes | noise of a figure | slow by | in | named of the slow | others named | of the named, wrongly |\n"
    "|---|---|---|---|---|---|---|"
)
SEED = 20_260_101
FIGURES = 12
# One in so many is slow.
ONE_IN = 100
SLOWER = (0.05, 0.10)
EVERYWHERE, SOMEWHERE = "all figures", "one figure"
SMALL = (10, 100, 1000)
# Fleets of a case; of small ones as many as have so many nodes together.
ROUNDS = 5
NODES = 20_000
# Of a figure's deviation, what a node has in all of its figures: chips of one kind differ.
COMMON = 0.5
# Degrees of freedom of Student's distribution.
HEAVY = 4
_RSS_BYTES = 1 if sys.platform == "darwin" else 1024

Draw = Callable[[random.Random], float]


@dataclass(frozen=True, slots=True)
class Noise:
    """How nodes differ, in deviations, and how large one is."""

    name: str
    deviation: float
    draw: Draw


@dataclass(frozen=True, slots=True)
class Case:
    """A fleet.

    Attributes:
        nodes: How many; one in `ONE_IN` is slow, and at least one.
        noise: How they differ.
        slower: By how much the slow ones are slower.
        where: In all of their figures, or in one each.
    """

    nodes: int
    noise: Noise
    slower: float
    where: str


@dataclass(frozen=True, slots=True)
class Found:
    """What was named, over all rounds: slow nodes of all, and others."""

    slow: int
    named: int
    others: int

    @property
    def wrongly(self) -> float:
        """The share of the named that should not have been."""
        return self.others / max(1, self.named + self.others)


def student(rng: random.Random) -> float:
    """Student's t with few degrees of freedom, scaled to a deviation of one."""
    chi = sum(rng.gauss(0, 1) ** 2 for _ in range(HEAVY))
    return rng.gauss(0, 1) / math.sqrt(chi / HEAVY) / math.sqrt(HEAVY / (HEAVY - 2))


def skewed(rng: random.Random) -> float:
    """Gumbel's distribution, which is further off on the slow side, scaled to a deviation of one."""
    return (-math.log(-math.log(rng.random())) - 0.5772) / (math.pi / math.sqrt(6))


NOISES = (
    Noise("1%, lognormal", 0.01, lambda rng: rng.gauss(0, 1)),
    Noise("2%, lognormal", 0.02, lambda rng: rng.gauss(0, 1)),
    Noise("3%, lognormal", 0.03, lambda rng: rng.gauss(0, 1)),
    Noise("2%, heavy tails", 0.02, student),
    Noise("1%, skewed", 0.01, skewed),
    Noise("2%, skewed", 0.02, skewed),
)


def rows(root: Path, count: int) -> Iterator[str]:
    """Recall and false flags of fleets up to so many nodes, then the cost of so many reports."""
    yield HEAD
    for noise in NOISES:
        for slower in SLOWER:
            for where in (EVERYWHERE, SOMEWHERE):
                yield _line(Case(count, noise, slower, where), ROUNDS)
    for noise in (NOISES[1], NOISES[3]):
        for nodes in (size for size in SMALL if size < count):
            yield _line(Case(nodes, noise, SLOWER[1], EVERYWHERE), max(ROUNDS, NODES // nodes))
    yield ""
    yield from _cost(root, count)


def _line(case: Case, rounds: int) -> str:
    found = simulated(case, rounds)
    share = found.named / max(1, found.slow)
    of = f"{found.others:,} of {rounds * case.nodes - found.slow:,}"
    named = f"{share:.1%} of {found.slow:,}"
    slow = f"{case.slower:.0%} | {case.where}"
    return f"| {case.nodes:,} | {case.noise.name} | {slow} | {named} | {of} | {found.wrongly:.1%} |"


def simulated(case: Case, rounds: int) -> Found:
    """What comparing finds, in so many fleets."""
    about = f"{SEED} {case.nodes} {case.noise.name} {case.slower} {case.where}"
    rng = random.Random(about)  # noqa: S311 - noise needs no cryptography
    slow = named = others = 0
    for _ in range(rounds):
        ill = set(rng.sample(range(case.nodes), max(1, case.nodes // ONE_IN)))
        found = {one.node for one in compare(_columns(rng, case, ill)).named}
        right = {str(node) for node in ill}
        slow, named, others = slow + len(ill), named + len(found & right), others + len(found - right)
    return Found(slow, named, others)


def _columns(rng: random.Random, case: Case, ill: set[int]) -> list[Column]:
    noise = case.noise
    common = [COMMON * noise.deviation * noise.draw(rng) for _ in range(case.nodes)]
    only = {node: rng.randrange(FIGURES) for node in ill}
    return [
        Column("one class", "made.up", f"figure {figure}", "s", "lower", _values(rng, noise, common, off), {})
        for figure in range(FIGURES)
        for off in [{node: case.slower for node in ill if case.where == EVERYWHERE or only[node] == figure}]
    ]


def _values(rng: random.Random, noise: Noise, common: Sequence[float], off: Mapping[int, float]) -> dict[str, float]:
    return {
        str(node): math.exp(shared + noise.deviation * noise.draw(rng)) * (1 + off.get(node, 0.0))
        for node, shared in enumerate(common)
    }


def _cost(root: Path, count: int) -> Iterator[str]:
    """Reading, believing and comparing so many reports, by the command that people have, in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        run = Path(folder) / "run"
        size = _write(root, run, count)
        tell(f"made {count:,} reports of {size / count / 1000:.1f} kB")
        words = ["--root", str(root), "fleet", "report", "--json", "--folder", folder, "run"]
        began = time.perf_counter()
        # Without Slurm's commands, which have nothing to say about nodes that have all answered.
        done = subprocess.run(
            [sys.executable, "-m", "verify", *words],
            env={**os.environ, "PATH": folder},
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - began
        page = json.loads(done.stdout)
        states = {node["state"] for node in page["nodes"]}
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        busy, most = used.ru_utime + used.ru_stime, used.ru_maxrss * _RSS_BYTES
        tell(f"states {sorted(states)}, {len({one['node'] for one in page['outliers']})} nodes named")
        yield "| `verify fleet report` of | time | of the processor | reports a second of that | memory, at most |"
        yield "|---|---|---|---|---|"
        figures = f"{seconds:.1f} s | {busy:.1f} s | {count / busy:,.0f} | {most / 1e6:,.0f} MB"
        yield f"| {count:,} reports of {size / count / 1000:.1f} kB | {figures} |"


def _write(root: Path, folder: Path, count: int) -> int:
    """A run as its nodes leave it, each report another's; returns the size of all."""
    like = template(root)
    width = len(str(count))
    names = [f"n{number:0{width}d}" for number in range(count)]
    plan = Plan(
        run="run",
        created=like.created,
        partition="made-up",
        environment=like.environment.name,
        level=like.level if like.level != "lora" else "certify",
        lock=like.lock.digest,
        minutes=60,
        wait_minutes=60,
        nodes=tuple(names),
        absent={},
        command=("true",),
    )
    kept = Kept(folder)
    kept.begin(plan)
    rng = random.Random(SEED)  # noqa: S311 - noise needs no cryptography
    value = json.loads(stored_text(like))
    began = int(moment(like.created).timestamp())
    total = 0
    for number, name in enumerate(names):
        slower = 1 + (SLOWER[1] if number % ONE_IN == 0 else 0.0)
        data = _report(value, number, slower, rng)
        place = kept.place(name, 1)
        place.mkdir(parents=True)
        (place / BEGAN).write_text(f"{number + 1} {name} {began}\n")
        (place / REPORT).write_bytes(data)
        (place / ENDED).write_text(f"0 {began + 600}\n")
        total += len(data)
    journal = "".join(f"{json.dumps(_entry(name, number + 1, began))}\n" for number, name in enumerate(names))
    (folder / "journal").write_text(journal)
    return total


def _entry(node: str, job: int, at: int) -> dict[str, Any]:
    entry = Entry(node, 1, job, at)
    return {name: getattr(entry, name) for name in entry.__slots__}


def _report(like: dict[str, Any], number: int, slower: float, rng: random.Random) -> bytes:
    """The report as another node makes it: figures off by a factor of their own, sealed anew."""
    results = [
        {**result, "measurements": [_noisy(figure, slower, rng) for figure in result["measurements"]]}
        for result in like["results"]
    ]
    value = {**like, "id": f"{number:012x}", "machine": f"{number:032x}", "sequence": 1, "predecessor": None}
    value["results"] = results
    content = {name: part for name, part in value.items() if name != "digest"}
    value["digest"] = hashlib.sha256(rfc8785.dumps(content)).hexdigest()
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def _noisy(figure: dict[str, Any], slower: float, rng: random.Random) -> dict[str, Any]:
    samples = figure["samples"]
    whole = any(float(sample).is_integer() for sample in samples)
    if figure["provenance"] != "measured" or figure["percent_of_peak"] or whole or figure["along"]:
        return figure
    off = rng.gauss(1, 0.02) * (slower if figure["direction"] == "lower" else 1 / slower)
    return {**figure, "samples": [plain(sample * off) for sample in samples], "value": plain(figure["value"] * off)}
