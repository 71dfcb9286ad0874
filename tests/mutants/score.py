"""What became of the mutants that were drawn, and the page that says so."""

import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "mutation-score.md"
LIST: Final = Path(__file__).with_name("equivalent.toml")
# Half the width, in standard deviations, of an interval that holds the score in 95 of 100 draws.
WIDTH: Final = 1.959963984540054
# As mutmut calls what became of one, and as the page does.
FATES: Final = {
    "killed": "noticed: a test failed",
    "timeout": "noticed: the tests went on for ten times as long",
    "segfault": "noticed: the tests were ended by a signal",
    "check was interrupted by user": "noticed: the tests were interrupted, by nobody",
    "suspicious": "noticed: the tests ended in another way",
    "survived": "not noticed: every test that reaches it passed",
    "no tests": "not reached by any of these tests",
}
NOTICED: Final = ("killed", "timeout", "segfault", "check was interrupted by user", "suspicious")

ABOVE: Final = """# How many changes of our code the tests notice

`./noxw -s mutants -- --minutes 20` changes the code that judges and the code that reads and writes reports, one place
at a time: a comparison turned round, a number one larger, an argument left out, a text in other letters. It draws such
mutants at random, runs those tests in `tests/judge` and `tests/report` that reach the changed function, and writes this
page. A mutant that no test notices is a claim that cannot fail, or a change that changes nothing.

[mutmut](https://mutmut.readthedocs.io) {version} makes the mutants. It changes functions and methods, not what stands
outside of them (tables, patterns, models), and none that is decorated otherwise than by `staticmethod` or
`classmethod`: validators of models, properties and whatever is cached are not in this score. Tests elsewhere, as those
of the command line and of the pages, reach this code too, and so do some that start processes of their own or try every
byte of a file (`tool.mutmut` in `pyproject.toml` leaves them out); what only they notice counts as not noticed.

"""
COUNTED: Final = """{date}, seed {seed}: {drawn:,} of {mutants:,} mutants drawn, in {files} files.

| | |
|---|---|
{fates}
| **noticed, of those drawn** | **{score:.1%}**, between {low:.1%} and {high:.1%} (Wilson, 95 %) |
"""
UNNOTICED: Final = """
## Not noticed

{rows} that no test told from the code as it is when they were drawn. Tests are written for such afterwards, and
the next score is of a fresh draw: none is of mutants that tests were written for.

| file | function | as it is | as it was changed |
|---|---|---|---|
"""
SAME: Final = """
## The same by another way

{rows} that survived do what the code does, as `tests/mutants/equivalent.toml` says of each; they count as not noticed
above.

| file | function | as it is | as it was changed | why it is the same |
|---|---|---|---|---|
"""
ROW: Final = re.compile(r"^\| `(verify/[\w/]+\.py)` \| `([\w.]+)` \| (.+?) \| (.+?) \|", re.MULTILINE)
MANGLED: Final = re.compile(r"x(?:_|ǁ(?P<owner>\w+)ǁ)(?P<name>\w+?)__mutmut_\d+$")


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One place of the code, and what a mutant made of it.

    Attributes:
        file: The file, from the root of the project.
        function: The function, with its class before it.
        before: The lines that are changed, as they are.
        after: The lines that stand there instead.
    """

    file: str
    function: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Draw:
    """What was drawn, and what became of it.

    Attributes:
        seed: What the draw began with.
        date: The day, as YYYY-MM-DD.
        version: The version of mutmut.
        mutants: How many there are to draw from.
        files: In how many files these are.
        fates: What became of each that was drawn, in mutmut's words.
        survivors: The changes of those that survived.
    """

    seed: int
    date: str
    version: str
    mutants: int
    files: int
    fates: Mapping[str, str]
    survivors: tuple[Change, ...]


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Bound a share: the interval of E. B. Wilson (1927), which stays within 0 and 1 and stands few draws."""
    if not of:
        return 0.0, 1.0
    share, spread = hits / of, WIDTH * WIDTH / of
    centre = (share + spread / 2) / (1 + spread)
    half = math.sqrt(spread * (share * (1 - share) + spread / 4)) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)


def change_of(mutant: str, shown: str) -> Change:
    """Read what `mutmut show` prints of one mutant: its diff."""
    lines = shown.splitlines()
    file = next(line for line in lines if line.startswith("--- ")).removeprefix("--- ").strip()
    at = next(number for number, line in enumerate(lines) if line.startswith("@@"))
    named = MANGLED.match(mutant.rpartition(".")[2])
    if named is None:
        raise ValueError(f"{mutant} is no name that mutmut gives")
    before = tuple(line[1:].strip() for line in lines[at:] if line.startswith("-"))
    after = tuple(line[1:].strip() for line in lines[at:] if line.startswith("+"))
    return Change(file, ".".join(filter(None, (named["owner"], named["name"]))), before, after)


def equivalents() -> dict[Change, str]:
    """Changes that change nothing, and why."""
    listed = tomllib.loads(LIST.read_text(encoding="utf-8")).get("equivalent", [])
    return {
        Change(each["file"], each["function"], tuple(each["before"]), tuple(each["after"])): each["why"]
        for each in listed
    }


def page(draw: Draw, known: Mapping[Change, str]) -> str:
    """Write the page in Markdown."""
    above = ABOVE.format(version=draw.version)
    gaps = [change for change in sorted(draw.survivors) if change not in known]
    same = [change for change in sorted(draw.survivors) if change in known]
    text = above + counted(draw)
    if gaps:
        text += UNNOTICED.format(rows=len(gaps)) + "".join(f"{row(change)} |\n" for change in gaps)
    if same:
        text += SAME.format(rows=len(same)) + "".join(f"{row(change)} | {known[change]} |\n" for change in same)
    return text


def counted(draw: Draw) -> str:
    """Count what became of the mutants; the rows add up to what was drawn.

    Raises:
        ValueError: Where mutmut did not run one of them to its end.
    """
    unknown = {mutant: fate for mutant, fate in draw.fates.items() if fate not in FATES}
    if unknown:
        raise ValueError(f"not run to its end: {unknown}")
    fates, drawn = list(draw.fates.values()), len(draw.fates)
    noticed = sum(fates.count(fate) for fate in NOTICED)
    low, high = wilson(noticed, drawn)
    told = "\n".join(f"| {words} | {fates.count(fate):,} |" for fate, words in FATES.items())
    values = {"date": draw.date, "seed": draw.seed, "mutants": draw.mutants, "files": draw.files}
    share = noticed / drawn if drawn else 0.0
    return COUNTED.format(**values, drawn=drawn, fates=told, score=share, low=low, high=high)


def row(change: Change) -> str:
    """The cells of one change, without the last bar."""
    return f"| `{change.file}` | `{change.function}` | {quoted(change.before)} | {quoted(change.after)}"


def quoted(lines: Sequence[str]) -> str:
    """Lines of code in one cell; within backticks a bar alone has to be escaped."""
    return "<br>".join("`` " + line.replace("|", "\\|") + " ``" for line in lines) or "nothing"


def lines_of(cell: str) -> list[str]:
    """The lines of code in a cell."""
    return [line.replace("\\|", "|") for line in re.findall(r"`` (.*?) ``", cell)]
