"""The rules, as one tuple. A rule of judgement is a function in a file beside this one, and its name here."""

from collections.abc import Callable, Iterable

from verify.judge import figures, machine, outcomes, roofline
from verify.judge.policy import Policy
from verify.report import v3
from verify.report.v2 import Finding

Rule = Callable[[v3.Report, Policy], Iterable[Finding]]

RULES: tuple[Rule, ...] = (
    outcomes.counts,
    outcomes.plan,
    outcomes.outcomes,
    outcomes.inconclusive,
    figures.recompute,
    figures.physics,
    figures.chance,
    roofline.floors,
    machine.promised_devices,
    machine.requirements,
    machine.lock,
    machine.times,
    machine.hygiene,
)
