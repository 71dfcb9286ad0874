"""Run all that holds the faults of faults.toml, and write down what was seen: docs/faults.md."""

import os
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.hostile.observer import Observer

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("faults.toml")
PAGE = ROOT / "docs/faults.md"
MOST_WORDS = 150
# Where something lay is another place each time.
PLACE = re.compile(r"(?<![\w.<])/[^\s'\",;:)]+")

ABOVE = """# Faults that are held

What may come in, lie in the history or go wrong with it, what is expected of us then, what was seen, and the tests that
hold it. `./noxw -s faults` runs the tests and writes this page: under *seen* stands how many cases held, and what our
code said of one of them, an error with its exit code, a finding of the audit, or what became of a check. The rows come
from `tests/hostile/faults.toml`.

Beside the tests that are named, `tests/hostile` tries every kind of hostile file through every option of the command
line that names one, and every kind of tampering through every verb that reads the history; `tests/bad` keeps how each
must end, word for word. A verb or an option that none was tried on fails `tests/hostile/test_every_verb.py`.

Whatever it is, the command ends with one of its exit codes and with two lines at most on stderr: what and where, and
what to do. Nothing of a file reaches a terminal that the terminal would obey, no pipe is waited for, nothing is read
past its limit, and what is kept stays as it was.

{faults} faults, held in {cases} cases; one that holds two faults is counted at both.

| # | fault | expected | seen | held by |
|---|---|---|---|---|
"""
# A row: number, title, what is expected, what was seen, what holds it.
ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \| ((?:[^|\\]|\\.)+) \| ([^|]+) \|$", re.MULTILINE)
CASES = re.compile(r"\| ([1-9][0-9,]*) cases? holds?")


@dataclass(frozen=True, slots=True)
class Fault:
    """One row.

    Attributes:
        number: Its place.
        title: What goes wrong.
        expected: What is expected of us then.
        held: The tests that hold it, as pytest names them.
        sees: A pattern that one of the things seen must match; empty where the tests say all.
    """

    number: int
    title: str
    expected: str
    held: tuple[str, ...]
    sees: str = ""


def faults() -> list[Fault]:
    """Every fault, in the order of its number."""
    listed = tomllib.loads(LIST.read_text(encoding="utf-8"))["fault"]
    return [Fault(**{**each, "held": tuple(each["held"])}) for each in listed]


def main(only: Sequence[str]) -> int:
    """Run what holds the faults, all or those of some numbers, and write their rows; 1 when one is not held."""
    chosen = [fault for fault in faults() if not only or str(fault.number) in only]
    os.environ["EVERY_ERROR"] = "1"
    observer = Observer()
    observer.listen()
    tests = sorted({test for fault in chosen for test in fault.held})
    pytest.main(["-q", "--no-header", "-p", "no:cacheprovider", *tests], plugins=[observer])
    loose = [f"{fault.number}: {problem}" for fault in chosen for problem in problems(fault, observer)]
    for line in loose:
        print(f"not held: {line}", file=sys.stderr)
    held = {fault.number: row(fault, observer) for fault in chosen if not any(problems(fault, observer))}
    PAGE.write_text(page({**rows_of(PAGE.read_text(encoding="utf-8")), **held}), encoding="utf-8")
    return 1 if loose else 0


def problems(fault: Fault, observer: Observer) -> Iterator[str]:
    """Why a fault is not held."""
    for test in fault.held:
        ended = observer.outcomes.get(test, {})
        if not ended.get("passed"):
            yield f"{test}: {observer.reasons.get(test, 'no such test')}"
        elif ended.get("failed"):
            yield f"{test}: {observer.reasons[test]}"
    if fault.sees and not any(re.search(fault.sees, words) for words in said(fault, observer)):
        yield f"nothing that was said matches {fault.sees!r}"


def said(fault: Fault, observer: Observer) -> list[str]:
    """What was said during the tests of a fault."""
    return [words for test in fault.held for words in observer.seen.get(test, [])]


def rows_of(text: str) -> dict[int, str]:
    """The rows of a page as it was written, by number."""
    return {int(found[1]): found[0] for found in ROW.finditer(text)}


def page(rows: Mapping[int, str]) -> str:
    """The page, in Markdown."""
    listed = [rows[number] for number in sorted(rows)]
    cases = sum(int(found[1].replace(",", "")) for line in listed if (found := CASES.search(line)))
    return ABOVE.format(cases=f"{cases:,}", faults=len(listed)) + "\n".join(listed) + "\n"


def row(fault: Fault, observer: Observer) -> str:
    """One fault, and what was seen of it."""
    held = ", ".join(f"`{test.partition('[')[0]}`" for test in dict.fromkeys(fault.held))
    return f"| {fault.number} | {fault.title} | {fault.expected} | {seen(fault, observer)} | {unique(held)} |"


def unique(names: str) -> str:
    """Each test once: of some, several cases hold a fault."""
    return ", ".join(dict.fromkeys(names.split(", ")))


def seen(fault: Fault, observer: Observer) -> str:
    """How many cases held, how many could not be tried here and why, and something that was said."""
    count: Mapping[str, int] = {
        ended: sum(observer.outcomes[test][ended] for test in fault.held) for ended in ("passed", "skipped")
    }
    told = f"{count['passed']:,} {'case holds' if count['passed'] == 1 else 'cases hold'}"
    if count["skipped"]:
        why = next(observer.reasons[test] for test in fault.held if test in observer.reasons)
        told += f", {count['skipped']:,} not to be tried here ({quoted(why)})"
    words = next((each for each in said(fault, observer) if re.search(fault.sees, each)), "")
    return f"{told}: {quoted(words)}" if words else told


def quoted(words: str) -> str:
    """What was said in one cell: without places, and cut where it is long."""
    plain = "".join(letter if letter.isprintable() else "·" for letter in " ".join(words.split()))
    plain = PLACE.sub("…", plain).replace("`", "'")
    short = plain if len(plain) <= MOST_WORDS else f"{plain[:MOST_WORDS].rstrip()} …"
    return f"`{short}`".replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
