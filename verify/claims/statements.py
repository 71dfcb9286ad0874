"""A line or a cell as statements: what is said in words, of what, and how it is marked."""

from collections.abc import Iterator

from verify.claims.capabilities import capabilities_in, subjects_in
from verify.claims.claim import Says, Statement
from verify.claims.figures import Context, settled
from verify.claims.phrases import CLAUSES, advice_in, mark_in, said, says_every

_OF_TRAINING: tuple[Says, ...] = ("converged", "falling", "stable", "no_oscillation", "learned", "generalises")
# A clause that says none of these leaves it to its mark whether the capability is there.
_OF_CAPABILITIES: tuple[Says, ...] = (
    "available", "supported", "works", "passed", "integrated", "tested", "ready", "complete", "completed", "compatible",
    "fallback", "planned", "recommended",
)  # fmt: skip
_HELD = ("run", "device", "model", "technique")


def statements(text: str, context: Context, *, item: bool = False, mark: bool | None = None) -> Iterator[Statement]:
    """What a text says.

    Args:
        text: A line, a cell, or a heading.
        context: Where it stands.
        item: It is an item of a list, which advice makes advice as a whole.
        mark: That of the heading or row it stands in, where it has none itself.
    """
    own = mark_in(text)
    marked = mark if own is None else own
    # What is ticked is no advice, whatever its heading says.
    advised = advice_in(context.leading) if item and own is None else None
    if advised:
        yield from _told(advised, text, text, context, marked, denied=False)
    told = advised is not None
    for clause in filter(str.strip, CLAUSES.split(text)):
        for says, denied in said(clause):
            if advised and not denied:
                # What is advised is not there yet; what is denied beside it is said all the same.
                continue
            told = told or says in _OF_CAPABILITIES
            yield from _told(says, clause, text, context, marked, denied=denied)
    if not told and marked is not None and (own is not None or item) and capabilities_in(text):
        # A tick beside a capability says that it is there.
        yield from _told("available", text, text, context, marked, denied=not marked)


def ticked(text: str, context: Context) -> Iterator[Statement]:
    """What a mark alone says of the row it stands in: that it passed or did not."""
    mark = mark_in(text)
    if mark is not None:
        yield from _told("passed", text, text, context, mark, denied=not mark)


def _told(
    says: Says, clause: str, text: str, context: Context, mark: bool | None, *, denied: bool
) -> Iterator[Statement]:
    settings = {name: value for name, value in settled(context).items() if name in _HELD}
    for about in _about(says, clause, text, context) or ("",):
        yield Statement(
            place=context.place,
            section=context.spot.section,
            says=says,
            about=about,
            mark=mark,
            text=text,
            denied=denied,
            every=says_every(clause),
            settings=settings,
        )


def _about(says: Says, clause: str, text: str, context: Context) -> tuple[str, ...]:
    """What a clause is about: what it names itself, else its line, else what leads to it, innermost first.

    What is said of training is said of it wherever the line speaks of something else beside it. The title of the
    whole report names nothing.
    """
    headings = context.spot.section[1:][::-1]
    leading = (*context.words, *reversed(context.spot.labels))
    around = (clause, *leading) if says in _OF_TRAINING else (clause, text, *leading, *headings)
    found = next((subjects for words in around if (subjects := subjects_in(words))), ())
    return found or (("training",) if says in _OF_TRAINING else ())
