"""A suite that takes no time: what is looked at is how its reports are kept."""

import time

from verify.probe.check import check
from verify.probe.context import Context


@check(level="quick")
def adds(ctx: Context) -> None:
    """One and one are two.

    Nothing to be done.
    """
    ctx.require(1 + 1 == 2, "arithmetic is broken")


@check(level="quick")
def takes_a_moment(ctx: Context) -> None:
    """A moment passes.

    Nothing to be done.
    """
    start = time.perf_counter()
    time.sleep(0.2)
    ctx.require(time.perf_counter() > start, "time stands still")


@check(level="quick")
def measures(ctx: Context) -> None:
    """A figure is measured.

    Nothing to be done.
    """
    ctx.measure("moment", [0.1, 0.2, 0.3], unit="s")
    ctx.require(True, "unreached")
