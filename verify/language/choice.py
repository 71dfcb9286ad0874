"""Which language to speak: what was asked for, else what the surroundings say."""

from collections.abc import Mapping, Sequence

from verify.errors import UsageError
from verify.language.speech import LANGUAGES, Language

OPTION = "--lang"
# The first that says something counts: ours, then POSIX's own order.
# https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html#tag_08_02
VARIABLES = ("VERIFY_LANG", "LC_ALL", "LC_MESSAGES", "LANG")


def chosen(words: Sequence[str], environ: Mapping[str, str]) -> tuple[Language, list[str]]:
    """The language, and the words of the command line without the option that asked for it.

    The option may stand before the verb or behind it; behind ``--`` it belongs to somebody else.

    Raises:
        UsageError: The option asks for no language that is spoken here, or for none.
    """
    end = words.index("--") if "--" in words else len(words)
    own, rest = list(words[:end]), list[str]()
    asked: Language | None = None
    while own:
        name, equals, value = own.pop(0).partition("=")
        if name == OPTION:
            asked = _language(value if equals or not own else own.pop(0))
        else:
            rest.append(name + equals + value)
    return asked or _of(environ), [*rest, *words[end:]]


def _language(word: str) -> Language:
    for language in LANGUAGES:
        if word == language:
            return language
    raise UsageError(f"{OPTION} {word}: no such language is spoken here", f"choose one of {', '.join(LANGUAGES)}")


def _of(environ: Mapping[str, str]) -> Language:
    said = next((environ[name] for name in VARIABLES if environ.get(name)), "")
    return "zh" if said.lower().startswith("zh") else "en"
