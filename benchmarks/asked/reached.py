"""Our figures in turns with what others reach seconds before and after, for memory has another rate each minute."""

import ctypes
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from verify.checks.benchmark import bandwidth, matmul, training_throughput
from verify.checks.measures.timed import timed
from verify.checks.models.block_stack import HEAD_WIDTH
from verify.checks.torch_device import ready
from verify.probe import disturbance
from verify.probe.check import check
from verify.probe.context import Context, Note
from verify.probe.timing import Timing

if TYPE_CHECKING:
    import torch

HERE = Path(__file__).resolve().parents[1] / "competitors"
OURS = "ours"
# In one process; the next has its arrays elsewhere in memory.
TURNS = 12
LOOKS = 3
SIZES = (512, 1024, 2048, 4096)
# For `torch.mm`, whose rates are alike from 512 on.
PLENTY = 2048
LIBRARIES = {"torch": "torch.mm", "onednn": "oneDNN"}
# Past the last cache of anything on sale, as float32; STREAM itself takes ten passes.
ELEMENTS, PASSES = 2**27, 20


@dataclass(frozen=True, slots=True)
class Rates:
    """How fast something went in one turn: the most that was seen at all, and the median."""

    best: float
    median: float


Contender = Callable[[], Rates]
# What it reached in a turn, and what disturbed it, or None.
Turn = tuple[Rates, str | None]


@check(level="certify", needs=["torch"], devices=["cpu"], timeout_seconds=600)
def copies_in_turns(ctx: Context) -> None:
    """Memory is copied by torch and by STREAM in C, on the same arrays.

    Nothing to be done.
    """
    ready(ctx)
    sources, target = bandwidth.sources_and_target(ctx, 1, ELEMENTS)
    (source,) = sources(ELEMENTS)
    _stream(ctx, "copy", (target, source), partial(target.copy_, source))


@check(level="certify", needs=["torch"], devices=["cpu"], timeout_seconds=600)
def triads_in_turns(ctx: Context) -> None:
    """STREAM's triad is computed by torch and in C, on the same arrays.

    Nothing to be done.
    """
    import torch

    ready(ctx)
    sources, total = bandwidth.sources_and_target(ctx, 2, ELEMENTS)
    left, right = sources(ELEMENTS)
    triad = partial(torch.add, left, right, alpha=bandwidth.SCALE, out=total)
    _stream(ctx, "triad", (total, left, right), triad)


@check(level="certify", needs=["torch"], devices=["cpu"], timeout_seconds=900)
def products_in_turns(ctx: Context) -> None:
    """Square matrices are multiplied by torch's first library, by our check and in a bare loop.

    Nothing to be done.
    """
    _products(ctx, partial(matmul.product_timing, fmt="float32"), matmul.Shape(PLENTY, PLENTY, PLENTY), "torch", {})


@check(level="certify", needs=["torch"], devices=["cpu"], timeout_seconds=900)
def best_products_in_turns(ctx: Context) -> None:
    """The same by torch's second library, where it is the faster, and by whatever else multiplies as fast.

    Nothing to be done.
    """
    openblas = {"OpenBLAS, through numpy": ("products", "numpy", str(matmul.BUDGET_SECONDS))}
    with _all_started(ctx, openblas) as programs:
        others = {whose: at_the_fastest(program, SIZES) for whose, program in programs.items()}
        _products(ctx, matmul.onednn_timing, matmul.ONEDNN_SHAPES[0], "onednn", others)


def _products(
    ctx: Context,
    timing: Callable[[Context, matmul.Shape], Timing],
    shape: matmul.Shape,
    library: str,
    others: Mapping[str, Callable[[], Turn]],
) -> None:
    """Take turns with a bare loop over the same library, in this process, where memory puts both alike."""
    ready(ctx)
    # The interpreter that checks run in finds nothing of this project.
    sys.path.append(str(ctx.root))
    from benchmarks.competitors.products import product_rates

    def ours() -> Rates:
        return _rates(timing(ctx, shape).samples, shape.flops / 1e9)

    def bare() -> Rates:
        return Rates(*product_rates(library, shape.rows, matmul.BUDGET_SECONDS))

    loop = {f"a bare loop over {LIBRARIES[library]}": partial(watched, ctx, bare)}
    take_turns(ctx, partial(watched, ctx, ours), {**others, **loop})


@check(level="certify", needs=["torch", "transformers"], devices=["cpu"], timeout_seconds=900)
def steps_of_16_in_turns(ctx: Context) -> None:
    """A model is trained by our check, by a bare loop, and as written by hand, on the second batch that is tried.

    Nothing to be done.
    """
    _steps(ctx, 16)


@check(level="certify", needs=["torch", "transformers"], devices=["cpu"], timeout_seconds=900)
def steps_of_32_in_turns(ctx: Context) -> None:
    """The same on the third, which has the highest rate where two processors train.

    Nothing to be done.
    """
    _steps(ctx, 32)


def _steps(ctx: Context, batch: int) -> None:
    ready(ctx)
    blocks, tokens = training_throughput.MODEL["cpu"], training_throughput.TOKENS["cpu"]
    vocabulary, used = training_throughput.VOCABULARY, training_throughput.USED
    parameters = blocks.parameters + (vocabulary + tokens + 2) * blocks.width
    size = [blocks.layers, blocks.width, blocks.width // HEAD_WIDTH, tokens, vocabulary]
    words = [str(word) for word in (*size, used, batch, training_throughput.LEARNING_RATE, parameters)]
    models = {"a bare loop over transformers' model": "transformers", "the model by hand in torch": "hand"}
    programs = {
        whose: ("training", model, str(training_throughput.BUDGET_SECONDS), *words) for whose, model in models.items()
    }

    def ours() -> Rates:
        return _rates(training_throughput.step_timing(ctx, batch).samples, batch)

    with _all_started(ctx, programs) as others:
        take_turns(ctx, partial(watched, ctx, ours), others)


def take_turns(ctx: Context, ours: Callable[[], Turn], others: Mapping[str, Callable[[], Turn]]) -> None:
    """Everyone once a turn; every second time in reverse, so that drift favours none.

    All are watched alike: one that was disturbed would flatter the others. Spread is no disturbance: it is in the
    interval of the ratios.
    """
    everyone = [(OURS, ours), *others.items()]
    for turn in range(TURNS):
        for whose, contender in everyone[:: -1 if turn % 2 else 1]:
            rates, doubt = contender()
            told: dict[str, Note] = {"turn": turn, "whose": whose}
            ctx.require(rates.best >= rates.median > 0, f"{whose}: {rates.best} at best, {rates.median} in the middle")
            for name, rate in (("best_rate", rates.best), ("median_rate", rates.median)):
                ctx.measure(name, rate, unit="1", direction="higher", conditions=told, inconclusive=doubt)


def watched(ctx: Context, contender: Contender) -> Turn:
    """A turn of what runs in this process."""
    disturbed = disturbance.watch(ctx.device)
    return contender(), disturbed()


def at_the_fastest(contender: Callable[[int], Turn], sizes: Sequence[int]) -> Callable[[], Turn]:
    """Turns of what can be done in several sizes: the first in each of them, all others in the one that was fastest.

    Turns have to be short, for neighbours change within seconds; which is also why one look at each does not tell which
    is fastest.
    """
    looks = list(sizes) * LOOKS

    def turn() -> Turn:
        found = [(contender(size), size) for size in looks]
        fastest, size = max(found, key=lambda one: one[0][0].best)
        looks[:] = [size]
        return fastest

    return turn


@contextmanager
def started(words: Sequence[str], environment: Mapping[str, str]) -> Iterator[Callable[..., Turn]]:
    """A program that takes a turn for each line that it reads, and does nothing between them."""
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as program:
        yield partial(asked, program)


def asked(program: "subprocess.Popen[str]", size: int | None = None) -> Turn:
    """What it prints after the word rate: its best, its median, and what it saw disturb them.

    Args:
        program: That waits for its turn.
        size: What it shall do, where it can do several.

    Raises:
        RuntimeError: It has ended instead.
    """
    # What has ended already says so by printing nothing.
    with suppress(BrokenPipeError):
        print("" if size is None else size, file=program.stdin, flush=True)
    for line in program.stdout or ():
        if line.startswith("rate "):
            _, best, median, *doubt = line.split(maxsplit=3)
            return Rates(float(best), float(median)), "".join(doubt).strip() or None
    raise RuntimeError(f"{program.args!r} ended with {program.wait()} before its turn was over")


def compiled(source: Path, library: Path) -> ctypes.CDLL:
    """Functions in C, as fast as the compiler makes them for this machine."""
    flags = ["-O3", "-march=native", "-fopenmp", "-shared", "-fPIC"]
    subprocess.run(["gcc", *flags, "-o", str(library), str(source)], check=True)
    return ctypes.CDLL(str(library))


def in_c(library: ctypes.CDLL, name: str, arrays: "Sequence[torch.Tensor]") -> Rates:
    """The rates of STREAM's copy or triad, in GB/s, by its own clock: the first array is written, the others are read.

    Where memory happened to put arrays makes a difference of up to a half, so both must have the same.
    """
    seconds, elements = (ctypes.c_double * PASSES)(), len(arrays[0])
    places = [ctypes.c_void_p(array.data_ptr()) for array in (*arrays, arrays[-1])[:3]]
    getattr(library, name)(*places, ctypes.c_long(elements), ctypes.c_int(PASSES), seconds)
    return _rates(list(seconds), len(arrays) * elements * bandwidth.BYTES_PER_ELEMENT / 1e9)


def _stream(ctx: Context, name: str, arrays: "Sequence[torch.Tensor]", work: Callable[[], object]) -> None:
    import torch

    library, target = compiled(HERE / "stream.c", ctx.scratch / "stream.so"), arrays[0]
    moved = len(arrays) * ELEMENTS * bandwidth.BYTES_PER_ELEMENT / 1e9

    def ours() -> Rates:
        return _rates(timed(ctx, work, bandwidth.BUDGET_SECONDS).samples, moved)

    def theirs() -> Rates:
        work()
        wanted = target[::97].clone()
        target.zero_()
        rates = in_c(library, name, arrays)
        ctx.require(torch.allclose(target[::97], wanted), f"{name} in C computes something else")
        return rates

    others = {"C, gcc -O3 -march=native": partial(watched, ctx, theirs)}
    take_turns(ctx, partial(watched, ctx, ours), others)


def _rates(seconds: Sequence[float], amount: float) -> Rates:
    return Rates(amount / min(seconds), amount / statistics.median(seconds))


@contextmanager
def _all_started(ctx: Context, programs: Mapping[str, Sequence[str]]) -> Iterator[dict[str, Callable[..., Turn]]]:
    """Competitors by whose they are, in the interpreter that our own check runs in, which find this project."""
    environment = {**os.environ, "PYTHONPATH": str(ctx.root), "TRANSFORMERS_VERBOSITY": "error"}
    with ExitStack() as stack:
        yield {
            whose: stack.enter_context(
                started([sys.executable, "-P", "-m", f"benchmarks.competitors.{name}", *words], environment)
            )
            for whose, (name, *words) in programs.items()
        }
