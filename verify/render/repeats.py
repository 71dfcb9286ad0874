"""What repetitions have shown: who is flaky and why, and how near to its limits each check came."""

import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from verify.language.speech import each, say
from verify.render import words
from verify.render.kept import word
from verify.render.text import aligned, painted
from verify.report.repeats import Repeats, Spread

MOST_REASONS = 5


def render(repeats: Sequence[Repeats], *, colour: bool = False) -> str:
    """The repetitions as plain text for a terminal.

    Args:
        repeats: Of each check and device.
        colour: Whether to mark outcomes with ANSI colours.
    """
    if not repeats:
        return say("nothing was asked") + "\n"
    rows = [(item.id, _outcomes(item), say("flaky") if item.flaky else "") for item in repeats]
    flaky = sum(item.flaky for item in repeats)
    blocks = [
        aligned([each("check", "outcomes", ""), *rows]),
        *(_trouble(item, colour) for item in repeats if not item.holds),
        *(table for item in repeats for table in _table(item)),
        say("{} checks: {} held every time, {} flaky", len(repeats), sum(item.holds for item in repeats), flaky),
    ]
    return "\n\n".join(blocks) + "\n"


def plain(item: Repeats) -> dict[str, Any]:
    """The repetitions of one check as plain data, for JSON."""
    return {
        "id": item.id,
        "asked": len(item.results),
        "outcomes": dict(item.outcomes),
        "flaky": item.flaky,
        "reasons": [
            {"outcome": outcome, "reason": reason, "times": times}
            for (outcome, reason), times in item.reasons.most_common()
        ],
        "seconds": _middle([result.seconds for result in item.results]),
        "measurements": [_plain_spread(spread) for spread in item.spreads()],
    }


def _plain_spread(spread: Spread) -> dict[str, Any]:
    figure = spread.figure
    return {
        "name": figure.name,
        "unit": figure.unit,
        "conditions": figure.conditions,
        **_middle(spread.values),
        "values": spread.values,
        "limits": figure.limits.model_dump(exclude_none=True),
        "worst_margin": spread.margin,
    }


def _middle(values: Sequence[float]) -> Mapping[str, float]:
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def _outcomes(item: Repeats) -> str:
    return ", ".join(f"{word(outcome)} {times}" for outcome, times in item.outcomes.most_common())


def _trouble(item: Repeats, colour: bool) -> str:
    """Why a check did not hold every time; how often each, the most frequent first."""
    outcome = "flaky" if item.flaky else item.results[0].outcome
    reasons = item.reasons.most_common()
    lines = [f"{painted(word(outcome), outcome, colour)}: {item.id}"]
    lines += [
        "  " + say("{} x {}: {}", times, word(outcome), words.told(reason))
        for (outcome, reason), times in reasons[:MOST_REASONS]
    ]
    left = len(reasons) - MOST_REASONS
    return "\n".join([*lines, *(["  " + say("and {} more reasons", left)] if left > 0 else [])])


def _table(item: Repeats) -> Iterator[str]:
    rows = [_row(spread) for spread in _telling(item)]
    if rows:
        head = each("figure", "conditions", "min", "median", "max", "unit", "limit", "worst margin")
        yield f"{item.id}\n{aligned([head, *rows])}"


def _telling(item: Repeats) -> Iterator[Spread]:
    """Of the figures of one name the one nearest to its limit; without limits the one that varies most, if any."""
    named: defaultdict[str, list[Spread]] = defaultdict(list)
    for spread in item.spreads():
        named[spread.figure.name].append(spread)
    for same in named.values():
        limited = [(spread.margin, spread) for spread in same if spread.margin is not None]
        if limited:
            yield min(limited, key=lambda pair: pair[0])[1]
        elif any(map(_width, same)):
            yield max(same, key=_width)


def _width(spread: Spread) -> float:
    """Between the lowest and the highest value, as a share of the larger; 0 where they are equal."""
    low, high = min(spread.values), max(spread.values)
    return (high - low) / max(abs(low), abs(high)) if high > low else 0.0


def _row(spread: Spread) -> Sequence[str]:
    figure, near = spread.figure, spread.margin
    return (
        words.visible(figure.name),
        words.visible(words.pairs(figure.conditions)),
        *map(words.number, _middle(spread.values).values()),
        words.visible(figure.unit),
        words.limits(figure),
        words.NONE if near is None else f"{100 * near:.1f}%",
    )
