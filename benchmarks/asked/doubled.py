"""Pretraining's comparisons over twice as many steps as a certificate takes."""

from verify.checks.benchmark.pretraining import ALONE, COMPILED, TOGETHER, TURNS, compare, compare_compiled
from verify.probe.check import check
from verify.probe.context import Context

TWICE = 2 * TURNS


@check(level="certify", needs=["torch"], devices=["cpu"], timeout_seconds=600)
def each_optimisation_is_timed_for_twice_as_long(ctx: Context) -> None:
    """Each optimisation of pretraining BERT, alone, is raced against the baseline for twice as many turns.

    Read the reason as that of the check of the suite, pretraining.each_optimisation_is_at_work_and_keeps_the_loss.
    """
    compare(ctx, ALONE, TWICE)


@check(level="certify", needs=["torch"], devices=["cpu"], timeout_seconds=600, optional=True)
def compilation_is_timed_for_twice_as_long(ctx: Context) -> None:
    """Pretraining BERT compiled is raced against the baseline for twice as many turns.

    Read the reason as that of the check of the suite, pretraining.compilation_is_at_work_and_keeps_the_loss.
    """
    compare_compiled(ctx, COMPILED, TWICE)


@check(level="certify", needs=["torch"], devices=["cpu"], timeout_seconds=600, optional=True)
def all_optimisations_are_timed_for_twice_as_long(ctx: Context) -> None:
    """All optimisations of pretraining BERT at once are raced against the baseline for twice as many turns.

    Read the reason as that of the check of the suite, pretraining.all_optimisations_work_together.
    """
    compare_compiled(ctx, TOGETHER, TWICE)
