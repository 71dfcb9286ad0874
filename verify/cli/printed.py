"""Reports in their stored form on stdout: for programs byte by byte, for people so that no terminal obeys them."""

import sys

from verify.report.canonical import stored_text
from verify.report.fields import Closed


def printed(report: Closed) -> str:
    """What to write to stdout for a report as JSON.

    A terminal gets another spelling of the same JSON, in which what it would obey, and what nobody would see, is
    escaped; JSON itself escapes only the first 32 characters. A program gets the very bytes that are kept.
    """
    text = stored_text(report)
    return spelt_out(text) if sys.stdout.isatty() else text


def spelt_out(text: str) -> str:
    """The same JSON with an escape for every character that cannot be seen."""
    return "\n".join(line if line.isprintable() else "".join(map(_spelt, line)) for line in text.split("\n"))


def _spelt(sign: str) -> str:
    if sign.isprintable():
        return sign
    data = sign.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{data[place : place + 2].hex()}" for place in range(0, len(data), 2))
