"""The parser of the command line, whose help and whose complaints are in the language that is spoken."""

import argparse
import sys
from typing import NoReturn

from verify.errors import Exit
from verify.language.speech import later, reworded, say
from verify.language.width import wrapped

# What argparse itself calls things.
HEADINGS = (later("options"), later("positional arguments"))
USAGE = later("usage:")


class Help(argparse.HelpFormatter):
    """Help in the language that is spoken; options keep their English, and their names."""

    def start_section(self, heading: str | None) -> None:
        """Begin with argparse's own heading, or one of ours."""
        super().start_section(heading and say(heading))

    def add_usage(self, usage, actions, groups, prefix=None) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - argparse does not say of what kind they are
        """Say what it is that follows; for a verb's own name argparse asks for nothing before it."""
        super().add_usage(usage, actions, groups, say(USAGE) + " " if prefix is None else prefix)

    def _expand_help(self, action: argparse.Action) -> str:
        return reworded(super()._expand_help(action))

    def _split_lines(self, text: str, width: int) -> list[str]:
        return wrapped(" ".join(text.split()), width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines = wrapped(reworded(" ".join(text.split())), width - len(indent))
        return "\n".join(indent + line for line in lines)


class Parser(argparse.ArgumentParser):
    """A parser whose verbs are parsers of the same kind."""

    def __init__(self, **settings: object) -> None:
        super().__init__(**{"formatter_class": Help, **settings})  # type: ignore[arg-type] # what argparse is told is its own

    def error(self, message: str) -> NoReturn:
        """Say how it is used, and what is wrong; then end."""
        self.print_usage(sys.stderr)
        self.exit(Exit.USAGE, f"{self.prog}: {say('error: {}', reworded(message))}\n")
