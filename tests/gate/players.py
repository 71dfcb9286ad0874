"""What a process of a duel says, without any framework: its workloads only wait, and one of them may wait longer."""

import json
import socket
import time
from typing import Any

from verify.probe.check import check
from verify.probe.context import Context


@check(devices=["cpu"], timeout_seconds=60)
def the_blocks_are_done(ctx: Context) -> None:
    """The blocks that the referee asked for were done.

    This is a fake: nothing can be done about it.
    """
    ctx.require(ctx.settings.get("breaks") != "before", "it broke before it was ready")
    done = 0
    with socket.socket(socket.AF_UNIX) as referee:
        referee.connect(ctx.settings["referee"])
        referee.sendall(json.dumps({"arm": ctx.settings["arm"]}).encode() + b"\n")
        for line in referee.makefile("rb"):
            ctx.require(ctx.settings.get("breaks") != "while", "it broke while it was timed")
            referee.sendall(json.dumps(_told(json.loads(line), ctx)).encode() + b"\n")
            done += 1
    ctx.measure("blocks", done, unit="1", at_least=1)
    ctx.measure("peak_memory", 1_000_000 + done, unit="B")


def _told(order: dict[str, Any], ctx: Context) -> dict[str, float]:
    if "workload" not in order:
        return {"used_bytes": 1000.0}
    start = time.perf_counter()
    time.sleep(0.001 * order["units"])
    return {"seconds": time.perf_counter() - start}
