"""How many floating-point operations a second in matrix products, for each number format?"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from verify.checks import mlx_device
from verify.checks.measures import evaluated
from verify.checks.measures.precision import worst_error
from verify.checks.measures.timed import less_takes_no_longer, record_best, record_rate, timed
from verify.checks.torch_device import ready, require_on
from verify.probe import contention
from verify.probe.check import check
from verify.probe.context import Context, Note
from verify.probe.timing import Timing

if TYPE_CHECKING:
    import torch

SIZES = {"cpu": (512, 1024, 2048, 4096), "cuda": (512, 1024, 2048, 4096, 8192), "mps": (512, 1024, 2048, 4096, 8192)}
# Of language models: tokens x hidden x 4 hidden, and tokens x hidden x vocabulary.
LLM_SHAPES = {
    "cpu": ((512, 768, 3072), (512, 768, 50_257)),
    "cuda": ((4096, 4096, 16_384), (4096, 4096, 50_257)),
    "mps": ((2048, 2048, 8192), (2048, 2048, 50_257)),
}
# float16 on a CPU is computed in float32 and converted: nobody trains in it there.
FORMATS = {
    "cpu": ("float32", "bfloat16"),
    "cuda": ("float32", "bfloat16", "float16"),
    "mps": ("float32", "bfloat16", "float16"),
}
# By the kind of device that MLX computes on: its CPU is there to be right, and does a few operations a nanosecond.
MLX_SIZES = {"cpu": (64, 128, 256), "gpu": SIZES["mps"]}
MLX_LLM_SHAPES = {"cpu": ((64, 192, 768),), "gpu": LLM_SHAPES["mps"]}
MLX_FORMATS = ("float32", "float16", "bfloat16")
MLX_BUDGET_SECONDS = {"cpu": 0.5, "gpu": 1.5}
BUDGET_SECONDS = 2.0
# The best is told as well, and that of eight samples is some percent below that of a whole budget's.
SPENT = 0.0
PROOF_SECONDS = 1.0
# A CPU without instructions for a format takes 100 times as long: shapes that would take longer a call are left out.
# A quarter of the budget leaves a shape enough samples for an interval.
LONGEST_CALL_SECONDS = 0.5
# No shape is more than eight times the work of the one before it.
SHORT_CALL_SECONDS = 0.06
# The rows that are compared with float64; any tile of the result that is wrong shows in some row.
ROWS = 16
# So many at a time.
COLUMNS = 1024
# See tensors.matmul_agrees_with_float64: half an eps of rounding, and the float32 sum of at most 8192 products.
ERROR_EPS = {"float32": 8192**0.5, "float16": 2.0, "bfloat16": 2.0}
# Twice the work takes twice the time; a clock that stops before the device does shows here.
DOUBLED_AT_LEAST = 1.7
PROOF_SIZE = {"cpu": 1024, "cuda": 4096, "mps": 4096}


@dataclass(frozen=True, slots=True)
class Shape:
    """A product of a matrix of rows x inner with one of inner x columns; by a library, where one is told."""

    rows: int
    inner: int
    columns: int
    library: str = ""

    @property
    def square(self) -> bool:
        """Whether one number says it all."""
        return self.rows == self.inner == self.columns

    @property
    def flops(self) -> int:
        """A multiplication and an addition for each row, column and place between."""
        return 2 * self.rows * self.inner * self.columns

    def conditions(self, fmt: str, element_bytes: int) -> dict[str, Note]:
        """What is computed: each matrix is read or written once at least."""
        elements = self.rows * self.inner + self.inner * self.columns + self.rows * self.columns
        moved = elements * element_bytes
        size: dict[str, Note] = (
            {"n": self.rows} if self.square else {"shape": f"{self.rows}x{self.inner}x{self.columns}"}
        )
        costs: dict[str, Note] = {"flops": self.flops, "bytes": moved, "working_set_bytes": moved, "launches": 1}
        return {**size, "dtype": fmt, **self.told, **costs}

    @property
    def told(self) -> dict[str, Note]:
        """The library, where it has to be told."""
        return {"library": self.library} if self.library else {}


# What torch is built with beside the library behind `torch.mm`, for the layout that `Tensor.to_mkldnn` makes. Its
# results are allocated anew: larger ones would be timed with the pages that each call asks for.
ONEDNN_SHAPES = tuple(Shape(n, n, n, "oneDNN") for n in (512, 1024, 2048))


@check(level="certify", needs=["torch"], devices=["cpu", "cuda", "mps"], timeout_seconds=300)
def matrix_products_are_fast_and_right(ctx: Context) -> None:
    """Matrix products run at the rates recorded here, those timed are right, and a smaller one takes no longer.

    A wrong result makes its rate worthless. A size far slower than its neighbours points at another BLAS, at
    fewer threads than cores, or at a machine that is busy or hot.
    """
    import torch

    ready(ctx)
    for fmt in FORMATS[ctx.device]:
        shapes = _shapes(SIZES[ctx.device], LLM_SHAPES[ctx.device])
        seen = list(_timings(ctx, fmt, shapes, product_timing))
        if fmt == "float32" and ctx.device == "cpu" and torch.backends.mkldnn.is_available():
            seen += [(shape, onednn_timing(ctx, shape)) for shape in ONEDNN_SHAPES]
        _record(ctx, fmt, getattr(torch, fmt).itemsize, seen)


@check(level="certify", needs=["mlx", "numpy"], devices=["mlx"], timeout_seconds=300)
def mlx_matrix_products_are_fast_and_right(ctx: Context) -> None:
    """MLX's matrix products run at the rates recorded here, those timed are right, and a smaller one takes no longer.

    A wrong result makes its rate worthless. A size far slower than its neighbours points at a machine that is busy or
    hot; a format far slower than float32, at one that the device converts.
    """
    import mlx.core as mx

    kind = mlx_device.ready(ctx)
    for fmt in MLX_FORMATS:
        shapes = _shapes(MLX_SIZES[kind], MLX_LLM_SHAPES[kind])
        measured = partial(_measured_by_mlx, budget_seconds=MLX_BUDGET_SECONDS[kind])
        _record(ctx, fmt, getattr(mx, fmt).size, list(_timings(ctx, fmt, shapes, measured)))


@check(level="certify", needs=["torch"], devices=["cpu", "cuda", "mps"], timeout_seconds=120)
def twice_the_work_takes_twice_the_time(ctx: Context) -> None:
    """Two matrix products one after the other take at least 1.7 times as long as one.

    The clock is read before the device has finished: no rate measured here can be believed.
    """
    import torch

    ready(ctx)
    n = PROOF_SIZE[ctx.device]
    operands = _operands(ctx, Shape(n, n, n), "float32")
    work = partial(torch.mm, *operands[:2], out=operands[2])
    before = contention.now()
    pairs = [(timed(ctx, work, PROOF_SECONDS), timed(ctx, lambda: (work(), work()), PROOF_SECONDS)) for _ in range(3)]
    disturbed = contention.since(before).reason
    _verify(ctx, Shape(n, n, n), "float32", operands)
    hold_ratio(ctx, pairs, n, disturbed)


def hold_ratio(ctx: Context, pairs: Sequence[tuple[Timing, Timing]], n: int, disturbed: str | None) -> None:
    """Hold twice the work against once, unless others disturbed it.

    The system counts what others do: a clock that lies cannot excuse itself by them, as it could by its samples.
    """
    # The fastest of many, taken in turns, is what a busy machine disturbs least.
    one, two = (min(itertools.chain(*(timing.samples for timing in side))) for side in zip(*pairs, strict=True))
    doubts = [timing.inconclusive for timing in itertools.chain(*pairs) if timing.inconclusive]
    ctx.measure(
        "time_ratio",
        two / one,
        unit="1",
        direction="higher",
        at_least=None if disturbed else DOUBLED_AT_LEAST,
        conditions={"n": n, "dtype": "float32", "threads": ctx.threads},
        inconclusive=disturbed or next(iter(doubts), None),
    )


def _record(ctx: Context, fmt: str, element_bytes: int, seen: Sequence[tuple[Shape, Timing]]) -> None:
    """The rates of a format's products, the best of them, and that a smaller square takes no longer."""
    for shape, timing in seen:
        conditions = shape.conditions(fmt, element_bytes)
        record_rate(ctx, "gflops", shape.flops / 1e9, timing, unit="GFLOPS", conditions=conditions)
        startup = {**conditions, "threads": ctx.threads}
        doubt = timing.inconclusive
        ctx.measure("startup_seconds", timing.startup_seconds, unit="s", conditions=startup, inconclusive=doubt)
    rates = [(shape.flops / min(timing.samples) / 1e9, shape, timing) for shape, timing in seen]
    best, shape, timing = max(rates, key=lambda one: one[0])
    conditions = shape.conditions(fmt, element_bytes)
    record_best(ctx, "best_seen_gflops", best, timing, unit="GFLOPS", conditions=conditions)
    squares = [(shape.rows, timing) for shape, timing in seen if shape.square and not shape.library]
    for (less, one), (more, other) in itertools.pairwise(squares):
        less_takes_no_longer(ctx, one, other, {"n": more, "than_n": less, "dtype": fmt})


def _shapes(squares: Sequence[int], others: Sequence[tuple[int, int, int]]) -> list[Shape]:
    return [*(Shape(n, n, n) for n in squares), *(Shape(*sizes) for sizes in others)]


def _timings(
    ctx: Context, fmt: str, shapes: Sequence[Shape], measured: Callable[[Context, Shape, str], Timing]
) -> Iterator[tuple[Shape, Timing]]:
    """The shapes that are worth their time, least work first, each verified before it is believed."""
    seconds, flops = 0.0, 1
    for shape in sorted(shapes, key=lambda shape: shape.flops):
        # What was slow for its size, such as a launch that waits, does not say that more of it is.
        if seconds > SHORT_CALL_SECONDS and seconds * shape.flops / flops > LONGEST_CALL_SECONDS:
            ctx.note(**{f"largest_{fmt}": "larger ones were left out: a call would take too long"})
            return
        timing = measured(ctx, shape, fmt)
        seconds, flops = min(timing.samples), shape.flops
        yield shape, timing


def product_timing(ctx: Context, shape: Shape, fmt: str) -> Timing:
    """The product of random matrices in a format, of which rows are held against float64."""
    import torch

    operands = _operands(ctx, shape, fmt)
    timing = timed(ctx, partial(torch.mm, *operands[:2], out=operands[2]), BUDGET_SECONDS, target=SPENT)
    _verify(ctx, shape, fmt, operands)
    return timing


def onednn_timing(ctx: Context, shape: Shape) -> Timing:
    """The product of random float32 matrices by oneDNN, of which rows are held against float64."""
    from torch.nn.functional import linear

    left, right, _ = _operands(ctx, shape, "float32")
    one, other = left.to_mkldnn(), right.T.contiguous().to_mkldnn()
    timing = timed(ctx, lambda: linear(one, other), BUDGET_SECONDS, target=SPENT)
    _verify(ctx, shape, "float32", [left, right, linear(one, other).to_dense()])
    return timing


def _measured_by_mlx(ctx: Context, shape: Shape, fmt: str, *, budget_seconds: float) -> Timing:
    """As `product_timing`, by MLX."""
    import mlx.core as mx
    import numpy as np

    sizes = ((shape.rows, shape.inner), (shape.inner, shape.columns))
    left, right = (mx.random.normal(size).astype(getattr(mx, fmt)) for size in sizes)
    timing, result = evaluated.evaluated(ctx, lambda: mx.matmul(left, right), (left, right), budget_seconds)
    rows = slice(None, None, max(1, shape.rows // ROWS))
    some, other = evaluated.exact(left[rows]), evaluated.exact(right)
    error = evaluated.worst_error(result[rows], some @ other, np.abs(some) @ np.abs(other), fmt)
    ctx.measure("error_in_eps", error, unit="1", at_most=ERROR_EPS[fmt], conditions=_verified(shape, fmt))
    return timing


def _verified(shape: Shape, fmt: str) -> dict[str, Note]:
    return {"shape": f"{shape.rows}x{shape.inner}x{shape.columns}", "dtype": fmt, **shape.told}


def _operands(ctx: Context, shape: Shape, fmt: str) -> "list[torch.Tensor]":
    """Two random matrices, as zeros would run faster than any real ones, and memory for their product.

    That memory is there before anything is timed, so that no page fault is, and holds nothing that could pass for
    a product.
    """
    import torch

    random = torch.Generator().manual_seed(ctx.seed)
    sizes = ((shape.rows, shape.inner), (shape.inner, shape.columns))
    operands = [torch.randn(size, generator=random).to(getattr(torch, fmt)).to(ctx.device) for size in sizes]
    return [*operands, operands[0].new_full((shape.rows, shape.columns), torch.nan)]


def _verify(ctx: Context, shape: Shape, fmt: str, operands: "list[torch.Tensor]") -> None:
    """Hold rows of the memory that was timed against float64."""
    left, right, result = operands
    require_on(ctx, result)
    rows = slice(None, None, max(1, shape.rows // ROWS))
    some = left[rows].cpu().double()
    # Float64 of a whole matrix takes its pages longer than all the rest.
    parts = zip(right.split(COLUMNS, 1), result[rows].split(COLUMNS, 1), strict=True)
    errors = [_error(some, columns.cpu().double(), part, fmt) for columns, part in parts]
    ctx.measure("error_in_eps", max(errors), unit="1", at_most=ERROR_EPS[fmt], conditions=_verified(shape, fmt))


def _error(some: "torch.Tensor", columns: "torch.Tensor", result: "torch.Tensor", fmt: str) -> float:
    return worst_error(result, some @ columns, some.abs() @ columns.abs(), fmt)
