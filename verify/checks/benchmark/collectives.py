"""How many bytes a second do processes sum over each other?"""

from typing import Any

from verify.checks.measures.pace import doubt_about
from verify.checks.ranks import all_reduce as rank
from verify.checks.ranks.distributed import RANKS
from verify.checks.ranks.launcher import answers_of, require_two_devices, torchrun
from verify.probe import disturbance
from verify.probe.check import check
from verify.probe.context import Context, Note

# Bytes, fourfold each: from what latency decides to where the rate no longer rises, on loopback and on NVLink.
SIZES = {"cpu": (2**16, 2**18, 2**20, 2**22, 2**24, 2**26), "cuda": (2**20, 2**22, 2**24, 2**26, 2**28, 2**30)}
REPEATS = 12
# A size is past saturation when the next adds no more than this.
SATURATED = 1.10


@check(level="certify", needs=["torch"], devices=["cpu", "cuda"], timeout_seconds=240, optional=True)
def sums_over_processes_are_fast_and_right(ctx: Context) -> None:
    """Summing an array over two processes runs at the bus rates recorded here, and gives the sums.

    A wrong element means that gradients would be combined wrongly. Rates far below the link's point at the wrong
    interface, at GPUs without a direct path to each other, or at a busy machine.
    """
    require_two_devices(ctx)
    watched = disturbance.watch(ctx.device)
    answers, disturbed = _answers(ctx), watched()
    best: list[float] = []
    for counted in SIZES[ctx.device]:
        size = str(counted // rank.BYTES_PER_ELEMENT)
        wrong = sum(answer["wrong"][size] for answer in answers)
        conditions = _conditions(counted)
        ctx.measure("wrong_elements", wrong, unit="1", equals=0, conditions=conditions)
        # The sum is there when the last rank has it.
        slowest = [max(times) for times in zip(*(answer["seconds"][size] for answer in answers), strict=True)]
        doubt = disturbed or doubt_about(slowest)
        rates = [bus_rate(counted, seconds, RANKS) / 1e9 for seconds in slowest]
        best.append(
            ctx.measure("bus_rate", rates, unit="GB/s", direction="higher", conditions=conditions, inconclusive=doubt)
        )
        ctx.measure("seconds", slowest, unit="s", conditions=conditions, inconclusive=doubt)
    ctx.note(saturated=len(best) > 1 and best[-1] <= SATURATED * max(best[:-1]))


def _answers(ctx: Context) -> list[dict[str, Any]]:
    sizes = ",".join(str(counted // rank.BYTES_PER_ELEMENT) for counted in SIZES[ctx.device])
    return answers_of(ctx, torchrun(), rank, f"{sizes}x{REPEATS}")


def bus_rate(counted: int, seconds: float, ranks: int) -> float:
    """Bytes a second over the busiest link, as nccl-tests counts them: comparable over numbers of ranks.

    https://github.com/NVIDIA/nccl-tests/blob/master/doc/PERFORMANCE.md
    """
    return 2 * (ranks - 1) / ranks * counted / seconds


def _conditions(counted: int) -> dict[str, Note]:
    return {
        "bytes_counted": counted,
        "dtype": "float32",
        "ranks": RANKS,
        "threads": 1,
        # Not the rate of a device's memory, which its datasheet tells of.
        "level": "network",
        "formula": "2 * (ranks - 1) / ranks * bytes / seconds",
    }
