"""How many columns of a terminal a text takes: a Chinese character takes two."""

from unicodedata import category, east_asian_width

WIDE = ("W", "F")


def columns(text: str) -> int:
    """How many columns the text takes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def padded(text: str, width: int) -> str:
    """The text with spaces behind it, up to so many columns."""
    return text + " " * (width - columns(text))


def cut(text: str, width: int) -> str:
    """As much of the text as so many columns hold."""
    if columns(text) <= width:
        return text
    taken = 0
    for place, sign in enumerate(text):
        taken += _columns(sign)
        if taken > width:
            return text[:place]
    return text


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most so many columns, broken at spaces and between wide characters."""
    lines, line = list[str](), ""
    for word in _words(text):
        if line and columns(line + word.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += word if line else word.lstrip()
    return [*lines, line.rstrip()] if line.strip() else lines


# What may not begin a line: https://www.w3.org/TR/clreq/#prohibition_rules_for_line_start_end
_CLOSING = ("Po", "Pe", "Pf")


def _words(text: str) -> list[str]:
    """What is not broken: a word with the space behind it, or a wide character with the closing mark behind it."""
    words: list[str] = []
    for sign in text:
        joins = words and not (_columns(sign) > 1 or words[-1].endswith(" ") or _columns(words[-1][-1]) > 1)
        if words and (joins or category(sign) in _CLOSING or sign == " "):
            words[-1] += sign
        else:
            words.append(sign)
    return words


def _columns(sign: str) -> int:
    return 2 if east_asian_width(sign) in WIDE else 1
