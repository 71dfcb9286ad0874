"""How numbers, times and texts of a report are worded, whatever the format."""

import math
import statistics
import unicodedata
from collections.abc import Mapping, Sequence
from itertools import starmap

from verify.language.speech import later, reworded, say
from verify.render.kept import word
from verify.report import v1, v3
from verify.report.fields import Note
from verify.report.v2 import Finding

NONE = "—"
LONGEST = 600
BARS = "▁▂▃▄▅▆▇█"
LONGEST_SHAPE = 24
MARKS = {"passed": later("✓ passed"), "skipped": later("○ skipped")}

_INVISIBLE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def visible(text: str, longest: int = LONGEST) -> str:
    """One line of the text: nothing in it moves a cursor, turns the direction, or hides."""
    line = " ".join(_shown(part) for part in text.split("\n") if part.strip())
    return line if len(line) <= longest else say("{}… ({} more characters)", line[:longest], f"{len(line) - longest:,}")


def told(text: str, longest: int = LONGEST) -> str:
    """One line of a finished text, such as a reason or an advice, in the language that is spoken."""
    return visible(reworded(text), longest)


def visible_lines(text: str, last: int) -> str:
    """The last lines of a text, each made visible."""
    lines = text.rstrip().split("\n")
    left_out = [say("… ({} lines above)", f"{len(lines) - last:,}")] if len(lines) > last else []
    return "\n".join([*left_out, *(visible(line) for line in lines[-last:])])


def _shown(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        f"⟨U+{ord(sign):04X}⟩" if unicodedata.category(sign) in _INVISIBLE else sign
        for sign in text.replace("\t", "    ")
    )


def said(finding: Finding) -> str:
    """A finding as one line: ``error: chain.cut: chain of aaaaaaaaaaaa in m2: 2 of 3 reports are here``."""
    return f"{word(finding.severity)}: {finding.rule}: {visible(finding.subject)}: {told(finding.message)}"


def outcome(result: v3.Result) -> str:
    """The outcome with a mark that can be seen from afar."""
    known = say(", known issue") if result.known_issue and result.outcome != "passed" else ""
    return say(MARKS[result.outcome]) + known if result.outcome in MARKS else f"✗ {word(result.outcome)}{known}"


def number(value: float) -> str:
    """Whole numbers in full, others with four significant digits."""
    if isinstance(value, int):
        return f"{value:,}"
    large = 1000
    return f"{value:,.0f}" if large <= abs(value) < large**4 else f"{value:.4g}"


def duration(seconds: float) -> str:
    """``0.4 s``, ``3.8 s``, ``11 min 32 s``, ``2 h 05 min``."""
    minute, hour = 60, 3600
    if round(seconds, 1) < minute:
        return say("{} s", f"{seconds:.1f}")
    whole = round(seconds)
    if whole < hour:
        return say("{} min {} s", whole // minute, whole % minute)
    return say("{} h {} min", whole // hour, f"{whole % hour // minute:02d}")


def short_time(seconds: float) -> str:
    """``1.36 ms``, ``35 µs``."""
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= factor:
            return f"{seconds / factor:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def clock(processor: v1.Processor) -> str:
    """``4.1 GHz (highest)``."""
    if processor.clock_hertz is None:
        return NONE
    return say("{} GHz ({})", f"{processor.clock_hertz / 1e9:.3g}", reworded(word(processor.clock_is or "")))


def caches(processor: v1.Processor) -> str:
    """``level 1: 2 x 49.2 kB, level 3: 33.6 MB``."""
    said = (
        (say("level {}:", cache.level) + " ") + (f"{cache.count} x " if cache.count > 1 else "") + size(cache.bytes)
        for cache in processor.caches
    )
    return ", ".join(said) or NONE


def size(count: int | None) -> str:
    """Bytes in decimal units: ``412 MB``, ``68.7 GB``."""
    if count is None:
        return NONE
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= factor:
            return f"{count / factor:.3g} {unit}" if count < 1000 * factor else f"{count / factor:,.0f} {unit}"
    return f"{count} B"


def pairs(conditions: Mapping[str, Note]) -> str:
    """``dtype float32, threads 16``."""
    return ", ".join(say("{} {}", name, _note(value)) for name, value in conditions.items()) or NONE


def value(figure: v3.Measurement) -> str:
    """The value; for a curve where it began, where it ended, and its shape between."""
    if not figure.along:
        return number(figure.value)
    first, last = figure.samples[0], figure.samples[-1]
    return f"{number(first)} {shape(figure.samples)} {number(last)}"


def shape(samples: Sequence[float]) -> str:
    """A curve as a row of at most two dozen bars, from its lowest sample to its highest."""
    step = max(1, math.ceil(len(samples) / LONGEST_SHAPE))
    points = [statistics.fmean(samples[start : start + step]) for start in range(0, len(samples), step)]
    low, high = min(points), max(points)
    span = (high - low) or 1.0
    return "".join(BARS[round((point - low) / span * (len(BARS) - 1))] for point in points)


def quartiles(figure: v3.Measurement) -> str:
    """The first and the third quartile of the samples."""
    if figure.along or len(figure.samples) < 3:  # noqa: PLR2004 - fewer have no quartiles worth the name
        return NONE
    first, _, third = statistics.quantiles(figure.samples, n=4, method="inclusive")
    return say("{} to {}", number(first), number(third))


def best(figure: v3.Measurement) -> str:
    """The best sample, where one direction is better and there are several."""
    if figure.along or figure.direction == "equal" or len(figure.samples) < 2:  # noqa: PLR2004 - one is not the best of many
        return NONE
    return number(max(figure.samples) if figure.direction == "higher" else min(figure.samples))


def share_of_peak(figure: v3.Measurement) -> str:
    """Percent of the datasheet peak, or that it is unknown, for units that have one."""
    if figure.percent_of_peak is not None:
        return f"{figure.percent_of_peak.percent:.1f}%"
    return say("peak unknown") if figure.unit.endswith(("FLOPS", "B/s")) else NONE


def limits(figure: v3.Measurement) -> str:
    """``≤ 0.05``, ``= 124,439,808``."""
    signs = (("≤", figure.limits.at_most), ("≥", figure.limits.at_least), ("=", figure.limits.equals))
    return ", ".join(f"{sign} {number(limit)}" for sign, limit in signs if limit is not None) or NONE


def origin(figure: v3.Measurement) -> str:
    """Where a figure comes from; for a derived one with the sum that a reader can redo."""
    if figure.provenance == "derived":
        return say("derived: {} with {}", figure.formula, ", ".join(starmap(_input, figure.inputs.items())))
    if figure.provenance == "measured":
        return say("measured")
    return say("{}: {}", word(figure.provenance), reworded(figure.source or ""))


def _input(name: str, value: float) -> str:
    return f"{name} = {number(value)}"


def _note(value: Note) -> str:
    if isinstance(value, bool):
        return say("yes") if value else say("no")
    return reworded(value) if isinstance(value, str) else number(value)


def filled(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """The rows without the columns in which nobody but the head has anything to say."""
    kept = [index for index in range(len(rows[0])) if any(row[index] not in ("", NONE) for row in rows[1:])]
    return [[row[index] for index in kept] for row in rows]
