"""Cells of Markdown tables."""

import html
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, with an empty line after it."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(cell, line))} |\n" for line in lines) + "\n"


def cell(text: str) -> str:
    """A text in one cell: on one line, and without the bar that would end the cell."""
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    """A text as it is typed. A bar would end a cell even here, and not all that read Markdown know how to escape it."""
    return f"<code>{html.escape(text).replace('|', '&#124;')}</code>" if "|" in text else f"`{text}`"


def prose(text: str) -> str:
    """A docstring's text in Markdown: its code in single backticks."""
    return " ".join(text.split()).replace("``", "`")
