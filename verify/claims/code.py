"""Code in a report: what it sets, what it pins, and what its comments say."""

import re
from collections.abc import Iterator
from dataclasses import replace

from verify.claims.blocks import LONGEST_LINE, Fence, Spot, plain
from verify.claims.claim import Claim, Pinned, Snippet, Statement
from verify.claims.figures import Context, figures
from verify.claims.machine import pinned
from verify.claims.statements import statements
from verify.claims.terms import terms_in

# ``name = 3``, ``"name": 3`` and ``--name 3``.
_SET = re.compile(
    r"(?:--|(?<![\w.\"'-])|[\"'])(?P<name>[A-Za-z][\w-]{1,40})[\"']?(?:\s*[=:]\s*|\s+)"
    r"(?P<value>\d[^#,\\;)}\]]{0,40}?)(?=\s+--|[#,\\;)}\]]|\s*$)",
    re.ASCII,
)
_COMMENT = re.compile(r"(?:^|\s)#\s?(.*)$")


def code(fence: Fence, context: Context) -> Iterator[Snippet | Claim | Statement | Pinned]:
    """A fence of code: itself, the settings it assigns, the versions it pins, what its comments say."""
    yield Snippet(context.place, context.spot.section, fence.language, "\n".join(fence.lines))
    for offset, line in enumerate(fence.lines):
        spot = Spot(fence.spot.line + offset, context.spot.section, context.spot.labels)
        inside = Context(context.file, spot, (), None, context.settings)
        if len(line) <= LONGEST_LINE:
            yield from _line(line, inside)


def _line(line: str, context: Context) -> Iterator[Claim | Statement | Pinned]:
    yield from _assigned(line, context)
    yield from pinned(line, context)
    if comment := _COMMENT.search(line):
        before = plain(line[: comment.start()])
        yield from statements(plain(comment[1]), replace(context, words=(before,)))


def _assigned(line: str, context: Context) -> Iterator[Claim]:
    for found in _SET.finditer(_COMMENT.sub("", line)):
        # Only a name that says a figure as a whole: anything else is a program's own business.
        name = found["name"].replace("-", "_")
        if any((term.start, term.end) == (0, len(name)) for term in terms_in(name)):
            yield from figures(f"{name} = {found['value'].strip()}", context)
