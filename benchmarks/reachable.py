"""What the published figures are worth: beside the best that other programs reach on the same machine, in turns."""

import math
import os
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from verify.probe.discover import find_checks
from verify.run.plan import plan
from verify.run.supervise import Bench, ask_all
from verify.spec.builds import environments_directory
from verify.spec.interpreter import Interpreter, interpreter_of
from verify.spec.lock import read_lock

HERE = Path(__file__).resolve().parent / "competitors"
PRODUCT = "matmul.matrix_products_are_fast_and_right"
COPY = "bandwidth.copies_are_fast_and_right"
TRIAD = "bandwidth.triads_are_fast_and_right"
SIZES = ("512", "1024", "2048", "4096")
SECONDS = "3"
# Past the last cache of anything on sale, as float32.
ELEMENTS, PASSES = str(2**28), "20"


def rows(root: Path, rounds: int) -> Iterator[str]:
    """Ours over theirs, round by round; nothing without an environment and rounds."""
    if not rounds:
        return
    interpreter = interpreter_of(root, None, environ=os.environ)
    python = [str(interpreter.python), "-P", str(HERE / "products.py")]
    squares = [{"dtype": "float32", "n": int(n)} for n in SIZES]
    product = figure(root, interpreter, PRODUCT, "gflops", squares)
    for title, library in (("a bare torch loop", "torch"), ("OpenBLAS, through numpy", "numpy")):
        yield compared(
            "matmul, float32",
            title,
            product,
            last_word([*python, library, SECONDS, *SIZES]),
            rounds=rounds,
            unit="GFLOPS",
        )
    with tempfile.TemporaryDirectory() as folder:
        triad = compiled(HERE / "triad.c", Path(folder) / "triad")
        for name, check in (("copy", COPY), ("triad", TRIAD)):
            ours = figure(root, interpreter, check, f"{name}_rate", [{"elements": int(ELEMENTS)}])
            theirs = word_after([str(triad), ELEMENTS, PASSES], name)
            yield compared(f"bandwidth, {name}", "C, gcc -O3 -march=native", ours, theirs, rounds=rounds, unit="GB/s")


def compared(
    what: str, against: str, ours: Callable[[], float], theirs: Callable[[], float], *, rounds: int, unit: str
) -> str:
    """One line: medians of both, and the median ratio with its range; ours comes first every second time."""
    pairs: list[tuple[float, float]] = []
    for number in range(rounds):
        first = ours() if number % 2 else math.nan
        other = theirs()
        pairs.append((first if number % 2 else ours(), other))
    sound = [(mine, other) for mine, other in pairs if not math.isnan(mine)]
    if not sound:
        return f"| {what} | {against} | | | every one of our figures was disturbed | {rounds} |"
    ratios = sorted(mine / other for mine, other in sound)
    mine, other = (statistics.median(side) for side in zip(*sound, strict=True))
    spread = f"{statistics.median(ratios):.2f} (of the rounds {ratios[0]:.2f} to {ratios[-1]:.2f}; aim: ≥ 0.97)"
    left = f"{len(sound)} of {rounds}" if len(sound) < rounds else str(rounds)
    return f"| {what} | {against} | {mine:.1f} {unit} | {other:.1f} {unit} | {spread} | {left} |"


def figure(
    root: Path, interpreter: Interpreter, check: str, name: str, conditions: Sequence[Mapping[str, object]]
) -> Callable[[], float]:
    """What a check saw best, asked anew each time, among its figures with any of these conditions.

    A figure that something disturbed is no figure: it counts as nothing.
    """
    lock = read_lock(root, interpreter.platform)
    locked = [package.name for package in lock.packages]
    wanted = [found for found in find_checks() if found.id == check]
    jobs = plan(wanted, level="certify", environment=interpreter.environment, promised=["cpu"], locked=locked)

    def asked() -> float:
        with tempfile.TemporaryDirectory() as folder:
            answers = [
                one for one in ask_all(jobs, bench_in(Path(folder), root, interpreter), lambda _: None) if one.measured
            ]
        measured: list[dict[str, Any]] = [one for answer in answers for one in answer.measured["measurements"]]
        fitting = [
            one
            for one in measured
            if one["name"] == name
            and one["inconclusive"] is None
            and any(each.items() <= one["conditions"].items() for each in conditions)
        ]
        return max((max(one["samples"]) for one in fitting), default=math.nan)

    return asked


def bench_in(scratch: Path, root: Path, interpreter: Interpreter) -> Bench:
    """Where the checks are asked, as a run would."""
    return Bench(
        python=interpreter.python,
        environment=interpreter.environment_variables,
        root=root,
        lock=root / "lockfiles" / f"{interpreter.platform}.txt",
        cache=environments_directory(root) / "cache",
        scratch=scratch,
        processors=len(os.sched_getaffinity(0)),
    )


def last_word(words: Sequence[str]) -> Callable[[], float]:
    """The last number that a program prints."""
    return lambda: float(printed(words).split()[-1])


def word_after(words: Sequence[str], name: str) -> Callable[[], float]:
    """The number that a program prints first on the line of that name."""

    def told() -> float:
        lines = dict(line.split(maxsplit=1) for line in printed(words).splitlines())
        return float(lines[name].split()[0])

    return told


def printed(words: Sequence[str]) -> str:
    """What a program prints."""
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def compiled(source: Path, program: Path) -> Path:
    """A program in C, as fast as the compiler makes it for this machine."""
    flags = ["-O3", "-march=native", "-fopenmp"]
    subprocess.run(["gcc", *flags, "-o", str(program), str(source)], check=True)
    return program
