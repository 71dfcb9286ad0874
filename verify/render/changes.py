"""The steps in a history's figures, for a terminal, with what changed beside each."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from verify.render import words
from verify.render.difference import changes
from verify.report.course import Course, Shape, Step
from verify.report.difference import Change
from verify.report.series import Series

SHAPES: dict[Shape, str] = {
    "steps": "have a step",
    "drift": "drift: they changed, but a line fits as well as a step",
    "steady": "are steady",
    "too few": "have too few values: a step takes {fewest} on each side",
}
CHANCE = (
    "by chance at most {level:.0%} of histories in which nothing changed show a step,"
    " if their values are independent of each other"
)


@dataclass(frozen=True, slots=True)
class Beside:
    """What changed between the reports on both sides of a step."""

    facts: tuple[Change, ...]
    packages: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """A figure's history, what it did, and what changed beside each of its steps."""

    series: Series
    course: Course
    beside: tuple[Beside, ...]


def render(told: Sequence[Told], *, fewest: int, level: float) -> str:
    """The steps, and how many histories have none, and why.

    Args:
        told: Each figure's.
        fewest: How many values each side of a step needs.
        level: How often at most a history in which nothing changed shows one.
    """
    blocks = [block for one in told for block in _figure(one)]
    shapes = Counter(one.course.shape for one in told)
    lines = [f"  {shapes[shape]} {text.format(fewest=fewest)}" for shape, text in SHAPES.items() if shapes[shape]]
    total = [f"of {len(told)} histories of a figure:", *lines, f"  {CHANCE.format(level=level)}"]
    return "\n\n".join([*blocks, "\n".join(total)]) + "\n"


def _figure(one: Told) -> Iterator[str]:
    of = f"{one.series.check} {one.series.name} ({one.series.unit}) {one.series.conditions}"
    where = f"{one.series.environment}, machine {one.series.machine[:12]}"
    for step, beside in zip(one.course.steps, one.beside, strict=True):
        yield "\n".join([f"{words.visible(of)}, {where}", *_step(one.series, step), *_beside(beside)])


def _step(series: Series, step: Step) -> Iterator[str]:
    change = f"{words.number(step.before)} to {words.number(step.after)}"
    if step.ratio:
        better = (step.ratio > 1) == (series.direction == "higher")
        change += f", {step.ratio:.4g} times as much: {'better' if better else 'worse'}"
    yield f"  from number {step.first} on: {change}"
    yield f"  shift {words.number(step.shift)}, 95% interval {words.number(step.low)} to {words.number(step.high)}"
    yield f"  {step.points[0]} values before and {step.points[1]} after; by chance at most {step.probability:.2g}"
    if step.within:
        yield "  within the range of a single report's samples"


def _beside(beside: Beside) -> Iterator[str]:
    found = [*changes("fact", beside.facts), *changes("package", beside.packages)]
    yield from found or ["  nothing that the reports know changed with it"]
