"""Does memory come back, and is running out of it an error that one can live with?"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from verify.checks.measures.memory_meter import Meter, meter_of
from verify.checks.torch_device import ready, require_on
from verify.probe.check import check
from verify.probe.context import Context

if TYPE_CHECKING:
    import numpy as np

WIDTH = 64
LAYERS = 3
STEPS = 6
ROUNDS = 3
# The first steps make the gradients, the optimiser's state and the allocator's buckets.
SETTLED = 2
# A tensor of so many rows is what a step might leave behind: 8 MiB of float32. MLX's own allocator tells every
# byte, and its CPU backend is slow: 2 MiB do.
ROWS = {"cpu": 32_768, "cuda": 32_768, "mps": 32_768, "mlx": 8_192}
FEW_ROWS = 64
# Half of the smallest thing that can leak; what the C library or a framework keeps for itself is a few pages a step.
LEAK = 0.5
# A cache that was emptied keeps segments in which something small still lives; one that was not keeps everything.
KEPT = 0.5

# A pebibyte is eight times what a process can address with 47 bits: no system promises it, and no killer wakes.
PAST_THE_LIMIT = 2**50
ATTEMPTS = 3
# How the frameworks say it; who reads none of these looks for another fault.
WORDS = ("out of memory", "can't allocate memory", "invalid buffer size", "unable to allocate", "maximum allowed")
# What raising and printing an error may cost; a failed attempt that kept anything kept more.
LOST = 8 * 2**20
# Products and sums of small whole numbers are exact in float32, in any order.
SIDE = 64


@check(needs=["numpy"], devices=["cpu", "cuda", "mps", "mlx"])
def memory_is_released(ctx: Context) -> None:
    """Training keeps no more memory from step to step, and gives it back when its model is gone.

    Growth from step to step means that each step's graph or a copy is kept; memory that does not return after
    the cache was emptied is lost to whatever runs next in the process.
    """
    train = _mlx_training if ctx.device == "mlx" else _torch_training
    meter, rows = _meter(ctx), ROWS[ctx.device]
    unit = rows * WIDTH * 4
    # What a first step loads and sets up, such as an optimiser's imports and a library's workspace, stays for good.
    for _ in train(ctx, FEW_ROWS):
        meter.release()
    start, peak, growth, left = meter.reserved(), 0, list[float](), list[int]()
    for _ in range(ROUNDS):
        used = [_used_now(meter) for _ in train(ctx, rows)]
        peak = max(peak, meter.reserved())
        growth.append((used[-1] - used[SETTLED]) / (STEPS - 1 - SETTLED))
        meter.release()
        left.append(meter.used())
    conditions = {"rows": rows, "width": WIDTH, "layers": LAYERS, "steps": STEPS}
    ctx.measure("growth_per_step", growth[1:], unit="B", at_most=LEAK * unit, conditions=conditions)
    more = "(last - first) / rounds"
    ctx.derive("left_per_round", more, unit="B", at_most=LEAK * unit, last=left[-1], first=left[0], rounds=ROUNDS - 1)
    # What is not seen while it is there cannot be seen to go.
    ctx.measure("taken_by_training", peak - start, unit="B", direction="higher", at_least=LAYERS * unit)
    kept = "(afterwards - start) / (peak - start)"
    ctx.derive("kept", kept, unit="1", at_most=KEPT, afterwards=meter.reserved(), start=start, peak=peak)


@check(needs=["numpy"], devices=["cpu", "cuda", "mps", "mlx"])
def an_allocation_past_the_limit_raises_and_the_process_goes_on(ctx: Context) -> None:
    """Asking for more memory than there can be is a clear error, after which the process works as before.

    A crash here is how a training run ends that only needed a smaller batch, without a word about memory.
    """
    import numpy as np

    allocate, multiply = (_mlx_past_the_limit, _mlx_product) if ctx.device == "mlx" else (_past_the_limit, _product)
    meter = _meter(ctx)
    random = np.random.default_rng(ctx.seed)
    left, right = (random.integers(-8, 8, (SIDE, SIDE)) for _ in range(2))
    before = int((multiply(ctx, left, right) != left @ right).sum())
    meter.release()
    held = meter.used()
    for _ in range(ATTEMPTS):
        said = _words_of(allocate, ctx)
        ctx.require(said is not None, f"an allocation of {PAST_THE_LIMIT:,} bytes seemed to succeed")
        ctx.require(any(words in str(said).lower() for words in WORDS), f"the error does not speak of memory: {said}")
    ctx.note(error=str(said).strip().splitlines()[0][:200])
    after = int((multiply(ctx, left, right) != left @ right).sum())
    ctx.measure("wrong_elements", before, unit="1", equals=0, conditions={"when": "before"})
    ctx.measure("wrong_elements", after, unit="1", equals=0, conditions={"when": "after"})
    meter.release()
    ctx.measure("memory_lost", meter.used() - held, unit="B", at_most=LOST, conditions={"attempts": ATTEMPTS})


def _meter(ctx: Context) -> Meter:
    if ctx.device != "mlx":
        ready(ctx)
    return meter_of(ctx.device)


def _used_now(meter: Meter) -> int:
    meter.synchronise()
    return meter.used()


def _torch_training(ctx: Context, rows: int) -> Iterator[None]:
    """A training run from nothing, which stops after each step to be measured."""
    import torch
    from torch import nn

    random = torch.Generator().manual_seed(ctx.seed)
    layers = [layer for _ in range(LAYERS) for layer in (nn.Linear(WIDTH, WIDTH), nn.Tanh())]
    net = nn.Sequential(nn.Embedding(rows, WIDTH), *layers).to(ctx.device)
    tokens = torch.randint(rows, (rows,), generator=random).to(ctx.device)
    optimizer = torch.optim.AdamW(net.parameters())
    for _ in range(STEPS):
        loss = net(tokens).square().mean()
        require_on(ctx, loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        del loss
        yield


def _mlx_training(ctx: Context, rows: int) -> Iterator[None]:
    import mlx.core as mx
    from mlx import nn
    from mlx.optimizers import AdamW

    mx.random.seed(ctx.seed)
    layers = [layer for _ in range(LAYERS) for layer in (nn.Linear(WIDTH, WIDTH), mx.tanh)]
    net, tokens = nn.Sequential(nn.Embedding(rows, WIDTH), *layers), mx.random.randint(0, rows, (rows,))
    optimizer = AdamW(learning_rate=1e-3)
    step = nn.value_and_grad(net, lambda net: net(tokens).square().mean())
    for _ in range(STEPS):
        loss, gradients = step(net)
        optimizer.update(net, gradients)
        mx.eval(loss, net.parameters(), optimizer.state)
        del loss, gradients
        yield


def _words_of(allocate: Callable[[Context], object], ctx: Context) -> str | None:
    """What the allocation raised, or nothing where it did not."""
    try:
        allocate(ctx)
    except (RuntimeError, MemoryError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def _past_the_limit(ctx: Context) -> object:
    import torch

    return torch.empty(PAST_THE_LIMIT, dtype=torch.uint8, device=ctx.device)


def _mlx_past_the_limit(_: Context) -> object:
    import mlx.core as mx

    array = mx.zeros((1 << 25, PAST_THE_LIMIT >> 25), dtype=mx.uint8)
    mx.eval(array)
    return array


def _product(ctx: Context, left: "np.ndarray[Any, Any]", right: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    import torch

    product = torch.from_numpy(left).float().to(ctx.device) @ torch.from_numpy(right).float().to(ctx.device)
    require_on(ctx, product)
    result: np.ndarray[Any, Any] = product.cpu().numpy()
    return result


def _mlx_product(_: Context, left: "np.ndarray[Any, Any]", right: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    import mlx.core as mx
    import numpy as np

    return np.array(mx.array(left, dtype=mx.float32) @ mx.array(right, dtype=mx.float32))
