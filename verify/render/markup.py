"""The pieces of a page in Markdown, in which nothing that a report holds can become markup.

Cells are escaped, logs are fenced, control characters are spelled out.
"""

import re
from collections.abc import Sequence

from verify.language.speech import each, reworded
from verify.language.width import columns, padded
from verify.render import words
from verify.render.words import NONE

# An underscore inside of a word is no emphasis, and names are full of them.
_SPECIAL = re.compile(r"[\\`*\[\]|~$#!{}]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")

Row = Sequence[str]


def escaped(text: str) -> str:
    """The text as a table's cell or part of a line, inert."""
    line = words.visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(lambda found: "\\" + found[0], line)


def told(text: str | None) -> str:
    """A finished text, such as a reason or an advice, in the language that is spoken, inert; a dash where none is."""
    return NONE if text is None else escaped(reworded(text))


def table(rows: Sequence[Row]) -> str:
    """A table whose first row is its head; columns are aligned, and those without content left out."""
    kept = words.filled(rows)
    widths = [max(columns(row[index]) for row in kept) for index in range(len(kept[0]))]
    lines = [" | ".join(padded(cell, width) for cell, width in zip(row, widths, strict=True)) for row in kept]
    rule = " | ".join("-" * max(width, 3) for width in widths)
    return "\n".join(f"| {line} |" for line in (lines[0], rule, *lines[1:]))


def listing(rows: dict[str, str]) -> str:
    """What is known, by its name; what is not known is left out."""
    told = [(name, escaped(value)) for name, value in rows.items() if value != NONE]
    return table([each("what", "is"), *told])


def code(text: str) -> str:
    """Text for a code span, which knows no escapes."""
    return words.visible(text).replace("`", "'").replace("|", "¦")


def fenced(text: str) -> str:
    """A log, between fences that are longer than any in it."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"
