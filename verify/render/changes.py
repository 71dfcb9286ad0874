"""The steps in a history's figures, for a terminal, with what changed beside each."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from verify.language.speech import later, say
from verify.render import words
from verify.render.difference import changes
from verify.render.kept import word
from verify.report.course import Course, Shape, Step
from verify.report.difference import Change
from verify.report.series import Series

SHAPES: dict[Shape, str] = {
    "steps": later("have a step"),
    "drift": later("drift: they changed, but a line fits as well as a step"),
    "steady": later("are steady"),
    "too few": later("have too few values: a step takes {} on each side"),
}
CHANCE = later(
    "by chance at most {} of histories in which nothing changed show a step, if "
    "their values are independent of each other"
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
    lines = [
        f"  {shapes[shape]} {say(text, fewest) if '{' in text else say(text)}"
        for shape, text in SHAPES.items()
        if shapes[shape]
    ]
    total = [say("of {} histories of a figure:", len(told)), *lines, "  " + say(CHANCE, f"{level:.0%}")]
    return "\n\n".join([*blocks, "\n".join(total)]) + "\n"


def _figure(one: Told) -> Iterator[str]:
    of = f"{one.series.check} {one.series.name} ({one.series.unit}) {one.series.conditions}"
    where = say("{}, machine {}", one.series.environment, one.series.machine[:12])
    for step, beside in zip(one.course.steps, one.beside, strict=True):
        yield "\n".join([f"{words.visible(of)}, {where}", *_step(one.series, step), *_beside(beside)])


def _step(series: Series, step: Step) -> Iterator[str]:
    change = say("{} to {}", words.number(step.before), words.number(step.after))
    if step.ratio:
        better = (step.ratio > 1) == (series.direction == "higher")
        change += say(", {} times as much: {}", f"{step.ratio:.4g}", say("better" if better else "worse"))
    yield "  " + say("from number {} on: {}", step.first, change)
    yield "  " + say(
        "shift {}, 95% interval {} to {}", words.number(step.shift), words.number(step.low), words.number(step.high)
    )
    yield "  " + say(
        "{} values before and {} after; by chance at most {}", step.points[0], step.points[1], f"{step.probability:.2g}"
    )
    if step.within:
        yield "  " + say("within the range of a single report's samples")


def _beside(beside: Beside) -> Iterator[str]:
    found = [*changes(say("fact"), beside.facts, word), *changes(say("package"), beside.packages)]
    yield from found or ["  " + say("nothing that the reports know changed with it")]
