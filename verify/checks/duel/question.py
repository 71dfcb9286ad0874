"""One process of a duel: it makes its workloads ready, then does blocks of them whenever the referee says so.

Processes of both sets of packages are alive at once and work in turns of some tens of milliseconds, so that what
drifts on a machine over seconds meets all of them alike.
"""

import gc
import json
import socket
import time
from collections.abc import Iterator, Mapping
from typing import Any

from verify.checks.duel.workloads import MAKERS, Work
from verify.checks.measures.memory_meter import Meter, meter_of
from verify.probe.check import check
from verify.probe.context import Context
from verify.probe.memory import device_peak_memory_bytes, peak_memory_bytes

WARM_UP = 3


@check(devices=["cpu", "cuda", "mps", "mlx"], timeout_seconds=900)
def the_blocks_are_done_in_turns(ctx: Context) -> None:
    """The blocks that the referee asked for were done.

    Where a workload cannot be made ready, the functional checks of what it uses say why.
    """
    works = {name: MAKERS[ctx.device][name](ctx) for name in ctx.settings["workloads"]}
    for work in works.values():
        for _ in range(WARM_UP):
            work()
    gc.collect()
    # What the frameworks hold for good need not be looked through again and again while something is timed.
    gc.freeze()
    done = _served(ctx, works) if ctx.settings["referee"] else len([_block(work, 1) for work in works.values()])
    ctx.measure("blocks", done, unit="1", direction="equal", at_least=1)
    peak = device_peak_memory_bytes(ctx.device) or peak_memory_bytes()
    ctx.measure("peak_memory", peak, unit="B")


def _served(ctx: Context, works: Mapping[str, Work]) -> int:
    """Do what the referee asks for, until it hangs up; how many orders there were."""
    meter, done = meter_of(ctx.device), 0
    with socket.socket(socket.AF_UNIX) as referee:
        referee.connect(ctx.settings["referee"])
        referee.sendall(_line({"arm": ctx.settings["arm"]}))
        for order in _orders(referee):
            told = _block(works[order["workload"]], order["units"]) if "workload" in order else _at_rest(meter)
            referee.sendall(_line(told))
            done += 1
    return done


def _block(work: Work, units: int) -> Mapping[str, float]:
    """Do so many units, and tell the wall time."""
    start = time.perf_counter()
    for _ in range(units):
        work()
    return {"seconds": time.perf_counter() - start}


def _at_rest(meter: Meter) -> Mapping[str, float]:
    """The memory in use once all that can be given back is."""
    meter.release()
    return {"used_bytes": meter.used()}


def _orders(referee: socket.socket) -> Iterator[dict[str, Any]]:
    """Every order until the referee closes the connection."""
    with referee.makefile("rb") as lines:
        for line in lines:
            yield json.loads(line)


def _line(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"
