"""Two reports side by side, for a terminal: what changed, the gravest first, and what that did to the figures."""

import math
from collections.abc import Callable, Iterator, Sequence

from verify.language.speech import each, later, say
from verify.render import words
from verify.render.kept import word
from verify.render.text import aligned
from verify.report import v3
from verify.report.difference import Change, Difference, FigureChange, Spread

NEVER_RAN = later("{} checks are skipped in one report and not there in the other: --all shows them")
# What figures do between two runs in which nothing changed.
ONLY_BEFORE = later("{} figures are only in the report before: --all shows them")
ONLY_AFTER = later("{} figures are only in the report after: --all shows them")
OVERLAPPING = later("{} figures differ by less than their spread, or have none: --all shows them")


def render(before: v3.Report, after: v3.Report, difference: Difference, *, every: bool = False) -> str:
    """The difference as plain text.

    Args:
        before: The one report.
        after: The other.
        difference: What differs.
        every: Whether to show the figures too whose ranges overlap.
    """
    heads = ((say("before"), before), (say("after"), after))
    told = [(name, _called(report), report.created, report.machine[:12]) for name, report in heads]
    blocks = [aligned([each("", "report", "created", "machine"), *told]), *_blocks(difference, every)]
    return "\n\n".join(blocks) + "\n"


def changes(title: str, changed: Sequence[Change], name: Callable[[str], str] = str) -> Iterator[str]:
    """A table of what changed, if anything did.

    Args:
        title: Of the column that names it.
        changed: What it was, and is.
        name: What people call it; a package, for one, by its own name alone.
    """
    if changed:
        rows = [(words.visible(name(change.what)), _text(change.before), _text(change.after)) for change in changed]
        yield aligned([(title, say("before"), say("after")), *rows])


def _blocks(difference: Difference, every: bool) -> Iterator[str]:
    if not any((difference.facts, difference.packages, difference.outcomes, difference.figures)):
        yield say("nothing differs but the conditions of the run")
    yield from _outcomes(difference.outcomes, every)
    yield from changes(say("fact"), difference.facts, word)
    yield from changes(say("package"), difference.packages)
    yield from changes(say("condition"), difference.conditions, word)
    shown = [figure for figure in difference.figures if every or figure.apart]
    if shown:
        head = each("figure", "of", "before", "after", "ratio", "unit", "conditions")
        yield aligned([head, *map(_figure, sorted(shown, key=_weight))])
    left = [figure for figure in difference.figures if not every and not figure.apart]
    for count, text in (
        (sum(figure.before is None for figure in left), ONLY_AFTER),
        (sum(figure.after is None for figure in left), ONLY_BEFORE),
        (sum(None not in (figure.before, figure.after) for figure in left), OVERLAPPING),
    ):
        if count:
            yield f"  {say(text, count)}"


def _outcomes(changed: Sequence[Change], every: bool) -> Iterator[str]:
    """First what was dropped, then what changed, then what is new; what never ran only when all is asked for."""
    shown = [change for change in changed if every or not _never_ran(change)]
    yield from changes(
        say("outcome"), sorted(shown, key=lambda change: (change.after is not None, change.before is None))
    )
    left = len(changed) - len(shown)
    if left:
        yield f"  {say(NEVER_RAN, left)}"


def _never_ran(change: Change) -> bool:
    return {change.before, change.after} <= {None, "skipped"}


def _weight(figure: FigureChange) -> float:
    return -abs(math.log(figure.ratio)) if figure.ratio else -math.inf


def _figure(figure: FigureChange) -> Sequence[str]:
    return (
        words.visible(figure.name),
        figure.check,
        _spread(figure.before),
        _spread(figure.after),
        _ratio(figure),
        words.visible(figure.unit),
        words.visible(words.pairs(figure.conditions)),
    )


def _spread(spread: Spread | None) -> str:
    if spread is None:
        return words.NONE
    doubt = "? " if spread.inconclusive else ""
    if spread.low is None or spread.high is None:
        return doubt + words.number(spread.value)
    return say(
        "{}{} ({} to {})", doubt, words.number(spread.value), words.number(spread.low), words.number(spread.high)
    )


def _ratio(figure: FigureChange) -> str:
    if figure.ratio is None:
        return words.NONE
    better = {"higher": figure.ratio > 1, "lower": figure.ratio < 1}.get(figure.direction)
    return f"{figure.ratio:.4g}" + {True: " " + say("better"), False: " " + say("worse"), None: ""}[better]


def _text(value: str | None) -> str:
    return words.NONE if value is None else words.told(word(value))


def _called(report: v3.Report) -> str:
    return say("{}, number {} of {}", report.id, report.sequence, report.environment.name)
