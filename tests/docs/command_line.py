"""The page of the command line: every verb, and the verbs of a verb, from the parsers themselves.

What `--help` prints differs between versions of Python; what the parsers were told does not.
"""

import argparse
from collections.abc import Iterator, Mapping

from tests.docs.table import code, table
from verify.cli.main import VERBS, _parser
from verify.errors import Exit

ABOVE = """# The command line

`.tools/bin/verify VERB …`; `verify VERB --help` tells the same. Every verb prints one line of what happened and
one of what to do where it cannot do its work, and ends with one of these codes:

"""

# What argparse says of by itself, in the words of its version.
ITS_OWN = ("help", "version")


def page() -> str:
    """All of it, in Markdown."""
    codes = table(["code", "means"], ((str(one.value), _means(one)) for one in Exit))
    parser = _parser([*VERBS])
    verbs = (_sections(verb, f"verify {name}", "##") for name, verb in verbs_of(parser).items())
    told = f"## verify\n\n{_described(parser)}{options_table(parser)}{''.join(map(''.join, verbs))}"
    return f"{ABOVE}{codes}{told.rstrip()}\n"


def _means(one: Exit) -> str:
    return one.name.lower().replace("_", " ")


def _sections(parser: argparse.ArgumentParser, name: str, depth: str) -> Iterator[str]:
    """A verb's own section, then those of its verbs."""
    yield f"{depth} {name}\n\n{_described(parser)}{options_table(parser)}"
    for word, verb in verbs_of(parser).items():
        yield from _sections(verb, f"{name} {word}", f"{depth}#")


def _described(parser: argparse.ArgumentParser) -> str:
    return f"{parser.description}\n\n" if parser.description else ""


def options_table(parser: argparse.ArgumentParser) -> str:
    """What a parser is given, but for its verbs; nothing where that is nothing."""
    told = [action for action in _actions(parser) if not _is_verbs(action) and action.help != argparse.SUPPRESS]
    rows = [(_spelling(action), _help(parser, action)) for action in told if action.dest not in ITS_OWN]
    return table(["is given", "which is"], rows) if rows else ""


def verbs_of(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    """The verbs of a parser, by their names."""
    found = (action.choices for action in _actions(parser) if isinstance(action, argparse._SubParsersAction))  # noqa: SLF001
    return next(found, {})


def _is_verbs(action: argparse.Action) -> bool:
    return isinstance(action, argparse._SubParsersAction)  # noqa: SLF001


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return parser._actions  # noqa: SLF001 - argparse has no other way to tell what it was told


def _spelling(action: argparse.Action) -> str:
    """``--level quick|full|certify``, ``PATH…``."""
    value = "" if action.nargs == 0 else _value(action)
    many = "…" if action.nargs in ("*", "+", argparse.REMAINDER) else ""
    names = ", ".join(action.option_strings)
    return code(" ".join(part for part in (names, value + many) if part))


def _value(action: argparse.Action) -> str:
    if action.choices is not None and action.metavar is None:
        return "|".join(map(str, action.choices))
    named = action.metavar or (action.dest.upper() if action.option_strings else action.dest)
    return named if isinstance(named, str) else " ".join(named)


def _help(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    said = (action.help or "") % {**vars(action), "prog": parser.prog}
    return f"{said} (required)" if action.required and action.option_strings else said
