"""Whether what pretraining's checks say of each optimisation stands when they take twice as many steps."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.asking import Asker, Measurement, asker, measured, tell
from verify.probe.check import Check
from verify.probe.discover import checks_of, find_checks
from verify.run.answer import Answer

DOUBLED = Path(__file__).resolve().parent / "asked" / "doubled.py"
HEAD = "| optimisation | speed-up | break-even | verdict | speed-up, doubled | break-even | verdict | together |"
# An interval wholly as near to one leaves nothing to choose by.
SAME = 0.05
# What stands for an end that is not known.
ENDS = {"_low": -math.inf, "_high": math.inf}
Figures = Mapping[tuple[str, Any], Measurement]


@dataclass(frozen=True, slots=True)
class Range:
    """A figure and the ends of its 95% interval."""

    value: float
    low: float
    high: float

    def meets(self, other: "Range") -> bool:
        """Whether both can be true."""
        return self.low <= other.high and other.low <= self.high


@dataclass(frozen=True, slots=True)
class Worth:
    """What one run says of an optimisation.

    Attributes:
        speed: How many times as fast its steps are.
        break_even: At which step it has caught up, or None.
        words: What is said where there is no such step.
        doubt: Why it is not to be believed, or None.
    """

    speed: Range
    break_even: Range | None
    words: str
    doubt: str | None

    @property
    def verdict(self) -> str:
        """What follows for whoever has to choose."""
        if self.doubt:
            return "not believed"
        if self.speed.low > 1:
            return "faster"
        if self.speed.high < 1:
            return "slower"
        near = self.speed.low >= 1 / (1 + SAME) and self.speed.high <= 1 + SAME
        return "same" if near else "undecided"


MISSING = Worth(Range(math.nan, math.nan, math.nan), None, "", "it was not run")


def rows(root: Path) -> Iterator[str]:
    """A line for each optimisation, then what was not believed, and how many stand."""
    host = asker(root)
    yield HEAD
    yield "|---|---|---|---|---|---|---|---|"
    once = _worths(host, [check for check in find_checks() if check.id.startswith("pretraining.")], "as certified")
    twice = _worths(host, list(checks_of(DOUBLED, "benchmark")), "doubled")
    both = [(name, once.get(name, MISSING), twice.get(name, MISSING)) for name in {**once, **twice}]
    for name, one, other in both:
        yield f"| {name} | {cells(one)} | {cells(other)} | {together(one, other)} |"
    told = [together(one, other) for _, one, other in both]
    yield ""
    yield f"{told.count('agree')} of {len(told)} agree, {sum(one.startswith('contradict') for one in told)} contradict."
    for name, *runs in both:
        for run, worth in zip(("as certified", "doubled"), runs, strict=True):
            if worth.doubt:
                yield f"- {name}, {run}: not believed, {worth.doubt}"


def cells(worth: Worth) -> str:
    """Speed-up, break-even and verdict."""
    speed = worth.speed
    shown = f"{speed.value:.2f} [{speed.low:.2f}, {speed.high:.2f}]"
    found = worth.break_even
    step = f"{found.value:.0f} [{found.low:.0f}, {found.high:.0f}]" if found else worth.words
    return f"{shown} | {step} | {worth.verdict}"


def together(one: Worth, other: Worth) -> str:
    """Whether two runs say the same.

    One that is undecided contradicts nothing, as long as both can be true.
    """
    if one.doubt or other.doubt:
        return "not told"
    if not one.speed.meets(other.speed) and one.verdict != other.verdict:
        return "contradict"
    if one.break_even and other.break_even and not one.break_even.meets(other.break_even):
        return "contradict: break-even"
    return "agree" if one.verdict == other.verdict else "no contradiction"


def _worths(host: Asker, checks: list[Check], run: str) -> dict[str, Worth]:
    found: dict[str, Worth] = {}
    for answer in host.answers(checks):
        tell(f"{run}: {answer.job.check.id.rpartition('.')[2]} {answer.outcome} in {answer.wall_seconds:.0f} s")
        if answer.outcome != "passed":
            tell(f"  {answer.reason}\n{answer.log or ''}")
        found.update(worths_in(answer))
    return found


def worths_in(answer: Answer) -> dict[str, Worth]:
    """What a check says of each of its optimisations; nothing to believe where it did not pass."""
    failed = None if answer.outcome == "passed" else f"the check {answer.outcome}: {answer.reason}"
    figures = {(one["name"], one["conditions"].get("arm")): one for one in measured(answer)}
    notes: Mapping[str, Any] = answer.measured.get("notes", {})
    found = {arm: _worth(figures, notes, arm) for name, arm in figures if name == "times_as_fast"}
    return {arm: replace(worth, doubt=failed or worth.doubt) for arm, worth in found.items()}


def _worth(figures: Figures, notes: Mapping[str, Any], arm: str) -> Worth:
    speed, doubt = _range(figures, "times_as_fast", arm)
    step = f"break_even_step_{arm}"
    if (step, arm) not in figures:
        return Worth(speed, None, str(notes.get(f"break_even_{arm}", "")).partition(";")[0], doubt)
    found, doubt_about_it = _range(figures, step, arm)
    return Worth(speed, found, "", doubt) if doubt_about_it is None else Worth(speed, None, "not believed", doubt)


def _range(figures: Figures, name: str, arm: str) -> tuple[Range, str | None]:
    """A figure with its ends, and why it is not to be believed."""
    low, high = (figures.get((name + end, arm), {"value": without})["value"] for end, without in ENDS.items())
    middle = figures[name, arm]
    return Range(middle["value"], low, high), middle["inconclusive"]
