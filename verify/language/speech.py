"""Saying things in the language that was chosen; in English nothing is loaded and nothing changes.

There are two kinds of text. What render and cli write themselves is said at its place, by `say`. What arrives as
finished English, such as the reason in a stored report or an error's message, is put into other words by `reworded`,
which finds the template that it was made from. What a machine reads stays English: see `speaking`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, get_args

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
# As HTML names them: https://www.w3.org/International/questions/qa-choosing-language-tags
TAGS: dict[Language, str] = {"en": "en", "zh": "zh-Hans"}

_SPOKEN: ContextVar[Language] = ContextVar("language", default="en")


def spoken() -> Language:
    """The language that is spoken now; threads that are started begin in English, unless they copy the context."""
    return _SPOKEN.get()


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Speak a language inside the block, or, as a decorator, inside the function.

    A format for machines is written under ``speaking("en")``; a server renders a page under its reader's.
    """
    before = _SPOKEN.set(language)
    try:
        yield
    finally:
        _SPOKEN.reset(before)


def say(template: str, *values: object) -> str:
    """A text of our own, in the language that is spoken.

    Args:
        template: In English; the catalogue knows it. What has to be filled in stands as ``{}``, in this order.
        values: What is filled in. It is never translated.
    """
    if _SPOKEN.get() != "en":
        from verify.language.catalogue import labels

        template = labels(_SPOKEN.get()).get(template, template)
    return template.format(*values) if values else template


def each(*templates: str) -> tuple[str, ...]:
    """Several texts, such as the head of a table."""
    return tuple(map(say, templates))


def later(template: str) -> str:
    """The text as it is, marked for the catalogue: of a constant, which is said where it is used."""
    return template


def reworded(text: str) -> str:
    """A finished English text in the language that is spoken; one that no template made stays as it is."""
    if _SPOKEN.get() == "en":
        return text
    from verify.language.catalogue import reader
    from verify.language.reader import reworded_by

    return reworded_by(reader(_SPOKEN.get()), text)
