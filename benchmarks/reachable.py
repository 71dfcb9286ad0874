"""What the published figures are worth: beside what other programs reach on the same machine, in turns."""

import math
import os
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.asking import Asker, Measurement, asker, measured, tell
from verify.checks.benchmark import training_throughput as training
from verify.checks.models.block_stack import HEAD_WIDTH
from verify.probe import disturbance, paired
from verify.probe.discover import find_checks

HERE = Path(__file__).resolve().parent / "competitors"
PRODUCT = "matmul.matrix_products_are_fast_and_right"
COPY = "bandwidth.copies_are_fast_and_right"
TRIAD = "bandwidth.triads_are_fast_and_right"
TRAINING = "training_throughput.training_is_fast_and_learns"
SIZES = ("512", "1024", "2048", "4096")
SECONDS = "3"
# Past the last cache of anything on sale, as float32.
ELEMENTS, PASSES = str(2**28), "20"
# The second that is tried, so that each machine gets to it; its steps are longer than a block must be.
BATCH = training.BATCHES[1]
AIM = 0.97


@dataclass(frozen=True, slots=True)
class Rates:
    """How fast something went: the most that was seen at all, and the median."""

    best: float
    median: float


KINDS: Mapping[str, Callable[[Rates], float]] = {
    "best seen": lambda rates: rates.best,
    "median": lambda rates: rates.median,
}
# None where something disturbed it, which makes it no figure.
Contender = Callable[[], Rates | None]
# Of one round: ours, and each of the others'.
Round = tuple[Rates | None, Mapping[str, Rates | None]]


def matmul_rows(root: Path, rounds: int) -> Iterator[str]:
    """The product of square matrices, of the size for which each is fastest."""
    host = asker(root)
    squares = [{"dtype": "float32", "n": int(n)} for n in SIZES]
    ours = published(host, PRODUCT, "gflops", squares)
    others = {
        title: told(_program(host, "products", library, SECONDS, *SIZES), "rate")
        for title, library in (("a bare torch loop", "torch"), ("OpenBLAS, through numpy", "numpy"))
    }
    yield from compared("matmul, float32", ours, others, rounds=rounds, unit="GFLOPS")


def bandwidth_rows(root: Path, rounds: int) -> Iterator[str]:
    """STREAM's copy and triad."""
    host = asker(root)
    with tempfile.TemporaryDirectory() as folder:
        triad = compiled(HERE / "triad.c", Path(folder) / "triad")
        for name, check in (("copy", COPY), ("triad", TRIAD)):
            ours = published(host, check, f"{name}_rate", [{"elements": int(ELEMENTS)}])
            others = {"C, gcc -O3 -march=native": told([str(triad), ELEMENTS, PASSES], name)}
            yield from compared(f"bandwidth, {name}", ours, others, rounds=rounds, unit="GB/s")


def training_rows(root: Path, rounds: int) -> Iterator[str]:
    """A training step: of the same model by a bare loop, and of the same architecture written by hand."""
    host = asker(root)
    blocks, tokens = training.MODEL["cpu"], training.TOKENS["cpu"]
    asked = {"model": f"GPT-2 {blocks.layers}x{blocks.width}", "dtype": "float32", "batch": BATCH, "tokens": tokens}
    ours = published(host, TRAINING, "samples_per_second", [asked])
    parameters = blocks.parameters + (training.VOCABULARY + tokens + 2) * blocks.width
    size = [blocks.layers, blocks.width, blocks.width // HEAD_WIDTH, tokens, training.VOCABULARY]
    words = [str(word) for word in (*size, training.USED, BATCH, training.LEARNING_RATE, parameters)]
    others = {
        title: told(_program(host, "training", model, SECONDS, *words), "rate")
        for title, model in (
            ("a bare loop over transformers' model", "transformers"),
            ("the model by hand in torch, fused AdamW", "hand"),
        )
    }
    what = f"training {asked['model']}, float32, AdamW, batch {BATCH} x {tokens}"
    yield from compared(what, ours, others, rounds=rounds, unit="samples/s")


PARTS: Mapping[str, Callable[[Path, int], Iterator[str]]] = {
    "matmul": matmul_rows,
    "bandwidth": bandwidth_rows,
    "training": training_rows,
}


def compared(what: str, ours: Contender, others: Mapping[str, Contender], *, rounds: int, unit: str) -> Iterator[str]:
    """Two lines for each of the others: best seen against best seen, and median against median.

    Who samples for longer sees the better best: the others have at least as long as our own checks.
    """
    taken = [_round(what, ours, others, number) for number in range(rounds)]
    for title in others:
        sound = [(mine, theirs[title]) for mine, theirs in taken]
        for kind, pick in KINDS.items():
            pairs = [(pick(mine), pick(other)) for mine, other in sound if mine and other]
            yield line(f"{what}: {kind}", title, pairs, rounds, unit)


def _round(what: str, ours: Contender, others: Mapping[str, Contender], number: int) -> Round:
    """Everyone once; every second time in reverse, so that drift favours none."""
    everyone: list[tuple[str, Contender]] = [("", ours), *others.items()]
    seen: dict[str, Rates | None] = {}
    for title, contender in everyone[:: -1 if number % 2 else 1]:
        seen[title] = contender()
        shown = seen[title]
        tell(f"{what}, round {number + 1}: {title or 'ours'} {f'{shown.best:.1f}' if shown else 'was disturbed'}")
    return seen.pop(""), seen


def line(what: str, against: str, pairs: Sequence[tuple[float, float]], rounds: int, unit: str) -> str:
    """One line: the medians of both, and by Hodges and Lehmann the ratio of ours to theirs, with its interval."""
    if not pairs:
        return f"| {what} | {against} | | | no round was left undisturbed | 0 of {rounds} |"
    mine, other = (statistics.median(side) for side in zip(*pairs, strict=True))
    seen = paired.of_differences([math.log(one) - math.log(two) for one, two in pairs], 0.95)
    left = f"{len(pairs)} of {rounds}" if len(pairs) < rounds else str(rounds)
    return f"| {what} | {against} | {mine:.1f} {unit} | {other:.1f} {unit} | {ratio(seen)} | {left} |"


def ratio(seen: paired.Comparison) -> str:
    """The ratio with its interval, and whether it reaches the aim."""
    if not math.isfinite(seen.high):
        return f"{seen.ratio:.2f}, of too few rounds for an interval"
    reached = "met" if seen.low >= AIM else "missed" if seen.high < AIM else "not told"
    return f"{seen.ratio:.2f} [{seen.low:.2f}, {seen.high:.2f}] at 95% (aim: ≥ {AIM}: {reached})"


def published(host: Asker, check: str, name: str, conditions: Sequence[Mapping[str, object]]) -> Contender:
    """What a check publishes, asked anew each time, of its figures with any of these conditions the highest.

    Raises:
        RuntimeError: When it is asked, and the check did not pass, so that its rates are worth nothing.
    """
    wanted = [found for found in find_checks() if found.id == check]

    def asked() -> Rates | None:
        answers = list(host.answers(wanted))
        for answer in answers:
            if answer.outcome != "passed":
                raise RuntimeError(f"{check}: {answer.outcome}, {answer.reason}")
        return highest([one for answer in answers for one in measured(answer)], name, conditions)

    return asked


def highest(measurements: Sequence[Measurement], name: str, conditions: Sequence[Mapping[str, object]]) -> Rates | None:
    """The highest rates among the figures that fit and that nothing disturbed; None where there is none."""
    fitting = [
        one["samples"]
        for one in measurements
        if one["name"] == name
        and one["inconclusive"] is None
        and any(each.items() <= one["conditions"].items() for each in conditions)
    ]
    return Rates(max(map(max, fitting)), max(map(statistics.median, fitting))) if fitting else None


def told(words: Sequence[str], name: str) -> Contender:
    """What a program prints on the line of that name: its best rate, then its median.

    It is watched as our own figures are: one that was disturbed would flatter us.
    """

    def asked() -> Rates | None:
        disturbed = disturbance.watch("cpu")
        printed = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, env=_variables()).stdout
        best, median = next(each.split()[1:] for each in printed.splitlines() if each.startswith(f"{name} "))
        return None if disturbed() else Rates(float(best), float(median))

    return asked


def _program(host: Asker, name: str, *words: str) -> list[str]:
    return [str(host.interpreter.python), "-P", "-m", f"benchmarks.competitors.{name}", *words]


def _variables() -> dict[str, str]:
    """Ours, with this project where Python looks for modules, and all processors for whoever asks OpenMP for them."""
    threads = str(len(os.sched_getaffinity(0)))
    found = {"PYTHONPATH": str(HERE.parents[1]), "OMP_NUM_THREADS": threads, "TRANSFORMERS_VERBOSITY": "error"}
    return {**os.environ, **found}


def compiled(source: Path, program: Path) -> Path:
    """A program in C, as fast as the compiler makes it for this machine."""
    flags = ["-O3", "-march=native", "-fopenmp"]
    subprocess.run(["gcc", *flags, "-o", str(program), str(source)], check=True)
    return program
