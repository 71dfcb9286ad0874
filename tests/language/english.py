"""English where none should be: runs of words that are no names, commands or data."""

import re

RUN = re.compile(r"(?<![\w.`/-])[a-z]{2,}(?: [a-z]{2,})+(?![\w/-])")
CODE = re.compile(r"<(style|script|pre|code)\b.*?</\1>|`[^`\n]*`", re.DOTALL)
SAID_ASIDE = re.compile(r'(?:aria-label|title|placeholder|alt)="([^"]*)"')
LOG = re.compile(r"^(`{3,})text\n.*?^\1$", re.DOTALL | re.MULTILINE)


def runs(text: str) -> set[str]:
    """Every run of two English words or more; code and logs are left out."""
    return set(RUN.findall(CODE.sub(" ", LOG.sub("", text))))


def runs_of_page(page: str) -> set[str]:
    """The same of what a page in HTML shows, and of what a screen reader says of it."""
    bare = CODE.sub("\n", page)
    return runs("\n".join([re.sub(r"<[^>]+>", "\n", bare), *SAID_ASIDE.findall(bare)]))
