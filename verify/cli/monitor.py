"""``verify monitor``: how busy, full, warm and fast processor, memory and devices are."""

import argparse
import json
import math
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from verify.cli.surroundings import TIME
from verify.errors import Exit
from verify.language.speech import say
from verify.monitor.reading import Reading, Unread, together
from verify.monitor.sources import sources
from verify.render import words
from verify.render.sensors import name_of, subject_of
from verify.render.text import aligned

INTERVAL_SECONDS = 2.0
SHORTEST_SECONDS = 0.2
# A share of time needs some time.
ONCE_SECONDS = 0.5
COLUMNS = ("utilisation", "temperature", "power", "clock", "memory clock")
CLEAR = "\r\x1b[J"


def declare(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "--interval", type=_interval, default=INTERVAL_SECONDS, metavar="S", help=f"default: {INTERVAL_SECONDS:g}"
    )
    parser.add_argument("--once", action="store_true", help="look once, and end")
    parser.add_argument("--json", action="store_true", help="for machines: one object a line, bytes in B")


def _interval(text: str) -> float:
    seconds = float(text)
    if not (math.isfinite(seconds) and seconds >= SHORTEST_SECONDS):
        raise argparse.ArgumentTypeError(f"{text} is no interval: at least {SHORTEST_SECONDS:g} seconds")
    return seconds


def run(arguments: argparse.Namespace) -> int:
    """Look until interrupted."""
    looked_at = sources(in_a_run=False)
    live = sys.stdout.isatty() and not arguments.json and not arguments.once
    known: set[Unread] = set()
    height = 0
    try:
        time.sleep(ONCE_SECONDS)
        while True:
            reading = together(looked_at)
            new = [unread for unread in reading.unread if unread not in known]
            known.update(new)
            text = as_line(reading) if arguments.json else shown(reading, new)
            print(_up(height) + text, flush=True)
            if arguments.once:
                return Exit.HOLDS
            # What cannot be read stays above: it is told once.
            height = text.count("\n") + 1 - len(new) if live else 0
            time.sleep(arguments.interval)
    except KeyboardInterrupt:
        return Exit.HOLDS


def _up(lines: int) -> str:
    return f"\x1b[{lines}A{CLEAR}" if lines else ""


def as_line(reading: Reading) -> str:
    """A look as JSON."""
    at = datetime.now(UTC).strftime(TIME)
    return json.dumps(
        {"at": at, "values": [asdict(one) for one in reading.values], "unread": [asdict(one) for one in reading.unread]}
    )


def shown(reading: Reading, new: Sequence[Unread]) -> str:
    """A look as a table, a subject a line; above it what cannot be read, as far as that was not told."""
    lines = [say("{} cannot be read: {}", words.told(one.what), words.told(one.reason)) for one in new]
    subjects: dict[str, dict[str, tuple[float, str]]] = {}
    for value in reading.values:
        subjects.setdefault(value.subject, {})[value.name] = (value.value, value.unit)
    rows = [[subject_of(subject), *_cells(told)] for subject, told in subjects.items()]
    first, *others = map(name_of, COLUMNS)
    table = words.filled([["", first, subject_of("memory"), *others], *rows])
    return "\n".join([*lines, aligned(table)])


def _cells(told: Mapping[str, tuple[float, str]]) -> list[str]:
    plain = [
        f"{words.number(round(told[name][0], 1))} {told[name][1]}" if name in told else words.NONE for name in COLUMNS
    ]
    return [plain[0], _memory(told), *plain[1:]]


def _memory(told: Mapping[str, tuple[float, str]]) -> str:
    if "used" not in told:
        return words.NONE
    used = told["used"][0]
    if "total" not in told:
        return words.size(round(used))
    total = told["total"][0]
    return say("{} of {} ({})", words.size(round(used)), words.size(round(total)), f"{used / total:.0%}")
