"""Tables for spreadsheets, in which no cell is taken for a formula."""

import csv
import io
import itertools
from collections.abc import Iterable, Iterator, Sequence

# What makes a spreadsheet calculate: https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_lines(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The lines of a CSV file as RFC 4180 has them, head first."""
    for row in itertools.chain([columns], rows):
        line = io.StringIO(newline="")
        csv.writer(line).writerow([_cell(value) for value in row])
        yield line.getvalue()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
